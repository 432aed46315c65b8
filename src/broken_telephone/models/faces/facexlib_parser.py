"""Divides pictures into regions with facexlib's ParseNet or BiSeNet, on whole pictures or around each face.

The network takes squares of one size. Its scores are scaled to the size of the picture before the highest score
decides. Edges are then as smooth as the scores and not as coarse as the network's pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.faces.facexlib_model import FacexlibModel
from broken_telephone.models.faces.networks import PARSER
from broken_telephone.models.faces.region_parsing import places, region_scores
from broken_telephone.models.loading.pixels import resize, to_tensor
from broken_telephone.models.protocols import Face
from broken_telephone.models.settings import ParserSettings

_GROW = 2.0
# A picture may have any number of faces.
_BATCH = 16
# The RGB colour that facexlib puts beyond a picture's edge (its FaceRestoreHelper).
_BEYOND = (132, 133, 135)


@dataclass(frozen=True)
class _Use:
    """Says how a network is used."""

    size: int
    """Pixels of the squares that it takes."""
    counts_as: list[int]
    """For each of its classes the place in `REGIONS`."""
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class _View:
    """A rectangle that the network reads, in pixels of its picture; it may reach beyond the picture."""

    picture: int
    left: int
    top: int
    width: int
    height: int


class FacexlibParser(FacexlibModel[ParserSettings]):
    """Divides pictures of people into regions."""

    setting = "parser"
    kind = PARSER

    @property
    def grow(self) -> float | None:
        """How much larger than a face the square is that the network reads; None for whole pictures."""
        return self.settings.grow or (_GROW if self._published else None)

    @property
    def longest(self) -> int | None:
        """The side of its squares; None if it reads around faces, which may be small parts of a picture."""
        return self._input_side if self.grow is None else None

    def parse(self, images: list[Image.Image], faces: Sequence[Sequence[Face]]) -> list[list[np.ndarray]]:
        """Return a map of the whole picture for each face of each RGB picture, uint8 (height, width).

        Values are places in `REGIONS`. With `grow`, the parser reads a square around the centre of the face's box; its
        side is `grow` times the longer side of the box, and values beyond it are 0. Without `grow` all faces of a
        picture share one array.

        Raises:
            StudyError: if the model cannot be loaded.
        """
        self.load()
        grow = self.grow
        maps: list[list[np.ndarray]] = [[] for _ in images]
        for view, regions in self._regions(images, list(_views(images, faces, grow))):
            maps[view.picture] += [regions] * (len(faces[view.picture]) if grow is None else 1)
        return maps

    def _regions(self, images: list[Image.Image], views: list[_View]) -> Iterator[tuple[_View, np.ndarray]]:
        """Yield each view with the map of its picture."""
        import torch

        network, use = self._loaded
        for start in range(0, len(views), _BATCH):
            batch = views[start : start + _BATCH]
            squares = [
                resize(to_tensor([_cut(images[view.picture], view)], self.device), use.size, use.size) for view in batch
            ]
            scores = region_scores(network, torch.cat(squares), use.counts_as, use.mean, use.deviation)
            for view, own in zip(batch, scores, strict=True):
                part = resize(own[None], view.height, view.width)[0].argmax(0).to(torch.uint8).cpu().numpy()
                yield view, _whole(part, view, images[view.picture].size)

    def _use(self, config: dict[str, Any]) -> _Use:
        prepared = config["input"]
        mean, deviation = (tuple(np.broadcast_to(prepared[name], 3).tolist()) for name in ("mean", "std"))
        return _Use(prepared["size"], places(config["regions"]), mean, deviation)


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
