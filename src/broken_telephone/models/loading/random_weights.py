"""Replaces a model's weights by random ones of the same mean and standard deviation."""

from collections.abc import Sequence
from typing import Any

Spread = tuple[float, float] | None
"""Mean and standard deviation of a tensor; None for integers and for a single number."""


def spreads(model: Any) -> list[Spread]:
    """Return the spread of every tensor of weights, in the order of `parameters`."""
    return [
        (weights.float().mean().item(), weights.float().std().item())
        if weights.is_floating_point() and weights.numel() > 1
        else None
        for weights in model.parameters()
    ]


def randomise(model: Any, spread_of: Sequence[Spread], seed: int) -> None:
    """Replace all weights in place; the same seed gives the same weights.

    Args:
        model: a torch module.
        spread_of: the spreads of its true weights, see `spreads`.
        seed: any integer.
    """
    import torch

    # One for each device that a model is spread over.
    generators = {
        device: torch.Generator(device).manual_seed(seed)
        for device in dict.fromkeys(torch.device(weights.device) for weights in model.parameters())
    }
    with torch.no_grad():
        for weights, spread in zip(model.parameters(), spread_of, strict=True):
            generator = generators[torch.device(weights.device)]
            if spread is not None:
                weights.normal_(*spread, generator=generator)
            elif not weights.is_floating_point():
                # Quantised weights are integers; signed ones are drawn symmetrically around zero.
                low = -127 if weights.dtype.is_signed else 0
                weights.random_(low, torch.iinfo(weights.dtype).max + 1, generator=generator)
