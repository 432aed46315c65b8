"""Originals and loop images + annotator -> annotations, predictions, mentions."""

from broken_telephone.pipelines.annotation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
