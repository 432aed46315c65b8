"""Adapters of embedders."""
