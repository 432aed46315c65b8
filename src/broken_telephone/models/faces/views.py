"""The parts of pictures that a region parser reads: whole pictures, or a square around each face.

A parser scores regions at its own size. The scores are scaled to the size of the view before the highest score decides.
Edges are then as smooth as the scores and not as coarse as the parser's pixels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.loading.pixels import resize
from broken_telephone.models.protocols import Face

# A picture may have any number of faces.
_BATCH = 16
# The RGB colour that facexlib puts beyond a picture's edge (its FaceRestoreHelper).
_BEYOND = (132, 133, 135)


@dataclass(frozen=True)
class _View:
    """A rectangle that the parser reads, in pixels of its picture; it may reach beyond the picture."""

    picture: int
    left: int
    top: int
    width: int
    height: int


def parse_views(
    images: list[Image.Image],
    faces: Sequence[Sequence[Face]],
    grow: float | None,
    scores: Callable[[list[Image.Image]], Any],
) -> list[list[np.ndarray]]:
    """Return a map of the whole picture for each face of each RGB picture, uint8 (height, width).

    Args:
        images: the pictures.
        faces: of each picture.
        grow: side of the square around a face, as a multiple of the longer side of its box. Values beyond the square
            are 0. None reads whole pictures, and all faces of a picture share one map.
        scores: scores the regions in views: a tensor (regions, h, w) for each, of any size. The place of the highest
            score in `REGIONS` is the region of a pixel.
    """
    import torch

    maps: list[list[np.ndarray]] = [[] for _ in images]
    views = list(_views(images, faces, grow))
    for start in range(0, len(views), _BATCH):
        batch = views[start : start + _BATCH]
        scored = scores([_cut(images[view.picture], view) for view in batch])
        for view, own in zip(batch, scored, strict=True):
            part = resize(own[None], view.height, view.width)[0].argmax(0).to(torch.uint8).cpu().numpy()
            regions = _whole(part, view, images[view.picture].size)
            maps[view.picture] += [regions] * (len(faces[view.picture]) if grow is None else 1)
    return maps


def _views(images: list[Image.Image], faces: Sequence[Sequence[Face]], grow: float | None) -> Iterator[_View]:
    """Yield the views: each picture with a face, or a square around each face."""
    for place, (image, own) in enumerate(zip(images, faces, strict=True)):
        if grow is None:
            if own:
                yield _View(place, 0, 0, *image.size)
            continue
        for face in own:
            x, y, width, height = face.box
            side = max(round(grow * max(width, height)), 1)
            yield _View(place, round(x + (width - side) / 2), round(y + (height - side) / 2), side, side)


def _cut(image: Image.Image, view: _View) -> Image.Image:
    """Return the part of the picture in a view, grey beyond the picture's edge."""
    if (view.left, view.top, view.width, view.height) == (0, 0, *image.size):
        return image
    part = Image.new("RGB", (view.width, view.height), _BEYOND)
    part.paste(image, (-view.left, -view.top))
    return part


def _whole(part: np.ndarray, view: _View, size: tuple[int, int]) -> np.ndarray:
    """Return a map of the whole picture, of that size, from the map of a view."""
    width, height = size
    whole = np.zeros((height, width), np.uint8)
    left, top = max(view.left, 0), max(view.top, 0)
    right, bottom = min(view.left + view.width, width), min(view.top + view.height, height)
    whole[top:bottom, left:right] = part[top - view.top : bottom - view.top, left - view.left : right - view.left]
    return whole
