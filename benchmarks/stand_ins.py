"""Models that answer at once, as catalog types: what remains is the time around the models.

Descriptions depend on their picture, and pictures on their text and seed, so that a mix-up shows.
"""

import random
import secrets
from typing import Any
from zlib import crc32

from kedro.io import AbstractDataset
from PIL import Image

from broken_telephone.models import Description

_PICTURE = Image.frombytes("L", (64, 64), random.Random(0).randbytes(64 * 64)).convert("RGB")


class _StandIn:
    device = "none"

    def __init__(self, name: str, samples: bool) -> None:
        self.name, self.samples = name, samples

    def identity(self) -> dict[str, Any]:
        return {"stand-in": self.name}

    def resolved(self) -> dict[str, str | None]:
        return {}

    def load(self) -> None:
        pass

    def release(self) -> None:
        pass

    def describe(self, images: list[Image.Image], prompt: str) -> list[Description]:
        text = "The person looks happy, with raised cheeks and an open mouth."
        return [Description(f"{text} {self._seen(image)}", tokens=12, truncated=False) for image in images]

    def _seen(self, image: Image.Image) -> str:
        return f"{crc32(image.tobytes()):08x}{secrets.token_hex(2) if self.samples else ''}"

    def truncates(self, prompts: list[str]) -> list[bool]:
        return [False] * len(prompts)

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image]:
        # A picture each, as real ones are: what keeps them too long shows in memory.
        pictures = [_PICTURE.copy() for _ in prompts]
        for picture, prompt, seed in zip(pictures, prompts, seeds, strict=True):
            picture.putpixel((0, 0), tuple(crc32(f"{seed} {prompt}".encode()).to_bytes(4)[:3]))
        return pictures


class StandInDataset(AbstractDataset[None, _StandIn]):
    """`catalog.load("generator")` gives a stand-in."""

    def __init__(self, *, name: str, samples: bool = False) -> None:
        self._name, self._samples = name, samples

    def load(self) -> _StandIn:
        """Return a stand-in."""
        return _StandIn(self._name, self._samples)

    def save(self, data: None) -> None:
        """Refuse."""
        raise TypeError("a stand-in is only read")

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}
