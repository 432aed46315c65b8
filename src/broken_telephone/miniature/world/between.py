"""Mixes pictures of twins of different gender, with the share of each twin.

A generator sometimes draws a man's hair above painted lips. Nothing rendered looks like that, so classifiers with other
seeds read it differently, and all with certainty. These pictures define the answer: the share of a gender is its twin's
share of the visible difference.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from broken_telephone.miniature.training.fitting import to_tensor
from broken_telephone.miniature.world.pictures import PictureSet

_PATCHES = 4
"""Patches of a mask in each direction."""
_EDGE = 2.0
"""Softness of a division: distance in pixels over which a twin's share falls from 0.73 to 0.27."""


def pairs(twins: Sequence[PictureSet], count: int, rng: np.random.Generator) -> list[torch.Tensor]:
    """Return pictures of random pairs, `count` from each set.

    Args:
        twins: sets of pairs, see `pictures.draw_twins`.
        count: pairs of each.
        rng: which.

    Returns:
        For each gender, in the order of `people.GENDERS`: float, (n, 3, height, width), 0 to 1, in the same order.
    """
    rows = [2 * np.sort(rng.choice(len(kind) // 2, count)) for kind in twins]
    return [
        torch.cat([to_tensor(kind.images[some + gender]) for kind, some in zip(twins, rows, strict=True)])
        for gender in range(2)
    ]


@torch.no_grad()
def between(first: torch.Tensor, second: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend the second picture into the first with a soft mask, divided at a height or in patches.

    Args:
        first: float, (n, 3, height, width), pictures of one gender.
        second: likewise, of their twins.
        generator: the only source of randomness.

    Returns:
        The pictures, and how much of what tells the twins apart shows the second, (n,), 0 to 1: by area and by
        squared difference in colour, so that long hair counts for more than lips.
    """
    count, _, height, width = first.shape
    shape = (count, 1, 1, 1)

    def coins() -> torch.Tensor:
        return torch.rand(shape, generator=generator) < 0.5

    noise = torch.randn((count, 1, _PATCHES, _PATCHES), generator=generator)
    patches = functional.interpolate(noise, size=(height, width), mode="bilinear")
    patches = 8 * patches - 4 * torch.randn(shape, generator=generator)
    cut = height * torch.rand(shape, generator=generator)
    divided = (torch.arange(float(height))[:, None] - cut) / _EDGE
    divided = torch.where(coins(), divided, -divided)
    mask = torch.where(coins(), patches, divided).sigmoid()
    apart = (second - first).square().sum(1, keepdim=True)
    share = (mask * apart).sum((1, 2, 3)) / apart.sum((1, 2, 3)).clamp_min(1e-6)
    return torch.lerp(first, second, mask), share
