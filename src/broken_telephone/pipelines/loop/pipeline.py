"""Wiring of the loop pipeline.

The loop reads what earlier runs finished through `loop_store`: a node may not read and write one dataset.

Several machines may run the nodes tagged `shard` at once. Ingestion comes before them and the tables after them, once
for all shards.
"""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines import ingestion
from broken_telephone.pipelines.loop.nodes import (
    collect_results,
    draw_contact_sheet,
    follow_chains,
    look_at_pictures,
    seal_settings,
    steer_texts,
    word_texts,
)


def contact_sheet_node() -> Node:
    """Return the node that draws some chains on one sheet, also those of an import."""
    return Node(
        draw_contact_sheet,
        inputs=[
            "params:study",
            "chains",
            "loop_descriptions",
            "originals",
            "loop_images",
            "params:loop",
            "params:contact_sheet",
        ],
        outputs="loop_contact_sheet",
        name="draw_contact_sheet",
    )


def create_pipeline() -> Pipeline:
    """Return the loop with the nodes of ingestion that it needs, so that it runs on a fresh clone."""
    loop = Pipeline(
        [
            Node(
                seal_settings,
                inputs=["params:dataset", "params:chains", "params:loop", "generator", "describer"],
                outputs="wanted_settings",
                name="seal_settings",
                tags="shard",
            ),
            Node(
                steer_texts,
                inputs=["chains", "people", "params:loop", "params:dataset", "params:chains"],
                outputs="loop_steering",
                name="steer_texts",
                tags="shard",
            ),
            Node(
                word_texts,
                inputs=["chains", "loop_steering", "params:loop", "params:dataset"],
                outputs="wording",
                name="word_texts",
                tags="shard",
            ),
            Node(
                look_at_pictures,
                inputs=["chains", "originals", "original_files", "params:loop", "wording", "loop_store"],
                outputs="drawn_before",
                name="look_at_pictures",
                tags="shard",
            ),
            Node(
                follow_chains,
                inputs=[
                    "chains",
                    "params:loop",
                    "wording",
                    "wanted_settings",
                    "describer",
                    "generator",
                    "originals",
                    "drawn_before",
                    "loop_store",
                    "params:study",
                    "params:contact_sheet",
                    "reused_studies",
                ],
                outputs=["loop_settings", "loop_images", "loop_batches", "loop_sessions", "loop_live"],
                name="follow_chains",
                tags="shard",
            ),
            Node(
                collect_results,
                inputs=[
                    "params:study",
                    "loop_settings",
                    "chains",
                    "params:loop",
                    "wording",
                    "loop_images",
                    "drawn_before",
                    "loop_batches",
                    "loop_sessions",
                    "loop_store",
                ],
                outputs=["loop_descriptions", "loop_pictures", "loop_manifest"],
                name="collect_results",
            ),
            contact_sheet_node(),
        ],
        tags="loop",
        namespace="loop",
        prefix_datasets_with_namespace=False,
    )
    return ingestion.create_pipeline().to_outputs("chains", "people") + loop
