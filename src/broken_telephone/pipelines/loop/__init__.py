"""Runs the loop of describer and generator: loop images, loop descriptions, loop manifest."""

from broken_telephone.pipelines.loop.pipeline import create_pipeline

__all__ = ["create_pipeline"]
