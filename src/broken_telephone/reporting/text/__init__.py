"""Sentences and captions of the report."""
