"""Trains models that read pictures: half of every batch are portraits, half scenes, with one loss and optimiser.

Leaves out what is learned: that is a function from a batch to its loss.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from broken_telephone.miniature.training import optimisation
from broken_telephone.miniature.world.pictures import PictureSet

_log = logging.getLogger(__name__)
Rows = dict[str, np.ndarray]
"""Rows of a batch: one sorted array for each set, by the set's name."""


def to_tensor(images: np.ndarray) -> torch.Tensor:
    """Convert pictures, uint8 (n, height, width, 3), to floats 0 to 1, (n, 3, height, width), channels last."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255)


@dataclass(frozen=True)
class Schedule:
    """Duration and settings of a training run."""

    samples: int
    """Pictures seen in all."""
    batch_size: int
    """Pictures in a batch, of all sets together."""
    learning_rate: float
    """The highest; see `training.rate`."""
    seed: int
    """Seed of all random numbers."""
    threads: int
    """Processor threads; 0 for torch's own choice."""


def fit(
    model: nn.Module,
    loss: Callable[[Rows], torch.Tensor],
    sets: dict[str, PictureSet],
    schedule: Schedule,
    *,
    name: str,
    weight_decay: float = 0.01,
    constant: float = 0.1,
) -> None:
    """Train a model in place with AdamW, in bfloat16 if the processor supports it; leave it in evaluation mode.

    Args:
        model: what is trained; seed and build it before (`training.set_up`).
        loss: loss of the given rows; called once a step, under autocast.
        sets: the pictures, by name; every batch takes as many of each.
        schedule: how long and how.
        name: for the progress bar and the log.
        weight_decay: as in AdamW; not applied to norms and biases.
        constant: share of the steps until which the learning rate stays high.
    """
    samples, size, peak, seed = schedule.samples, schedule.batch_size, schedule.learning_rate, schedule.seed
    optimisation.set_up(seed, schedule.threads)
    free = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in free if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.99))
    each = size // len(sets)
    rest = [_rows(len(pictures), each, seed + k) for k, pictures in enumerate(sets.values())][1:]
    count = len(next(iter(sets.values())))
    first = optimisation.batches(count, each, samples // len(sets), seed, f"Training the {name}")
    model.train()
    began, sums, steps, every = time.monotonic(), 0.0, 0, max(samples // size // 20, 1)
    for progress, rows in first:
        chosen = dict(zip(sets, [np.sort(rows), *map(next, rest)], strict=True))
        with optimisation.mixed_precision():
            value = loss(chosen)
        optimisation.step(optimiser, value, optimisation.rate(progress, peak, constant=constant), model)
        sums, steps = sums + float(value.detach()), steps + 1
        if steps % every == 0:
            spent = time.monotonic() - began
            _log.info("%s: %d %% done, loss %.4f, %.0f s", name, round(100 * progress), sums / every, spent)
            sums = 0.0
    model.eval()


def _rows(count: int, size: int, seed: int) -> Iterator[np.ndarray]:
    rng, order = np.random.default_rng(seed), np.empty(0, np.int64)
    while True:
        while len(order) < size:
            order = np.concatenate([order, rng.permutation(count)])
        yield np.sort(order[:size])
        order = order[size:]
