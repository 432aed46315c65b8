"""From patches to pictures: maps over pixels, what is left of a picture when a part is hidden. Pure arrays."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]


def painter(boxes: np.ndarray, size: tuple[int, int]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that spreads each patch's value evenly over the part of the picture that it sees.

    Patches of different views overlap, and their values add up: the sum over the picture is the sum over patches,
    however many views there are of it and however large.

    Args:
        boxes: (p, 4): left, top, right, bottom in pixels; NaN where a patch sees nothing of the picture.
        size: width and height of the picture.

    Returns:
        A function of values, (p,), of the patches, that returns a float64 (height, width).
    """
    seen = np.isfinite(boxes).all(1)
    boxes = boxes[seen]
    across = _covered(boxes[:, 0], boxes[:, 2], size[0])
    down = _covered(boxes[:, 1], boxes[:, 3], size[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])

    def paint(values: np.ndarray) -> np.ndarray:
        return np.asarray((down * (values[seen].astype(np.float64) / areas)[:, None]).T @ across)

    return paint


def _covered(begin: np.ndarray, end: np.ndarray, length: int) -> np.ndarray:
    """How much of each of `length` pixels lies between two ends: (p, length), from 0 to 1."""
    pixels = np.arange(length)
    return np.asarray(np.clip(np.minimum(end[:, None], pixels + 1) - np.maximum(begin[:, None], pixels), 0, 1))


def hidden(picture: np.ndarray, where: np.ndarray, filling: np.ndarray | Colour) -> Image.Image:
    """Replace a part of a picture.

    Args:
        picture: uint8 (height, width, 3).
        where: bool (height, width).
        filling: uint8 (height, width, 3), or a colour that is the same for all pictures; see `fills.filling`.
    """
    return Image.fromarray(np.where(where[..., None], np.asarray(filling, np.uint8), picture))


def mean_colour(pictures: Iterable[np.ndarray]) -> Colour:
    """Return the mean colour of pictures, uint8 (height, width, 3) each, which count alike; grey of none."""
    means = [picture.reshape(-1, 3).mean(0) for picture in pictures]
    red, green, blue = np.mean(means, 0) if means else (128, 128, 128)
    return round(red), round(green), round(blue)


Box = tuple[slice, slice]
"""Rows and columns."""


def box_of(where: np.ndarray) -> Box:
    """Return the smallest box around a part of a picture, bool (height, width), which is not empty."""
    down, across = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
    return slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)


def moved(values: np.ndarray, rng: np.random.Generator, box: Box) -> np.ndarray:
    """Move a part of a picture, or a map, to a random place within a box, over its edges if need be.

    What lies in the box keeps its size and shape, and what lies beside it is left out.
    """
    shifted = np.zeros_like(values)
    by = [int(rng.integers(length)) for length in values[box].shape]
    shifted[box] = np.roll(values[box], by, (0, 1))
    return shifted


def largest_first(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the place of every pixel in the order of its value, the largest first, int64 (height, width).

    Equal values, such as the zeros of a map, come in an order by chance.
    """
    order = np.lexsort((rng.random(values.size), -values.ravel()))
    places = np.empty(values.size, np.int64)
    places[order] = np.arange(values.size)
    return places.reshape(values.shape)


@dataclass(frozen=True)
class Fitted:
    """A picture in a frame of another size: as large as fits, in the middle."""

    width: int
    height: int
    left: int
    top: int

    def from_file(self, original: tuple[int, int]) -> np.ndarray:
        """Return factors of x and y and what is added to them, from the file's pixels to the frame's: (2, 2)."""
        return np.array([[self.width / original[0], self.height / original[1]], [self.left, self.top]])

    @classmethod
    def into(cls, original: tuple[int, int], frame: tuple[int, int]) -> "Fitted":
        """Return where a picture of some width and height lies in a frame."""
        scale = min(frame[0] / original[0], frame[1] / original[1])
        width, height = (max(1, round(scale * length)) for length in original)
        return cls(width, height, (frame[0] - width) // 2, (frame[1] - height) // 2)

    def inside(self, frame: tuple[int, int]) -> np.ndarray:
        """Return which pixels of the frame are of the picture: bool (height, width)."""
        mask = np.zeros((frame[1], frame[0]), bool)
        mask[self.top : self.top + self.height, self.left : self.left + self.width] = True
        return mask


def scaled(regions: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return regions, uint8 (height, width), in a picture of another width and height: those of the nearest pixels."""
    if regions.shape == size[::-1]:
        return regions
    return np.asarray(Image.fromarray(regions).resize(size, Image.Resampling.NEAREST))


def framed(picture: Image.Image, frame: tuple[int, int] | None) -> Image.Image:
    """Return a picture in a grey frame of some width and height; as it is without one."""
    if frame is None:
        return picture
    fitted = Fitted.into(picture.size, frame)
    result = Image.new("RGB", frame, (128, 128, 128))
    small = picture.resize((fitted.width, fitted.height), Image.Resampling.LANCZOS)
    result.paste(small, (fitted.left, fitted.top))
    return result
