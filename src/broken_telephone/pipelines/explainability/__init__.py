"""Originals, loop images and descriptions + describer, detector, parser -> faces, regions, where words come from."""

from broken_telephone.pipelines.explainability.pipeline import create_pipeline

__all__ = ["create_pipeline"]
