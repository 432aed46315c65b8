"""Measures the embedded models."""
