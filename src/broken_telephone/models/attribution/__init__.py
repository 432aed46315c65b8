"""Activation maps of describers."""
