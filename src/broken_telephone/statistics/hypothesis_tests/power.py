"""Power of McNemar's test: the smallest shift of a share that it detects."""

import numpy as np

ALPHA, POWER = 0.05, 0.8
"""The two-sided level of the test, and the power that it should have."""
MIN_CHANGES = 6
"""Least number of changes that can be significant. If all have one direction, p is 2 / 2^6 = 0.03; of five, 0.06."""


def detectable_shift(n: float, changing: float) -> float:
    """Compute the smallest shift of a share that McNemar's test of n pairs detects with the power POWER.

    If the share c of the pairs changes, the test detects a shift d where (Connor 1987, Biometrics 43)

        n = (z sqrt(c) + y sqrt(c - d^2))^2 / d^2,    z = 1.96, y = 0.84: ALPHA and POWER as normal deviates.

    The solution for d is

        d = sqrt(c) r,    r = (z sqrt(n) + y sqrt(n + y^2 - z^2)) / (n + y^2).

    No shift exceeds the share that changes. If all changes have one direction, MIN_CHANGES of them are significant.
    They occur with the required power if d is that quantile of Beta(MIN_CHANGES, n - MIN_CHANGES + 1), as in Clopper
    and Pearson (1934, Biometrika 26). The result is the larger of the two values. Its power is 0.74 to 0.84 from 20
    pairs on. With fewer pairs, most of which change, it falls to 0.53.

    Args:
        n: number of independent pairs.
        changing: share of the pairs that change, 0 to 1.

    Returns:
        0 to 1; null below MIN_CHANGES pairs.
    """
    from scipy.stats import beta, norm

    if n < MIN_CHANGES:
        return np.nan
    z, y = norm.ppf([1 - ALPHA / 2, POWER])
    r = (z * np.sqrt(n) + y * np.sqrt(n + y**2 - z**2)) / (n + y**2)
    return float(max(np.sqrt(changing) * r, beta.ppf(POWER, MIN_CHANGES, n - MIN_CHANGES + 1)))
