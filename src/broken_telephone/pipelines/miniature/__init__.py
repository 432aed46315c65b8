"""Renders the miniature world, trains the embedded models on it, and measures them."""

from broken_telephone.pipelines.miniature.pipeline import create_pipeline

__all__ = ["create_pipeline"]
