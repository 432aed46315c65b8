"""Finds the denoiser of a pipeline, and the blocks that it repeats."""

from collections import Counter
from typing import Any


def denoiser_of(pipeline: Any) -> Any:
    """Return the transformer or U-Net of a diffusers pipeline; None if it has neither."""
    parts = (getattr(pipeline, name, None) for name in ("transformer", "unet"))
    return next((part for part in parts if part is not None), None)


def repeated_blocks(denoiser: Any) -> list[Any]:
    """Return the blocks that a denoiser repeats, which share compiled code; none if there are none.

    Those are the classes that diffusers names, else the members of its lists of equal modules.
    """
    from torch.nn import ModuleList

    named = set(getattr(denoiser, "_repeated_blocks", None) or ())
    if named:
        return [module for module in denoiser.modules() if type(module).__name__ in named]
    lists = [child for child in denoiser.children() if isinstance(child, ModuleList)]
    counts = Counter(type(module) for blocks in lists for module in blocks)
    return [module for blocks in lists for module in blocks if counts[type(module)] > 1]
