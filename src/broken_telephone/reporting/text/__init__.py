"""Writes the sentences and captions of the report."""
