"""What the tests of face detector and region parser share."""

from pathlib import Path

import numpy as np

from broken_telephone.models import Face

MODELS = Path(__file__).parents[2] / "data/06_models"
DETECTOR, PARSER = ({"path": str(MODELS / name)} for name in ("detector", "parser"))
"""The settings of the embedded models."""
SIZES = [(1, 1), (1, 200), (200, 1), (3, 5), (300, 40), (3000, 20), (33, 31)]
"""Widths and heights of pictures that nobody expects."""


def box(x: float, y: float, width: float, height: float) -> Face:
    """A face there."""
    return Face((x, y, width, height), 0.9, np.zeros((5, 2), np.float32))


def overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    (a, b, c, d), (e, f, g, h) = first, second
    both = max(min(a + c, e + g) - max(a, e), 0) * max(min(b + d, f + h) - max(b, f), 0)
    return both / (c * d + g * h - both)
