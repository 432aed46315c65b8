"""Training of the models that read pictures: half of every batch portraits, half scenes, one loss, one optimiser.

Leaves out what is learned: that is a function from a batch to its loss.
"""

import logging
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from broken_telephone.miniature import training
from broken_telephone.miniature.pictures import PictureSet

_log = logging.getLogger(__name__)
Rows = dict[str, np.ndarray]
"""Rows of a batch: one sorted array for each set, by the set's name."""


def to_tensor(images: np.ndarray) -> torch.Tensor:
    """Pictures, uint8 (n, height, width, 3), as floats 0 to 1, (n, 3, height, width), channels last in memory."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255)


def fit(
    model: nn.Module,
    loss: Callable[[Rows], torch.Tensor],
    sets: dict[str, PictureSet],
    *,
    name: str,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
    weight_decay: float = 0.01,
    constant: float = 0.1,
) -> None:
    """Train a model in place with AdamW, in bfloat16 where the processor is fast at it, then leave it evaluating.

    Args:
        model: what is trained; seed and build it before (`training.set_up`).
        loss: loss of the given rows; called once a step, under autocast.
        sets: the pictures, by name; every batch takes as many of each.
        name: for the progress bar and the log.
        samples: pictures seen in all.
        batch_size: pictures in a batch, of all sets together.
        learning_rate: the highest; see `training.rate`.
        seed: of the order of the pictures.
        threads: processor threads.
        weight_decay: as in AdamW; not applied to norms and biases.
        constant: share of the steps until which the learning rate stays high.
    """
    training.set_up(seed, threads)
    free = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in free if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in free if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.99))
    each = batch_size // len(sets)
    rest = [_rows(len(pictures), each, seed + k) for k, pictures in enumerate(sets.values())][1:]
    first = training.batches(len(next(iter(sets.values()))), each, samples // len(sets), seed, f"Training the {name}")
    model.train()
    began, sums, steps, every = time.monotonic(), 0.0, 0, max(samples // batch_size // 20, 1)
    for progress, rows in first:
        chosen = dict(zip(sets, [np.sort(rows), *map(next, rest)], strict=True))
        with training.mixed_precision():
            value = loss(chosen)
        training.step(optimiser, value, training.rate(progress, learning_rate, constant=constant), model)
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
