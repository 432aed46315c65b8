"""Markov chain of the transitions between categories from picture to picture: its fixed point and its half-life.

The model assumes equal transition probabilities at all steps, and estimates them from all steps together.
"""

import numpy as np

_SQUARINGS = 30


def transition_matrix(tables: np.ndarray) -> np.ndarray:
    """Estimate the probability of each next category (columns) given the category (rows) from counts (..., C, C).

    A category that never occurs before a step is absorbing.
    """
    before = tables.sum(-1, keepdims=True)
    identity = np.broadcast_to(np.eye(tables.shape[-1]), tables.shape)
    return np.asarray(np.where(before > 0, tables / np.where(before > 0, before, 1), identity))


def fixed_point(matrices: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Compute the limit of shares (C,) or (..., C) under transition matrices (..., C, C): (..., C).

    The lazy chain (P + 1) / 2, squared thirty times, has the fixed points of P and no cycles.
    """
    power = (matrices + np.eye(matrices.shape[-1])) / 2
    for _ in range(_SQUARINGS):
        power = power @ power
    return np.asarray((np.asarray(shares)[..., None, :] @ power)[..., 0, :])


def contraction_factor(matrices: np.ndarray, shares: np.ndarray, limits: np.ndarray, steps: int) -> np.ndarray:
    """Compute the factor by which one step reduces the distance to the fixed point, as a geometric mean of steps.

    The distance is the total variation between shares and fixed point. The second eigenvalue, which usually defines
    half-lives (Shorrocks 1978, Econometrica 46), describes the slowest component only, however small it is. Its
    estimate is biased upwards, because it is the largest of several that may be equal.

    Args:
        matrices: (..., C, C), see `transition_matrix`.
        shares: (C,), at the beginning.
        limits: (..., C), see `fixed_point`.
        steps: number of steps, at least 1.

    Returns:
        (...), 0 to 1; null where the shares begin at the fixed point.
    """
    later = np.broadcast_to(shares, limits.shape)
    for _ in range(steps):
        later = (later[..., None, :] @ matrices)[..., 0, :]
    initial, remaining = (np.abs(values - limits).sum(-1) for values in (shares, later))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.clip(remaining / initial, 0, 1) ** (1 / steps)
        return np.asarray(np.where(initial > 1e-9, ratio, np.nan))


def half_life(factor: float) -> float:
    """Return the number of steps that halve the distance to the fixed point: log 1/2 over log of the factor.

    0 for a factor of 0; null for a factor of 1, which leaves all of the distance, and for a null factor.
    """
    if factor < 1e-9:
        return 0.0
    return float(np.log(0.5) / np.log(factor)) if factor < 1 - 1e-9 else np.nan
