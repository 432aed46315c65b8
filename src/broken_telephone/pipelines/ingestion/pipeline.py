"""Wiring of the ingestion pipeline."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.ingestion.nodes import choose_chains, ingest_people


def create_pipeline() -> Pipeline:
    """Return raw data set -> people -> chains."""
    return Pipeline(
        [
            Node(ingest_people, inputs="raw_dataset", outputs="people", name="ingest_people"),
            Node(
                choose_chains,
                inputs=["people", "params:chains", "params:dataset"],
                outputs="chains",
                name="choose_chains",
            ),
        ],
        tags="ingestion",
    )
