"""A face detector and a region parser as one model: what is in a picture, face by face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models import Face, FaceDetector, RegionParser


@dataclass(frozen=True)
class FaceParts:
    """Finds faces, then what is around each of them."""

    detector: FaceDetector
    parser: RegionParser

    def find(self, images: list[Image.Image]) -> list[tuple[list[Face], list[np.ndarray]]]:
        """Return the faces of each RGB picture, surest first, and for each of them a map of the picture's regions."""
        faces: Sequence[Sequence[Face]] = self.detector.detect(images)
        parsed = self.parser.parse(images, faces)
        return [(list(own), maps) for own, maps in zip(faces, parsed, strict=True)]

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.detector.name} and {self.parser.name}"

    @property
    def longest(self) -> int | None:
        """The longer side of the largest picture that either reads in full; None if that of one is unknown."""
        both = self.detector.longest, self.parser.longest
        return None if None in both else max(side for side in both if side is not None)

    @property
    def device(self) -> str:
        """The parser's."""
        return self.parser.device

    @property
    def is_repeatable(self) -> bool:
        """Whether both are."""
        return all(getattr(model, "is_repeatable", False) for model in (self.detector, self.parser))

    def identity(self) -> dict[str, Any]:
        """Return what changes the results of either."""
        return {"detector": self.detector.identity(), "parser": self.parser.identity()}

    def resolved(self) -> dict[str, str | None]:
        """Return what either left open, and the detector's device."""
        both = {"detector": self.detector.resolved(), "parser": self.parser.resolved()}
        open_settings = {f"{name} {key}": value for name, own in both.items() for key, value in own.items()}
        return {**open_settings, "detector device": self.detector.device}

    def load(self) -> None:
        """Load both."""
        self.detector.load()
        self.parser.load()

    def release(self) -> None:
        """Give the memory of both back."""
        self.detector.release()
        self.parser.release()
