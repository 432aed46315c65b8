"""A face detector: facexlib's RetinaFace, its own weights or others, in pictures of any size."""

import warnings
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.faces.facexlib_model import FacexlibModel
from broken_telephone.models.faces.retinaface import MEAN, find_faces
from broken_telephone.models.loading.pixels import to_tensor
from broken_telephone.models.protocols import Face
from broken_telephone.models.settings import DetectorSettings


@dataclass(frozen=True)
class _Use:
    """How a network is used, where the study does not say."""

    longest: int | None
    """Pixels of a picture's longer side; None: as it is."""
    score: float
    overlap: float
    mean: tuple[float, ...] = MEAN


# facexlib's own: see the arguments of its `detect_faces`.
_FACEXLIB = _Use(longest=None, score=0.8, overlap=0.4)


class RetinafaceDetector(FacexlibModel):
    """Finds faces with RetinaFace (Deng et al., CVPR 2020)."""

    setting = "detector"
    settings: DetectorSettings
    kind = "facexlib.detection.retinaface.RetinaFace"

    @property
    def longest(self) -> int | None:
        """The longer side to which it scales pictures; None if it takes them as they are."""
        return self.settings.longest or self._input_side

    def detect(self, images: list[Image.Image]) -> list[list[Face]]:
        """Return the faces of each RGB picture, surest first.

        Pictures of one size go through the network together. A face that lies beyond the picture's edge is left out.

        Raises:
            StudyError: if the model cannot be loaded.
        """
        self.load()
        network, use = self._loaded
        score = use.score if self.settings.score is None else self.settings.score
        overlap = use.overlap if self.settings.overlap is None else self.settings.overlap
        alike: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, image in enumerate(images):
            alike[image.size].append(place)
        found: list[list[Face]] = [[] for _ in images]
        for (width, height), places in alike.items():
            pictures = to_tensor([images[place] for place in places], self.device)
            size = _scaled(width, height, self.settings.longest or use.longest)
            rows = find_faces(network, pictures, size, score=score, overlap=overlap, mean=use.mean)
            for place, own in zip(places, rows, strict=True):
                faces = (_face(row, width, height) for row in own)
                found[place] = [face for face in faces if face is not None]
        return found

    def _described(self, config: dict[str, Any]) -> tuple[Any, _Use]:
        from facexlib.detection.retinaface import RetinaFace

        prepared = config["input"]
        use = _Use(prepared["size"], config["score"], config["overlap"], tuple(prepared["mean"]))
        return RetinaFace(**config["constructor"], device="cpu"), use

    def _published(self, name: str) -> tuple[Any, _Use]:
        from facexlib.detection.retinaface import RetinaFace

        with warnings.catch_warnings():
            # facexlib asks torchvision for a network without weights in words that it will no longer take one day.
            warnings.simplefilter("ignore", UserWarning)
            return RetinaFace(network_name=name.removeprefix("retinaface_"), device="cpu"), _FACEXLIB


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
