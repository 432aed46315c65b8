"""Chains -> loop images, for one of several machines that share a study; the loop pipeline merges."""

from broken_telephone.pipelines.shard.pipeline import create_pipeline

__all__ = ["create_pipeline"]
