"""Finds out whether an image processor hands on whole pictures, by test pictures in which brightness is position."""

from typing import Any

import numpy as np
from PIL import Image

# Neither square nor of a size that a model reads.
_WIDTH, _HEIGHT = 240, 160


def cuts_or_pads(processor: Any) -> bool:
    """Tell whether a processor cuts pictures off or adds a margin, so that pixels are at other places than before.

    Scaling and normalisation are allowed: a normalised value is a linear function of brightness, which a black and a
    white picture give.
    """
    black, white = (_prepared(processor, np.full((_HEIGHT, _WIDTH), value)) for value in (0.0, 255.0))
    across = np.broadcast_to(np.linspace(0, 255, _WIDTH), (_HEIGHT, _WIDTH))
    down = np.broadcast_to(np.linspace(0, 255, _HEIGHT)[:, None], (_HEIGHT, _WIDTH))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = [(_prepared(processor, picture) - black) / (white - black) for picture in (across, down)]
    height, width = black.shape
    wanted = [np.broadcast_to((np.arange(width) + 0.5) / width, (height, width))]
    wanted += [np.broadcast_to(((np.arange(height) + 0.5) / height)[:, None], (height, width))]
    # A margin is neither black nor white, or the same in all four pictures (NaN).
    return not all(
        bool(np.all(np.abs(own - right) < 0.02 + 1 / min(height, width)))
        for own, right in zip(found, wanted, strict=True)
    )


def _prepared(processor: Any, brightness: np.ndarray) -> np.ndarray:
    """Return the first channel of a grey picture, (h, w), as a processor prepares it."""
    picture = Image.fromarray(brightness.round().astype(np.uint8)).convert("RGB")
    pixels = processor(images=[picture], return_tensors="pt")["pixel_values"]
    return pixels[0, 0].double().numpy()
