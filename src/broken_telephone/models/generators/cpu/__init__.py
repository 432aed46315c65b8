"""Faster operations for generators on a CPU."""
