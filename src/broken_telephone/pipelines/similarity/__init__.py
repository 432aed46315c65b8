"""Embeds pictures and texts: similarities along every chain."""

from broken_telephone.pipelines.similarity.pipeline import create_pipeline

__all__ = ["create_pipeline"]
