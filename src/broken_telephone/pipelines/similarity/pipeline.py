"""Wiring of the similarity pipeline, which reads the results of the loop."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.loop.checks import picture_check
from broken_telephone.pipelines.similarity.nodes import (
    embed_pictures_and_texts,
    measure_similarities,
    state_spaces,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline that measures similarities along the chains of a study."""
    similarity = Pipeline(
        [
            Node(
                state_spaces,
                inputs=["embedder", "loop_settings"],
                outputs="spaces",
                name="state_spaces",
            ),
            Node(
                embed_pictures_and_texts,
                inputs=[
                    "spaces",
                    "chains",
                    "params:loop",
                    "params:embedding",
                    "embedder",
                    "study_pictures",
                    "loop_descriptions",
                    "similarity_store",
                    "reused_studies",
                ],
                outputs=["embeddings", "embedding_sessions"],
                name="embed_pictures_and_texts",
            ),
            Node(
                measure_similarities,
                inputs=[
                    "params:study",
                    "spaces",
                    "chains",
                    "params:loop",
                    "study_pictures",
                    "loop_descriptions",
                    "embeddings",
                    "params:report",
                ],
                outputs=["similarities", "similarity_curves", "similarity_manifest"],
                name="measure_similarities",
            ),
        ],
        tags="similarity",
        namespace="similarity",
        prefix_datasets_with_namespace=False,
    )
    return Pipeline([picture_check(), similarity])
