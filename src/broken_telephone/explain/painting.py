"""From patches to pictures: maps over pixels, what is left of a picture when a part is hidden. Pure arrays."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]


def painted(values: np.ndarray, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Spread each patch's value evenly over the part of the picture that it sees.

    Patches of different views overlap, and their values add up: the sum over the picture is the sum over patches,
    however many views there are of it and however large.

    Args:
        values: (p,), of the patches.
        boxes: (p, 4): left, top, right, bottom in pixels; NaN where a patch sees nothing of the picture.
        size: width and height of the picture.

    Returns:
        float64 (height, width).
    """
    seen = np.isfinite(boxes).all(1)
    values, boxes = values[seen].astype(np.float64), boxes[seen]
    across = _covered(boxes[:, 0], boxes[:, 2], size[0])
    down = _covered(boxes[:, 1], boxes[:, 3], size[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray((down * (values / areas)[:, None]).T @ across)


def _covered(begin: np.ndarray, end: np.ndarray, length: int) -> np.ndarray:
    """How much of each of `length` pixels lies between two ends: (p, length), from 0 to 1."""
    pixels = np.arange(length)
    return np.asarray(np.clip(np.minimum(end[:, None], pixels + 1) - np.maximum(begin[:, None], pixels), 0, 1))


def hidden(picture: np.ndarray, where: np.ndarray, colour: Colour) -> Image.Image:
    """Paint over a part of a picture.

    Args:
        picture: uint8 (height, width, 3).
        where: bool (height, width).
        colour: red, green and blue, the same for all pictures: the mean of the picture itself would leave much of
            what its hidden part had shown.
    """
    result = picture.copy()
    result[where] = colour
    return Image.fromarray(result)


def mean_colour(pictures: Iterable[np.ndarray]) -> Colour:
    """Return the mean colour of pictures, uint8 (height, width, 3) each, which count alike; grey of none."""
    means = [picture.reshape(-1, 3).mean(0) for picture in pictures]
    red, green, blue = np.mean(means, 0) if means else (128, 128, 128)
    return round(red), round(green), round(blue)


def moved(where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move a part of a picture elsewhere, over the edges if need be: the same size and shape at a random place."""
    by = [int(rng.integers(length)) for length in where.shape]
    return np.roll(where, by, (0, 1))


def largest_first(values: np.ndarray, share: float) -> np.ndarray:
    """Return the pixels with the largest values, bool (height, width): such a share of them, ties in their order."""
    chosen = np.zeros(values.size, bool)
    chosen[np.argsort(-values, axis=None, kind="stable")[: round(share * values.size)]] = True
    return chosen.reshape(values.shape)
