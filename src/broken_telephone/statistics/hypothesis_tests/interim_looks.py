"""Repeated tests of one paired change, at interim looks whose overall error rate is controlled.

Alpha spending fits a study whose largest number of starts is planned. Confidence sequences (Waudby-Smith and Ramdas
2024, JRSS B 86) need no such plan, but pay for looks without end. Their library, confseq 0.0.11 (2023), has no wheels
for Python 3.11 and later.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

_STEPS = 100_000
"""Steps of the random walk that stands for Brownian motion."""


class Look(NamedTuple):
    """The test at one look."""

    total: float
    """Sum of the changes of all starts so far."""
    boundary: float
    """Smallest absolute sum that rejects at this look; infinite if none does."""
    spent: float
    """Probability of a rejection at this or an earlier look if nothing changes, given the sizes of the changes."""
    crossed: bool
    """Whether the sum reaches the boundary."""


def spent_level(fractions: Sequence[float], level: float) -> np.ndarray:
    """Compute the level that may be spent up to each look, by the O'Brien-Fleming type of Lan and DeMets (1983).

    Each tail spends 2 - 2 Phi(z / sqrt(t)) of its half of the level (Biometrika 70, 659-663). This is little early on,
    so that the last look keeps nearly the whole level.

    Args:
        fractions: t, the shares of the planned starts that have been observed; ascending, above 0 and at most 1.
        level: of the whole study, 0 to 1.

    Returns:
        (looks,), ascending, at most `level`.

    Raises:
        ValueError: if the fractions do not ascend within these limits.
    """
    from scipy.stats import norm

    shares = np.asarray(fractions, dtype=float)
    if len(shares) and not (shares[0] > 0 and shares[-1] <= 1 and (np.diff(shares) > 0).all()):
        raise ValueError("fractions of the planned starts ascend, above 0 and at most 1")
    return np.asarray(4 * norm.sf(norm.isf(level / 4) / np.sqrt(shares)))


def sequential_sign_test(changes: Sequence[np.ndarray], fractions: Sequence[float], level: float) -> list[Look]:
    """Test at each look whether the changes of the starts so far have no direction.

    If nothing drifts, the change of a start is as likely as its reverse (see `paired_tests.stuart_maxwell`). Given the
    sizes of the changes, their sum is then a random walk of known distribution. Each boundary is computed from this
    distribution without the part that crossed an earlier boundary. The test is therefore exact for any number of
    starts, and its error rate is at most the level, whatever the looks show. Looks and fractions must not depend on
    the results.

    Args:
        changes: for each look, the whole-number changes (m,) of the starts that are new at this look.
        fractions: as for `spent_level`, one for each look.
        level: of the whole study.

    Returns:
        One look for each item of `changes`.
    """
    density, spent, total, looks = np.ones(1), 0.0, 0.0, []
    for new, allowed in zip(changes, spent_level(fractions, level), strict=True):
        density = _with_random_signs(density, np.abs(new).astype(np.int64))
        total += float(np.sum(new))
        boundary, crossing = _boundary(density, float(allowed) - spent)
        spent += crossing
        density = _without_tails(density, boundary)
        looks.append(Look(total, boundary, spent, abs(total) >= boundary))
    return looks


def interval_quantiles(fractions: Sequence[float], level: float) -> np.ndarray:
    """Compute the normal quantiles of repeated confidence intervals (Jennison and Turnbull 1989, JRSS B 51).

    The intervals value +- quantile * standard error of all looks hold together with the probability 1 - level.

    Args:
        fractions: as for `spent_level`.
        level: of all looks together.

    Returns:
        (looks,), the boundaries of Brownian motion.
    """
    return np.array(_brownian_boundaries(tuple(fractions), level))


@lru_cache(maxsize=64)
def _brownian_boundaries(fractions: tuple[float, ...], level: float) -> list[float]:
    from scipy.signal import fftconvolve
    from scipy.stats import binom

    density, spent, before, quantiles = np.ones(1), 0.0, 0, []
    for share, allowed in zip(fractions, spent_level(fractions, level), strict=True):
        steps = max(round(share * _STEPS) - before, 1)
        before += steps
        signs = np.zeros(2 * steps + 1)
        signs[::2] = binom.pmf(np.arange(steps + 1), steps, 0.5)
        density = np.maximum(fftconvolve(density, signs), 0)
        # A walk takes every second value; the boundary lies between them.
        boundary, crossing = _boundary(density, float(allowed) - spent)
        boundary = boundary if np.isfinite(boundary) else before + 1
        spent += crossing
        density = _without_tails(density, boundary)
        quantiles.append((boundary - 1) / np.sqrt(before))
    return quantiles


def _with_random_signs(density: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the density of a sum, over -m to m, after changes of the given sizes with random signs were added."""
    from scipy.stats import binom

    for size, count in zip(*np.unique(sizes[sizes > 0], return_counts=True), strict=True):
        signs = np.zeros(2 * size * count + 1)
        signs[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        density = np.convolve(density, signs)
    return density


def _boundary(density: np.ndarray, available: float) -> tuple[float, float]:
    """Return the smallest absolute sum whose tails have at most the available probability, and their probability."""
    middle = len(density) // 2
    outside = density[middle + 1 :] + density[:middle][::-1]
    tails = outside[::-1].cumsum()[::-1]
    allowed = np.flatnonzero((tails <= available) & (outside > 0))
    if not len(allowed):
        return np.inf, 0.0
    return float(allowed[0] + 1), float(tails[allowed[0]])


def _without_tails(density: np.ndarray, boundary: float) -> np.ndarray:
    if not np.isfinite(boundary):
        return density
    sums = np.arange(len(density)) - len(density) // 2
    return np.where(np.abs(sums) >= boundary, 0.0, density)
