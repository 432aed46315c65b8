"""The miniature: a rendered world of people whose every attribute is known, and models trained on it.

Nothing outside this room and its pipeline knows that the miniature exists.
"""
