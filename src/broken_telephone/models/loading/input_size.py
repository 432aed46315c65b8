"""Measures how large a picture a model reads at most.

It is measured because every family of processors has settings of its own.
"""

import math
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.models.loading.load_errors import loading
from broken_telephone.models.loading.provenance import pretrained
from broken_telephone.models.loading.torch_model import TorchModel, TorchSettingsT

_TRIED = 2048
"""Side of the square picture that a processor is tried on. Its output counts where it is clearly smaller.

A larger picture would measure models that read more, but takes 0.3 s and 200 MB.
"""
_CLEARLY = 0.9


class PictureModel(TorchModel[TorchSettingsT]):
    """A model of transformers that reads pictures."""

    @cached_property
    def longest(self) -> int | None:
        """The side, in pixels, of the largest square picture of which the model reads every pixel.

        The weights are not loaded. The model's own processor prepares a square picture of a plain colour. Its output
        has as many pixels as the model reads, over all views or tiles. None if the processor cannot tell; 4096 for a
        model that reads a picture of 2048 pixels a side in full.

        Raises:
            StudyError: if the processor's files cannot be read.
        """
        with loading(self.settings, self.setting):
            from transformers import AutoImageProcessor

            name, arguments = pretrained(self.settings, self.setting)
            try:
                processor = AutoImageProcessor.from_pretrained(name, **arguments)
            # transformers does not know the processor's class, in this run and every other. Missing files are OSErrors.
            except ValueError:
                return None
        try:
            side = _side(processor, _TRIED)
        # A processor that takes something else than pictures may raise anything.
        except Exception:
            return None
        return math.ceil(side) if side < _CLEARLY * _TRIED else 2 * _TRIED


def _side(processor: Any, side: int) -> float:
    """Return the side of a square with as many pixels as a processor makes of a picture."""
    pixels = processor(images=[Image.new("RGB", (side, side), "grey")], return_tensors="pt")["pixel_values"]
    arrays = pixels if isinstance(pixels, list | tuple) else [pixels]
    return math.sqrt(sum(int(np.prod(array.shape)) for array in arrays) / 3)
