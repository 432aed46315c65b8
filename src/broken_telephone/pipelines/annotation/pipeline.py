"""Wiring of the annotation pipeline, which reads the results of the loop."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.annotation.nodes import (
    annotate_pictures,
    collect_annotations,
    compare_annotators,
    name_rating_items,
    sample_for_raters,
    state_inquiries,
)
from broken_telephone.pipelines.loop.checks import picture_check


def create_pipeline() -> Pipeline:
    """Return the pipeline that annotates the pictures of a study."""
    annotation = Pipeline(
        [
            Node(
                state_inquiries,
                inputs=[
                    "params:annotation",
                    "params:dataset",
                    "params:chains",
                    "params:loop",
                    "annotator",
                    "describer",
                    "loop_settings",
                    "further_annotators",
                    "params:report",
                ],
                outputs="inquiries",
                name="state_inquiries",
            ),
            Node(
                annotate_pictures,
                inputs=[
                    "inquiries",
                    "chains",
                    "params:loop",
                    "params:annotation",
                    "annotator",
                    "describer",
                    "study_pictures",
                    "annotation_store",
                    "further_annotators",
                    "reused_studies",
                ],
                outputs=["annotation_batches", "annotation_sessions"],
                name="annotate_pictures",
            ),
            Node(
                collect_annotations,
                inputs=[
                    "params:study",
                    "inquiries",
                    "chains",
                    "study_pictures",
                    "params:chains",
                    "params:dataset",
                    "params:loop",
                    "loop_descriptions",
                    "annotation_batches",
                    "params:annotation",
                    "annotation_store",
                    "annotation_sessions",
                    "loop_settings",
                ],
                outputs=[
                    "annotations",
                    "annotation_probabilities",
                    "predictions",
                    "mentions",
                    "last_descriptions",
                    "annotation_manifest",
                ],
                name="collect_annotations",
            ),
            Node(
                sample_for_raters,
                inputs=[
                    "annotations",
                    "chains",
                    "people",
                    "params:rating",
                    "params:loop",
                    "study_pictures",
                    "ratings",
                ],
                outputs="rating_sample",
                name="sample_for_raters",
            ),
            Node(
                name_rating_items,
                inputs=["chains", "params:loop", "study_pictures", "annotation_store"],
                outputs="rating_items",
                name="name_rating_items",
            ),
            Node(
                compare_annotators,
                inputs=[
                    "params:annotation",
                    "params:dataset",
                    "annotations",
                    "people",
                    "chains",
                    "params:loop",
                    "study_pictures",
                    "ratings",
                    "params:report",
                ],
                outputs=[
                    "agreement",
                    "agreement_confusions",
                    "agreement_sentences",
                    "agreement_figure",
                    "annotator_agreement",
                ],
                name="compare_annotators",
            ),
        ],
        tags="annotation",
        namespace="annotation",
        prefix_datasets_with_namespace=False,
    )
    return Pipeline([picture_check(), annotation])
