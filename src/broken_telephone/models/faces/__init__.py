"""Adapters of face detectors and region parsers."""
