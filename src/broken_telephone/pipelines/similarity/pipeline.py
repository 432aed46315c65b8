"""Wiring of the similarity pipeline, which reads the results of the loop."""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.loop.checks import picture_check
from broken_telephone.pipelines.similarity.nodes import (
    arrange_vectors,
    embed_pictures_and_texts,
    measure_diversity,
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
                arrange_vectors,
                inputs=[
                    "params:study",
                    "spaces",
                    "chains",
                    "params:loop",
                    "study_pictures",
                    "loop_descriptions",
                    "embeddings",
                ],
                outputs=["arranged_vectors", "similarity_manifest"],
                name="arrange_vectors",
            ),
            Node(
                measure_similarities,
                inputs=["arranged_vectors", "chains", "params:report"],
                outputs=["similarities", "similarity_curves"],
                name="measure_similarities",
            ),
            Node(
                measure_diversity,
                inputs=["arranged_vectors", "chains", "loop_descriptions", "params:report"],
                outputs=["diversity", "diversity_changes", "attractors"],
                name="measure_diversity",
            ),
        ],
        tags="similarity",
        namespace="similarity",
        prefix_datasets_with_namespace=False,
    )
    return Pipeline([picture_check(), similarity])
