"""Wiring of the counterfactuals pipeline, which reads the results of ingestion."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.counterfactuals.nodes import (
    ask_about_originals,
    change_originals,
    choose_originals,
    write_counterfactuals,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline that changes a study's originals, checks them, and writes them as a data set."""
    return Pipeline(
        [
            Node(
                choose_originals,
                inputs=[
                    "chains",
                    "people",
                    "params:counterfactuals",
                    "params:chains",
                    "params:dataset",
                    "params:annotation",
                    "annotator",
                ],
                outputs=["changed_originals", "counterfactual_inquiry"],
                name="choose_originals",
            ),
            Node(
                change_originals,
                inputs=[
                    "changed_originals",
                    "params:counterfactuals",
                    "editor",
                    "annotator",
                    "counterfactual_inquiry",
                    "originals",
                    "counterfactual_store",
                ],
                outputs=["counterfactual_images", "counterfactual_batches", "counterfactual_sessions"],
                name="change_originals",
            ),
            Node(
                ask_about_originals,
                inputs=[
                    "changed_originals",
                    "params:counterfactuals",
                    "params:annotation",
                    "editor",
                    "annotator",
                    "counterfactual_inquiry",
                    "originals",
                    "counterfactual_images",
                    "counterfactual_batches",
                    "counterfactual_store",
                ],
                outputs=["counterfactual_answers", "counterfactual_answer_sessions"],
                name="ask_about_originals",
            ),
            Node(
                write_counterfactuals,
                inputs=[
                    "chains",
                    "people",
                    "changed_originals",
                    "params:counterfactuals",
                    "params:dataset",
                    "editor",
                    "counterfactual_inquiry",
                    "originals",
                    "counterfactual_images",
                    "counterfactual_batches",
                    "counterfactual_answers",
                ],
                outputs=["counterfactuals", "counterfactual_dataset"],
                name="write_counterfactuals",
            ),
        ],
        tags="counterfactuals",
        namespace="counterfactuals",
        prefix_datasets_with_namespace=False,
    )
