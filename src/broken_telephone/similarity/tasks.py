"""The task of an embedder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.execution.tasks import Answer


@dataclass(frozen=True)
class Embedded(Answer):
    """The vectors of a batch; `cut` marks truncated texts."""

    vectors: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    """float32 (n, d)."""


@dataclass(frozen=True)
class Embed:
    """Embed pictures, or texts."""

    items: Sequence[Image.Image | str]
    """Either pictures or texts."""
    model: str

    def do(self, model: Any) -> Embedded:
        """Embed the items."""
        if isinstance(self.items[0], str):
            return Embedded(vectors=model.embed_texts(self.items), cut=model.truncates(self.items))
        return Embedded(vectors=model.embed_images(self.items), cut=[False] * len(self.items))
