"""Annotates originals and loop images: annotations, predictions, mentions."""

from broken_telephone.pipelines.annotation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
