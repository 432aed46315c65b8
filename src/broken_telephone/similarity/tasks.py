"""What an embedder is asked for one batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.execution.tasks import Answer


@dataclass(frozen=True)
class Embedded(Answer):
    """Vectors, and which texts were cut for them."""

    vectors: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    """float32 (n, d)."""


@dataclass(frozen=True)
class Embed:
    """Embed pictures, or texts."""

    items: Sequence[Image.Image | str]
    """All of one kind."""
    model: str

    def do(self, model: Any) -> Embedded:
        """Do it with the model."""
        if isinstance(self.items[0], str):
            return Embedded(vectors=model.embed_texts(self.items), cut=model.truncates(self.items))
        return Embedded(vectors=model.embed_images(self.items), cut=[False] * len(self.items))
