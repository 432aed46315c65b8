"""How large a picture a model reads at most: measured, because every family of processors has settings of its own."""

import math
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.origin import pretrained
from broken_telephone.models.settings import TorchSettings

_TRIED = (2048, 4096)
"""Sides of the square pictures that a processor is tried on. Its answer counts where it is clearly smaller."""
_CLEARLY = 0.9


def longest_read(settings: TorchSettings, setting: str) -> int | None:
    """Return the side, in pixels, of the largest square picture of which a model reads every pixel.

    The weights are not loaded. A square picture of a plain colour is given to the model's own processor; what comes
    out has as many pixels as the model reads, over all its views or tiles.

    Args:
        settings: where the model is.
        setting: its name in the study.

    Returns:
        None if the processor cannot tell. 4096 for a model that reads pictures of any size.
    """
    try:
        from transformers import AutoImageProcessor

        name, arguments = pretrained(settings, setting)
        processor = AutoImageProcessor.from_pretrained(name, **arguments)
        for side in _TRIED:
            read = _side(processor, side)
            if read < _CLEARLY * side:
                return math.ceil(read)
    # Whatever a processor raises that wants something else than a picture; loading the model will tell what is wrong.
    except Exception:
        return None
    return _TRIED[-1]


def _side(processor: Any, side: int) -> float:
    """Return the side of a square with as many pixels as a processor makes of a picture."""
    pixels = processor(images=[Image.new("RGB", (side, side), "grey")], return_tensors="pt")["pixel_values"]
    arrays = pixels if isinstance(pixels, list | tuple) else [pixels]
    return math.sqrt(sum(int(np.prod(array.shape)) for array in arrays) / 3)
