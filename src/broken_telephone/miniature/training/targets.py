"""Computes training targets of low variance: the average picture behind strong noise instead of a single picture.

Near the end of time the model can only know the average of the pictures that fit a caption, and there it is
decided how often each kind of person is drawn. One picture per step is a very noisy sample of that average:
learned so, captions moved the shares of gender only half as far as they should. Averaging over many pictures that
the same caption fits, weighted by how likely each is behind the noisy one, has the same expectation and a small
part of the variance (stable target field: Xu, Tong and Jaakkola 2023, arXiv:2302.00670).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from broken_telephone.miniature.world import language

FROM = 0.85
"""Time from which on targets are averages: before it, the picture itself has nearly all the weight."""
_REFERENCES = 2048
"""Pictures of a pool that are averaged over, beside those in the batch."""

ANYTHING = "anything"


def caption(row: language.Row, rng: np.random.Generator) -> tuple[str, str | None]:
    """Return a training caption: often only the emotion or activity, often everything, sometimes empty.

    Returns:
        The caption, and the name of the pool of pictures that it fits as well; None if it says everything.
    """
    kind = rng.random()
    if kind < 0.10:
        return "", ANYTHING
    if kind < 0.35:
        return language.free_sentence(row), None
    start = kind < 0.50
    if row["kind"] == "scenes":
        text = language.start_sentence(row, rng) if start else language.activity_sentence(row, rng)
        return text, str(row["doing"] if row["doing"] in text else row["activity"])
    return language.start_sentence(row, rng) if start else language.emotion_sentence(row, rng), str(row["emotion"])


def pools(people: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the rows of pictures that fit a caption: name of `caption` -> int64 rows."""
    pool = {ANYTHING: np.arange(len(people))}
    portraits = (people["kind"] == "portraits").to_numpy()
    for column, rows in (("emotion", portraits), ("activity", ~portraits), ("doing", ~portraits)):
        for name in people.loc[rows, column].unique():
            pool[str(name)] = np.flatnonzero(rows & (people[column] == name).to_numpy())
    return pool


def averaged(time: torch.Tensor, fits: Sequence[str | None]) -> torch.Tensor:
    """Return which targets are averages, (n,) bool: late samples whose caption fits several pictures.

    Args:
        time: (n,), in (0, 1).
        fits: n names of pools, see `caption`.
    """
    return (time > FROM) & torch.tensor([name is not None for name in fits])


def expected(
    noisy: torch.Tensor,
    index: np.ndarray,
    time: torch.Tensor,
    fits: Sequence[str | None],
    latents: np.ndarray,
    pool: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> torch.Tensor:
    """Return the target of noisy latents: the picture, or from FROM on an average over pictures that fit its caption.

    Args:
        noisy: (n, c, h, w), (1 - time) * latents[index] + time * standard normal noise.
        index: (n,), rows of the pictures they were made of.
        time: (n,), in (0, 1).
        fits: n names of pools, see `caption`.
        latents: (m, c, h, w), all pictures.
        pool: see `pools`; it holds the picture itself.
        rng: which pictures are looked at.

    Returns:
        (n, c, h, w).
    """
    result = torch.from_numpy(latents[index].astype(np.float32))
    late = averaged(time, fits)
    names = np.array([str(name) for name in fits])
    for name in sorted(set(names[late.numpy()])):
        chosen = np.flatnonzero(late.numpy() & (names == name))
        rows = pool[name]
        if len(rows) > _REFERENCES:
            # The references must include the original of each noisy picture exactly once.
            rows = np.union1d(rng.choice(rows, _REFERENCES, replace=False), index[chosen])
        pictures = torch.from_numpy(latents[rows].astype(np.float32)).flatten(1)
        noisy_pictures, when = noisy[chosen].flatten(1), time[chosen][:, None]
        # Squared distances of the noisy picture from each equally faded reference, without common terms.
        distances = (1 - when).square() * pictures.square().sum(1) - 2 * (1 - when) * (noisy_pictures @ pictures.T)
        weights = torch.softmax(-distances / (2 * when.square()), 1)
        result[chosen] = (weights @ pictures).reshape(-1, *noisy.shape[1:])
    return result
