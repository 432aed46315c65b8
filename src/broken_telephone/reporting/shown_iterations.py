"""Chooses iterations where not all can be shown."""

from collections.abc import Sequence

import numpy as np


def spread(iterations: Sequence[int], most: int) -> list[int]:
    """Choose at most `most` iterations (at least 2): the first, the last, and others at about equal distances.

    The others are multiples of 2, 5, 10, 20 and so on, so that tables, figures and pictures show the same ones. Where
    these multiples are rare, such as among multiples of 7, others are chosen.

    Args:
        iterations: in rising order.
        most: number of iterations to choose.
    """
    if len(iterations) <= most:
        return list(iterations)
    ends = {iterations[0], iterations[-1]}
    steps = (size * 10**power for power in range(10) for size in (1, 2, 5))
    chosen = next(some for step in steps if len(some := [k for k in iterations if k in ends or k % step == 0]) <= most)
    if len(chosen) >= most // 2:
        return chosen
    places = np.linspace(0, len(iterations) - 1, most).round().astype(int)
    return [iterations[place] for place in dict.fromkeys(places.tolist())]
