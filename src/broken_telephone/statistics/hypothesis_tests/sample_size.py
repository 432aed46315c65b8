"""Number of starts that a paired test needs to detect a change of a share, by simulation."""

import numpy as np

from broken_telephone.statistics.hypothesis_tests.paired_tests import MIN_EXPECTED

DRAWS = 4000
"""Simulated studies for each power; the standard error of a power of 80 % is then 0.6 points."""
MOST_STARTS = 10_000_000
"""No larger number is searched for."""


def simulated_power(
    starts: int, change: float, share_changing: float, level: float, seed: int = 1, draws: int = DRAWS
) -> float:
    """Simulate the power of the test of one share's change, as the table `drift` tests it (McNemar).

    Args:
        starts: number of independent starts.
        change: true change of the share, 0 to 1 in size.
        share_changing: share of starts that enter or leave the category; raised to the size of the change.
        level: two-sided level of the test, after adjustment.
        seed: of the simulation.
        draws: number of simulated studies.

    Returns:
        0 to 1.
    """
    from scipy.stats import binom, chi2

    moving = max(share_changing, abs(change))
    up, down = (moving + abs(change)) / 2, (moving - abs(change)) / 2
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(starts, [up, down, max(1 - up - down, 0.0)], size=draws)[:, :2]
    changed = counts.sum(1)
    statistic = (counts[:, 0] - counts[:, 1]) ** 2 / np.maximum(changed, 1)
    exact = np.minimum(2 * binom.cdf(counts.min(1), changed, 0.5), 1)
    p_values = np.where(changed / 2 >= MIN_EXPECTED, chi2.sf(statistic, 1), exact)
    return float((p_values < level).mean())


def starts_needed(change: float, share_changing: float, level: float, power: float, seed: int = 1) -> int:
    """Find the number of starts with which the test of one share's change has the wished power.

    The search begins at the approximation of Connor (1987, Biometrics 43) and compares simulated powers.

    Args:
        change: true change of the share, above 0 and at most 1 in size.
        share_changing: as for `simulated_power`.
        level: as for `simulated_power`.
        power: wished power, above 0 and below 1.
        seed: of the simulations, which all use the same random numbers.

    Returns:
        Number of starts, at least 1.

    Raises:
        ValueError: if more than MOST_STARTS are needed.
    """
    from scipy.stats import norm

    size, moving = abs(change), max(share_changing, abs(change))
    z, y = norm.isf(level / 2), norm.isf(1 - power)
    roots = z * np.sqrt(moving) + y * np.sqrt(max(moving - size**2, 0.0))
    if not size or roots**2 / size**2 > MOST_STARTS:
        raise ValueError(f"a change of {change} needs more than {MOST_STARTS:,} starts")
    high = max(int(roots**2 / size**2), 1)
    while simulated_power(high, size, moving, level, seed) < power:
        high = int(high * 1.25) + 1
    low = 0
    while high - low > max(high // 200, 1):
        middle = (low + high) // 2
        if middle and simulated_power(middle, size, moving, level, seed) >= power:
            high = middle
        else:
            low = middle
    return high
