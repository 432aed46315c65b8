"""What an embedder is asked for one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.execution import Answer


@dataclass(frozen=True)
class Embedded(Answer):
    """Vectors, and which texts were cut for them."""

    vectors: np.ndarray | None = None
    """float32 (n, d)."""


@dataclass(frozen=True)
class EmbedImages:
    """Embed pictures."""

    images: Sequence[Image.Image]
    model: str

    def do(self, model: Any) -> Embedded:
        """Do it with the model."""
        return Embedded(vectors=model.embed_images(self.images), cut=[False] * len(self.images))


@dataclass(frozen=True)
class EmbedTexts:
    """Embed texts."""

    texts: Sequence[str]
    model: str

    def do(self, model: Any) -> Embedded:
        """Do it with the model."""
        return Embedded(vectors=model.embed_texts(self.texts), cut=model.truncates(self.texts))
