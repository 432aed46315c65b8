"""A joint test of many means: whether any of them differs from 0, by random signs of the starts."""

import numpy as np

from broken_telephone.statistics.hypothesis_tests.paired_tests import PERMUTATIONS

NORMAL_FROM = 2000
"""Number of starts from which sums with random signs are drawn from their normal limit."""
_BLOCK = 1000


def joint_sign_test(sums: np.ndarray, seed: int, n_permutations: int = PERMUTATIONS) -> float:
    """Test whether all columns have mean 0, against few large and against many small differences.

    Every start has one random sign in all columns, so that the test accounts for their dependence. The squared sum of a
    column, over its sum of squares, is the statistic of `stuart_maxwell`. Two joint statistics are used: their sum over
    the columns, and their maximum. The p-value is that of the smaller of the two p-values, which the same random signs
    calibrate (Westfall and Young 1993, Resampling-Based Multiple Testing).

    Args:
        sums: (starts, J), the sum of each start in each column; 0 where it has no chain.
        seed: of the signs.
        n_permutations: number of random signs.

    Returns:
        The p-value; null without a start or a column, and 1 if all sums are 0.
    """
    if not sums.size:
        return np.nan
    squares = (sums**2).sum(0)
    sums = sums[:, squares > 0]
    sums = sums[(sums != 0).any(1)]
    if not sums.size:
        return 1.0
    scaled = sums / np.sqrt((sums**2).sum(0))
    rng, starts = np.random.default_rng(seed), len(scaled)
    root = None
    if starts >= NORMAL_FROM:
        values, vectors = np.linalg.eigh(scaled.T @ scaled)
        root = (vectors * np.sqrt(np.maximum(values, 0))).T
    statistics = [_statistics(scaled.sum(0, keepdims=True))]
    for begin in range(0, n_permutations, _BLOCK):
        size = min(_BLOCK, n_permutations - begin)
        if root is None:
            signs = 1.0 - 2.0 * rng.integers(0, 2, (size, starts))
            statistics.append(_statistics(signs @ scaled))
        else:
            statistics.append(_statistics(rng.standard_normal((size, len(root))) @ root))
    both = np.concatenate(statistics)
    # Equal statistics may differ by rounding.
    ranked = np.round(both / both[0].clip(1e-12), 9)
    smallest = np.minimum(*(_share_at_least(column) for column in ranked.T))
    return float((smallest <= smallest[0]).mean())


def _statistics(totals: np.ndarray) -> np.ndarray:
    squares = totals**2
    return np.column_stack([squares.sum(1), squares.max(1)])


def _share_at_least(values: np.ndarray) -> np.ndarray:
    """Return for each value the share of all values that are at least as large."""
    ordered = np.sort(values)
    return np.asarray(1 - np.searchsorted(ordered, values, side="left") / len(values))
