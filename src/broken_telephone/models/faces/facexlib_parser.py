"""Divides pictures into regions with facexlib's ParseNet or BiSeNet, on whole pictures or around each face.

The network takes squares of one size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.faces.facexlib_model import FacexlibModel
from broken_telephone.models.faces.networks import PARSER
from broken_telephone.models.faces.region_parsing import places, region_scores
from broken_telephone.models.faces.views import parse_views
from broken_telephone.models.loading.pixels import resize, to_tensor
from broken_telephone.models.protocols import Face
from broken_telephone.models.settings import ParserSettings

_GROW = 2.0


@dataclass(frozen=True)
class _Use:
    """Says how a network is used."""

    size: int
    """Pixels of the squares that it takes."""
    counts_as: list[int]
    """For each of its classes the place in `REGIONS`."""
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


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
        return parse_views(images, faces, self.grow, self._scores)

    def _scores(self, views: list[Image.Image]) -> Any:
        """Score the regions in views, which are scaled to the network's squares: (n, regions, size, size)."""
        import torch

        network, use = self._loaded
        squares = [resize(to_tensor([view], self.device), use.size, use.size) for view in views]
        return region_scores(network, torch.cat(squares), use.counts_as, use.mean, use.deviation)

    def _use(self, config: dict[str, Any]) -> _Use:
        prepared = config["input"]
        mean, deviation = (tuple(np.broadcast_to(prepared[name], 3).tolist()) for name in ("mean", "std"))
        return _Use(prepared["size"], places(config["regions"]), mean, deviation)
