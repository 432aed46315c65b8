"""Finds faces in pictures of any size with facexlib's RetinaFace."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from broken_telephone.models.faces.facexlib_model import FacexlibModel
from broken_telephone.models.faces.networks import RETINAFACE
from broken_telephone.models.faces.retinaface import find_faces
from broken_telephone.models.loading.pixels import by_size, to_tensor
from broken_telephone.models.protocols import Face
from broken_telephone.models.settings import DetectorSettings


@dataclass(frozen=True)
class _Use:
    """Says how a network is used where the study does not."""

    longest: int | None
    """Pixels of a picture's longer side; None leaves it unchanged."""
    score: float
    overlap: float
    mean: tuple[float, ...]


class RetinafaceDetector(FacexlibModel[DetectorSettings]):
    """Finds faces with RetinaFace (Deng et al., CVPR 2020)."""

    setting = "detector"
    kind = RETINAFACE
    # Otherwise RetinaFace goes to a GPU by itself.
    _constructor: ClassVar[dict[str, Any]] = {"device": "cpu"}

    @property
    def longest(self) -> int | None:
        """The longer side, in pixels, to which it scales pictures; None if it does not scale them."""
        return self.settings.longest or self._input_side

    def detect(self, images: list[Image.Image]) -> list[list[Face]]:
        """Return the faces of each RGB picture, highest score first.

        Pictures of one size go through the network together. Faces beyond the picture's edge are left out.

        Raises:
            StudyError: if the model cannot be loaded.
        """
        self.load()
        return by_size(images, self._detect)

    def _detect(self, images: list[Image.Image]) -> list[list[Face]]:
        network, use = self._loaded
        width, height = images[0].size
        pictures = to_tensor(images, self.device)
        size = _scaled(width, height, self.settings.longest or use.longest)
        score = use.score if self.settings.score is None else self.settings.score
        overlap = use.overlap if self.settings.overlap is None else self.settings.overlap
        rows = find_faces(network, pictures, size, score=score, overlap=overlap, mean=use.mean)
        return [[face for row in own if (face := _face(row, width, height)) is not None] for own in rows]

    def _use(self, config: dict[str, Any]) -> _Use:
        prepared = config["input"]
        return _Use(prepared["size"], config["score"], config["overlap"], tuple(prepared["mean"]))


def _scaled(width: int, height: int, longest: int | None) -> tuple[int, int]:
    """Return the height and width with that longer side."""
    factor = 1 if longest is None else longest / max(width, height)
    return max(round(height * factor), 1), max(round(width * factor), 1)


def _face(row: np.ndarray, width: int, height: int) -> Face | None:
    """Return the face of a row of `find_faces` in a picture of that size; None if it lies beyond its edge."""
    x, y, across, down, score = (float(value) for value in row[:5])
    left, right = np.clip((x, x + across), 0, width)
    top, bottom = np.clip((y, y + down), 0, height)
    if right <= left or bottom <= top:
        return None
    return Face((float(left), float(top), float(right - left), float(bottom - top)), score, row[5:].reshape(5, 2))
