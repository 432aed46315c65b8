"""Renders the miniature world."""
