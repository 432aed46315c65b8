"""A region parser: facexlib's ParseNet or BiSeNet, on whole pictures or around each face.

The network takes squares of one size. What is looked at is scaled there, and the scores back, before the highest
decides: edges are then as smooth as the scores and not as coarse as the network's pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.faces.facexlib_model import FacexlibModel
from broken_telephone.models.faces.region_parsing import BISENET, PARSENET, places, region_scores
from broken_telephone.models.loading.pixels import resize, to_tensor
from broken_telephone.models.protocols import Face
from broken_telephone.models.settings import ParserSettings

_SIZE = 512
_GROW = 2.0
# A picture may have any number of faces.
_AT_ONCE = 16
# What facexlib puts beyond a picture's edge (its FaceRestoreHelper), as RGB.
_BEYOND = (132, 133, 135)


@dataclass(frozen=True)
class _Use:
    """How a network is used."""

    size: int
    """Pixels of the squares that it takes."""
    counts_as: list[int]
    """For each of its classes the place in `REGIONS`."""
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    deviation: tuple[float, ...] = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class _View:
    """A part of a picture that is looked at, in its pixels; it may reach beyond."""

    picture: int
    left: int
    top: int
    width: int
    height: int


class FacexlibParser(FacexlibModel):
    """Divides pictures of people into regions."""

    setting = "parser"
    settings: ParserSettings
    kind = "facexlib.parsing.parsenet.ParseNet"

    @property
    def grow(self) -> float | None:
        """How much larger than a face the square is that is looked at; None: whole pictures."""
        of_facexlib = self.settings.facexlib is not None or self.settings.is_file
        return self.settings.grow if self.settings.grow is not None or not of_facexlib else _GROW

    @property
    def longest(self) -> int | None:
        """The side of its squares; None if it looks around faces, which may be small parts of a picture."""
        return self._input_side if self.grow is None else None

    def parse(self, images: list[Image.Image], faces: Sequence[Sequence[Face]]) -> list[list[np.ndarray]]:
        """Return a map of the whole picture for each face of each RGB picture, uint8 (height, width).

        Places in `REGIONS`; 0 where the parser did not look: beyond a square of `grow` times the longer side of the
        face's box around its centre. Without `grow` all faces of a picture share one array.

        Raises:
            StudyError: if the model cannot be loaded.
        """
        self.load()
        grow = self.grow
        maps: list[list[np.ndarray]] = [[] for _ in images]
        for view, seen in self._look(images, list(_views(images, faces, grow))):
            maps[view.picture] += [seen] * (len(faces[view.picture]) if grow is None else 1)
        return maps

    def _look(self, images: list[Image.Image], views: list[_View]) -> Iterator[tuple[_View, np.ndarray]]:
        """Yield each view with the map of its picture."""
        import torch

        network, use = self._loaded
        for start in range(0, len(views), _AT_ONCE):
            some = views[start : start + _AT_ONCE]
            squares = [
                resize(to_tensor([_cut(images[view.picture], view)], self.device), use.size, use.size) for view in some
            ]
            scores = region_scores(network, torch.cat(squares), use.counts_as, use.mean, use.deviation)
            for view, own in zip(some, scores, strict=True):
                part = resize(own[None], view.height, view.width)[0].argmax(0).to(torch.uint8).cpu().numpy()
                yield view, _laid(part, view, images[view.picture].size)

    def _described(self, config: dict[str, Any]) -> tuple[Any, _Use]:
        from facexlib.parsing.parsenet import ParseNet

        prepared = config["input"]
        mean, deviation = (tuple([prepared[name]] * 3) for name in ("mean", "std"))
        use = _Use(prepared["size"], places(config["regions"]), mean, deviation)
        return ParseNet(**config["constructor"]), use

    def _published(self, name: str) -> tuple[Any, _Use]:
        from facexlib.parsing import BiSeNet, ParseNet

        if name == "parsenet":
            return ParseNet(in_size=_SIZE, out_size=_SIZE, parsing_ch=len(PARSENET)), _Use(_SIZE, places(PARSENET))
        # The means and deviations of ImageNet.
        use = _Use(_SIZE, places(BISENET), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        return BiSeNet(num_class=len(BISENET)), use


def _views(images: list[Image.Image], faces: Sequence[Sequence[Face]], grow: float | None) -> Iterator[_View]:
    """Yield what to look at: each picture with a face, or a square around each face."""
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
    """Return what is looked at, grey beyond the picture's edge."""
    if (view.left, view.top, view.width, view.height) == (0, 0, *image.size):
        return image
    part = Image.new("RGB", (view.width, view.height), _BEYOND)
    part.paste(image, (-view.left, -view.top))
    return part


def _laid(part: np.ndarray, view: _View, size: tuple[int, int]) -> np.ndarray:
    """Return a map of a picture of that size, with the part that was looked at in its place."""
    width, height = size
    seen = np.zeros((height, width), np.uint8)
    left, top = max(view.left, 0), max(view.top, 0)
    right, bottom = min(view.left + view.width, width), min(view.top + view.height, height)
    seen[top:bottom, left:right] = part[top - view.top : bottom - view.top, left - view.left : right - view.left]
    return seen
