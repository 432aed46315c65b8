"""Adapters of describers."""
