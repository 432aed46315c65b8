"""Imports results that another program made: chains, loop images, loop descriptions, loop manifest, ratings."""

from broken_telephone.pipelines.importing.pipeline import create_pipeline

__all__ = ["create_pipeline"]
