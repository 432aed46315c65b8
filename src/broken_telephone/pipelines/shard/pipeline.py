"""Wiring of the shard pipeline: of the loop, what several machines may do at once."""

from kedro.pipeline import Pipeline

from broken_telephone.pipelines import loop


def create_pipeline() -> Pipeline:
    """Return the loop without ingestion before it and the tables after it, which are made once for all shards."""
    return loop.create_pipeline().only_nodes("seal_settings", "look_at_pictures", "follow_chains")
