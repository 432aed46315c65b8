"""Wiring of the ingestion pipeline."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.ingestion.nodes import (
    choose_chains,
    digest_originals,
    draw_baseline,
    measure_baseline,
    read_raw,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline that reads a raw data set, samples chains and measures the data set's own shares."""
    return Pipeline(
        [
            Node(
                read_raw,
                inputs=["raw_dataset", "forgotten"],
                outputs=["people", "people_votes", "captions", "dataset_defects", "dataset_quality"],
                name="read_raw",
            ),
            Node(
                choose_chains,
                inputs=["people", "captions", "params:chains", "params:dataset"],
                outputs=["sampled_chains", "chain_cells"],
                name="choose_chains",
            ),
            Node(
                digest_originals,
                inputs=["sampled_chains", "originals", "ingestion_store", "loop_store"],
                outputs=["chains", "original_files"],
                name="digest_originals",
            ),
            Node(measure_baseline, inputs=["people", "params:dataset"], outputs="baseline", name="measure_baseline"),
            Node(draw_baseline, inputs=["baseline", "params:dataset"], outputs="baseline_figure", name="draw_baseline"),
        ],
        tags="ingestion",
        namespace="ingestion",
        prefix_datasets_with_namespace=False,
    )
