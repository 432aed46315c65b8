"""Prepares pictures for networks: groups of one size, tensors, bilinear scaling.

The normalisation, which differs between networks, is theirs.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from PIL import Image

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def by_size(
    items: Sequence[ItemT],
    process: Callable[[list[ItemT]], Sequence[ResultT]],
    size_of: Callable[[ItemT], tuple[int, int]] = attrgetter("size"),
) -> list[ResultT]:
    """Process items whose pictures have the same size together, so that no batch needs padding.

    Args:
        items: pictures, or items that hold one.
        process: returns one result per item of a group.
        size_of: returns the size of an item's picture.

    Returns:
        The results in the order of the items.
    """
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        groups[size_of(item)].append(index)
    results: dict[int, ResultT] = {}
    for indices in groups.values():
        results.update(zip(indices, process([items[index] for index in indices]), strict=True))
    return [results[index] for index in range(len(items))]


def to_tensor(images: Sequence[Image.Image], device: str) -> Any:
    """Return RGB pictures of one size as floats 0 to 1, (n, 3, height, width), channels last in memory."""
    import torch

    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images])).to(device)
    return pixels.permute(0, 3, 1, 2).float().div_(255)


def resize(planes: Any, height: int, width: int) -> Any:
    """Scale (n, channels, h, w) bilinearly, with antialiasing where a side shrinks."""
    from torch.nn import functional

    if planes.shape[2:] == (height, width):
        return planes
    shrinks = height < planes.shape[2] or width < planes.shape[3]
    return functional.interpolate(planes, size=(height, width), mode="bilinear", antialias=shrinks)
