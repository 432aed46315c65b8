"""Changes of a number since the first image of each chain."""

import numpy as np

from broken_telephone.statistics.estimates.panel import first_picture


def first_images(starts: np.ndarray) -> np.ndarray:
    """Return the first image of each chain: 0 if its start is an image, 1 if it is a prompt; int (n,)."""
    return np.where(starts == "image", first_picture("image"), first_picture("prompt"))


def at_first_image(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the numbers of the first images, (n,).

    Args:
        values: (n, K + 1), column k belongs to image k.
        first: of each chain, see `first_images`.
    """
    return np.asarray(np.take_along_axis(values, first[:, None], 1)[:, 0])


def changes_since_first(values: np.ndarray, first: np.ndarray, k: int) -> np.ndarray:
    """Return the changes from the first image to image k, (n,); null where image k is the first one.

    See `at_first_image` for the arguments.
    """
    return np.where(first < k, values[:, k] - at_first_image(values, first), np.nan)


def bounds_of_changes(now: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest change that missing answers allow, if every answer is 0 or 1.

    Args:
        now, before: (n,), indicators, null where an answer is missing.
    """
    lowest, highest = (np.nan_to_num(now, nan=gap) - np.nan_to_num(before, nan=1 - gap) for gap in (0.0, 1.0))
    return lowest, highest
