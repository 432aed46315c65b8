"""Power of McNemar's test: the smallest shift of a share that it detects."""

import numpy as np

ALPHA, POWER = 0.05, 0.8
"""The two-sided level of the test, and the power that it should have."""
MIN_CHANGES = 6
"""Least number of changes that can be significant at ALPHA. If all have one direction, p is 2 / 2^6 = 0.03."""


def least_changes(level: np.ndarray | float) -> np.ndarray:
    """Compute the least number of changes of one direction that McNemar's test rejects: 2 / 2^k is at most the level.

    Args:
        level: of the test, above 0.

    Returns:
        Integers as float64, in the shape of level.
    """
    # A level that equals 2 / 2^k may be rounded down.
    return np.asarray(np.ceil(1 - np.log2(level) - 1e-9))


def detectable_shift(
    n: np.ndarray | float, changing: np.ndarray | float, level: np.ndarray | float = ALPHA
) -> np.ndarray:
    """Compute the smallest shift of a share that McNemar's test of n pairs detects with the power POWER.

    If the share c of the pairs changes, the test detects a shift d where (Connor 1987, Biometrics 43)

        n = (z sqrt(c) + y sqrt(c - d^2))^2 / d^2,    z, y: normal deviates of the level and of POWER (1.96, 0.84).

    The solution for d is

        d = sqrt(c) r,    r = (z sqrt(n) + y sqrt(n + y^2 - z^2)) / (n + y^2).

    No shift exceeds the share that changes. If all changes have one direction, k = `least_changes` of them are
    significant. They occur with the required power if d is that quantile of Beta(k, n - k + 1), as in Clopper and
    Pearson (1934, Biometrika 26). The result is the larger of the two values. Its power is 0.74 to 0.84 from 20 pairs
    on at the level ALPHA. With fewer pairs, most of which change, it falls to 0.53.

    Args:
        n: number of independent pairs.
        changing: share of the pairs that change, 0 to 1.
        level: of the two-sided test. After an adjustment for many tests, it is below ALPHA.

    Returns:
        0 to 1, float64 in the common shape of the arguments; null below `least_changes` pairs.
    """
    from scipy.stats import beta, norm

    n, changing, level = np.broadcast_arrays(*(np.asarray(one, float) for one in (n, changing, level)))
    least = least_changes(level)
    enough = n >= least
    pairs = np.where(enough, n, least)
    z, y = norm.isf(level / 2), norm.ppf(POWER)
    r = (z * np.sqrt(pairs) + y * np.sqrt(np.maximum(pairs + y**2 - z**2, 0))) / (pairs + y**2)
    one_direction = beta.ppf(POWER, least, pairs - least + 1)
    return np.asarray(np.where(enough, np.maximum(np.sqrt(changing) * r, one_direction), np.nan))
