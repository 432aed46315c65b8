"""Reads a raw data set: people, chains."""

from broken_telephone.pipelines.ingestion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
