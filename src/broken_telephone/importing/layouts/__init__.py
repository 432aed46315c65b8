"""Readers of results, one file for each layout."""
