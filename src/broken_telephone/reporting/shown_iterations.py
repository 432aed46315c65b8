"""Chooses iterations where not all can be shown."""

from collections.abc import Sequence

import numpy as np


def spread(iterations: Sequence[int], most: int) -> list[int]:
    """Choose at most `most` iterations (at least 2): the first, the last, and others at about equal distances."""
    if len(iterations) <= most:
        return list(iterations)
    places = np.linspace(0, len(iterations) - 1, most).round().astype(int)
    return [iterations[place] for place in dict.fromkeys(places.tolist())]
