"""Contains the shared parts of training runs: seeded batches, learning rate schedule and weight averages.

No trainer framework: each model's loop is a dozen lines in its own file.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel


def set_up(seed: int, threads: int) -> None:
    """Seed torch and fix the number of threads (0 leaves torch's own choice)."""
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)


@contextmanager
def mixed_precision() -> Iterator[None]:
    """Use bf16 if the processor supports it, else full precision; disable the flash attention kernel.

    With a hundred tokens the flash kernel's backward pass on a CPU takes longer than the rest of a model.
    """
    fast = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    with torch.autocast("cpu", torch.bfloat16, enabled=fast), sdpa_kernel(SDPBackend.MATH):
        yield


def batches(count: int, size: int, samples: int, seed: int, name: str) -> Iterator[tuple[float, np.ndarray]]:
    """Yield progress from 0 to 1 and shuffled indices below `count`, int64 (size,), up to `samples` indices.

    Shows a progress bar. Each pass over the data has an order of its own.
    """
    rng = np.random.default_rng(seed)
    steps = max(samples // size, 1)
    order = np.empty(0, np.int64)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} batches"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task(name, total=steps)
        for step in range(steps):
            while len(order) < size:
                order = np.concatenate([order, rng.permutation(count)])
            yield step / steps, order[:size]
            order = order[size:]
            progress.advance(task)


def rate(progress: float, peak: float, warm: float = 0.02, constant: float = 0.3) -> float:
    """Return the learning rate at a progress from 0 to 1: linear rise, plateau, half a cosine down to zero."""
    if progress < warm:
        return peak * (progress + 1e-3) / warm
    if progress < constant:
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - constant) / (1 - constant)))


class Together:
    """Combines several optimisers, each with its own parameters."""

    def __init__(self, *optimisers: torch.optim.Optimizer) -> None:
        self._all = optimisers
        self.param_groups = [group for optimiser in optimisers for group in optimiser.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset all gradients."""
        for optimiser in self._all:
            optimiser.zero_grad(set_to_none=set_to_none)

    def step(self) -> None:
        """Update all parameters."""
        for optimiser in self._all:
            optimiser.step()


def step(optimiser: torch.optim.Optimizer | Together, loss: torch.Tensor, peak_rate: float, model: nn.Module) -> None:
    """Update once with gradients clipped to norm 1; a parameter group's `scale` multiplies its rate."""
    for group in optimiser.param_groups:
        group["lr"] = peak_rate * group.get("scale", 1.0)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], 1.0)
    optimiser.step()


def to_unit(images: np.ndarray) -> torch.Tensor:
    """Convert uint8 (n, h, w, 3) to float32 (n, 3, h, w) in [-1, 1]."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_bytes(pictures: torch.Tensor) -> np.ndarray:
    """Convert float (n, 3, h, w) in [-1, 1] to uint8 (n, h, w, 3)."""
    scaled = pictures.float().clamp(-1, 1).add(1).mul(127.5).round()
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
