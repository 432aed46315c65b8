"""Models that answer at once, as catalog types: what remains is the time around the models."""

from typing import Any

from kedro.io import AbstractDataset
from PIL import Image

from broken_telephone.models import Description

_PICTURE = Image.effect_noise((64, 64), 60).convert("RGB")


class _StandIn:
    device = "none"

    def __init__(self, name: str) -> None:
        self.name = name

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
        return [Description(text, tokens=12, truncated=False)] * len(images)

    def truncates(self, prompts: list[str]) -> list[bool]:
        return [False] * len(prompts)

    def draw(self, prompts: list[str], seeds: list[int]) -> list[Image.Image]:
        # A picture each, as real ones are: what keeps them too long shows in memory.
        return [_PICTURE.copy() for _ in prompts]


class StandInDataset(AbstractDataset[None, _StandIn]):
    """`catalog.load("generator")` gives a stand-in."""

    def __init__(self, *, name: str) -> None:
        self._name = name

    def load(self) -> _StandIn:
        """Return a stand-in."""
        return _StandIn(self._name)

    def save(self, data: None) -> None:
        """Refuse."""
        raise TypeError("a stand-in is only read")

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}
