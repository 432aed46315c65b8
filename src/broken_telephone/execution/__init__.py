"""Runs models on many items in batches, on one machine or several, so that no finished batch is lost."""
