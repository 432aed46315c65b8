"""Builds the miniature: a rendered world of people with known attributes, and models trained on it.

Nothing outside this room and its pipeline knows that the miniature exists.
"""
