"""Measures and reports a study: tables of drift, figures, the report."""

from broken_telephone.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
