"""Exchanges one attribute of the people in a study's originals by an image-to-image model."""

from broken_telephone.pipelines.counterfactuals.pipeline import create_pipeline

__all__ = ["create_pipeline"]
