"""Pictures as the numbers that networks take; leaves out what each network subtracts and divides by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image


def to_tensor(images: Sequence[Image.Image], device: str) -> Any:
    """Return RGB pictures of one size as floats 0 to 1, (n, 3, height, width), channels last in memory."""
    import torch

    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images])).to(device)
    return pixels.permute(0, 3, 1, 2).float().div_(255)


def resize(planes: Any, height: int, width: int) -> Any:
    """Scale (n, channels, h, w) bilinearly; where that shrinks, every old value still counts."""
    from torch.nn import functional

    if planes.shape[2:] == (height, width):
        return planes
    shrinks = height < planes.shape[2] or width < planes.shape[3]
    return functional.interpolate(planes, size=(height, width), mode="bilinear", antialias=shrinks)
