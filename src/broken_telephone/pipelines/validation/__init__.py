"""Validates the whole chain on planted truth: what it recovers, what it invents, and whom it blames."""

from broken_telephone.pipelines.validation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
