"""Draws contact sheets."""
