"""Explains words of descriptions by regions of pictures: faces, regions, activations, support."""

from broken_telephone.pipelines.explainability.pipeline import create_pipeline

__all__ = ["create_pipeline"]
