"""How large a picture a model reads at most: measured, because every family of processors has settings of its own."""

import math
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.loading.load_errors import loading
from broken_telephone.models.loading.provenance import pretrained
from broken_telephone.models.settings import TorchSettings

_TRIED = 2048
"""Side of the square picture that a processor is tried on. Its answer counts where it is clearly smaller.

A larger picture would tell more of models that read more, but takes 0.3 s and 200 MB.
"""
_CLEARLY = 0.9


def longest_read(settings: TorchSettings, setting: str) -> int | None:
    """Return the side, in pixels, of the largest square picture of which a model reads every pixel.

    The weights are not loaded. A square picture of a plain colour is given to the model's own processor; what comes
    out has as many pixels as the model reads, over all its views or tiles.

    Args:
        settings: where the model is.
        setting: its name in the study.

    Returns:
        None if the processor cannot tell. 4096 for a model that reads a picture of 2048 pixels a side in full.

    Raises:
        StudyError: if the processor's files cannot be read.
    """
    with loading(settings, setting):
        from transformers import AutoImageProcessor

        name, arguments = pretrained(settings, setting)
        try:
            processor = AutoImageProcessor.from_pretrained(name, **arguments)
        # Of a kind that transformers does not know: so it is in every run. Files that are missing are OSErrors.
        except ValueError:
            return None
    try:
        read = _side(processor, _TRIED)
    # Whatever a processor raises that wants something else than a picture.
    except Exception:
        return None
    return math.ceil(read) if read < _CLEARLY * _TRIED else 2 * _TRIED


def _side(processor: Any, side: int) -> float:
    """Return the side of a square with as many pixels as a processor makes of a picture."""
    pixels = processor(images=[Image.new("RGB", (side, side), "grey")], return_tensors="pt")["pixel_values"]
    arrays = pixels if isinstance(pixels, list | tuple) else [pixels]
    return math.sqrt(sum(int(np.prod(array.shape)) for array in arrays) / 3)
