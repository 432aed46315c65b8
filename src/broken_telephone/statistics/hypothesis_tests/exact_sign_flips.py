"""An exact test of a mean of paired differences: all random signs of the starts are counted, none is drawn."""

import numpy as np


def exact_sign_flips(sums: np.ndarray) -> tuple[float, float]:
    """Test whether differences of starts have mean 0, by the distribution of their sum over all signs (Fisher).

    The test is exact if the two levels of each start are exchangeable. With differences of one size it is the sign
    test, and with single pairs of yes and no it is McNemar's exact test.

    Args:
        sums: whole numbers (starts,), the difference of each start.

    Returns:
        The two-sided p-value, and the one-sided p-value of a sum as large as the observed one or larger; both are 1 if
        all differences are 0.
    """
    from scipy.stats import binom

    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    chances = np.ones(1)
    for size, count in zip(sizes.astype(int), counts, strict=True):
        # Of `count` starts, k are positive: the sum is size (2 k - count).
        own = np.zeros(2 * size * count + 1)
        own[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.convolve(chances, own)
    reach = (len(chances) - 1) // 2
    totals = np.arange(-reach, reach + 1)
    observed = int(sums.sum())
    two_sided, larger = chances[np.abs(totals) >= abs(observed)].sum(), chances[totals >= observed].sum()
    return float(min(two_sided, 1.0)), float(min(larger, 1.0))
