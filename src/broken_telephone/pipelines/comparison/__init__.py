"""Compares finished studies: what pairs, contrasts, effects of factors, and a page with the same chains."""

from broken_telephone.pipelines.comparison.pipeline import create_pipeline

__all__ = ["create_pipeline"]
