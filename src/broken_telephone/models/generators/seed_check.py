"""Tells from three pictures of one text whether a server heeds seeds."""

import numpy as np
from PIL import Image

_ALIKE = 0.25
"""Largest share of the distance between two seeds that two pictures of one seed may have; rounding is far below."""


def heeds_seeds(first: Image.Image, again: Image.Image, other: Image.Image) -> bool:
    """Return whether the seed decides about the picture.

    Args:
        first: an RGB picture.
        again: drawn with the same seed.
        other: drawn with another seed.
    """
    return _distance(first, other) > 0 and _distance(first, again) <= _ALIKE * _distance(first, other)


def is_constant(first: Image.Image, other: Image.Image) -> bool:
    """Return whether another seed gave the same picture."""
    return _distance(first, other) == 0


def _distance(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two RGB pictures in levels from 0 to 255; 255 if their sizes differ."""
    if one.size != other.size:
        return 255.0
    return float(np.abs(np.asarray(one, dtype=np.int16) - np.asarray(other, dtype=np.int16)).mean())
