"""Adapters of generators."""
