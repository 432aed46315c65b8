"""Tests of marginal homogeneity for the same chains at two iterations: Stuart-Maxwell, Bhapkar, McNemar."""

from typing import NamedTuple

import numpy as np

MIN_EXPECTED = 10
"""Expected number of chains that leave a category. Below it, a permutation distribution replaces chi-square."""
PERMUTATIONS = 10_000
"""Least number of permutations. It limits the smallest p-value, which has to survive the adjustment for many tests."""


class HypothesisTest(NamedTuple):
    """A test statistic, its degrees of freedom and p-value, and whether a permutation gave it; null if undefined."""

    statistic: float
    degrees: int
    p_value: float
    permuted: bool = False


def chi_square_test(statistic: float, degrees: int) -> HypothesisTest:
    """Return the test of a statistic that has a chi-square distribution under the null hypothesis."""
    from scipy.stats import chi2

    return HypothesisTest(statistic, degrees, float(chi2.sf(statistic, degrees)))


def permutation_test(statistic: float, degrees: int, permuted: np.ndarray) -> HypothesisTest:
    """Return the test of a statistic against its values (n,) in random permutations."""
    # The sample is one of the permutations, and equal statistics may differ by rounding.
    p_value = (1 + (permuted >= statistic * (1 - 1e-9)).sum()) / (len(permuted) + 1)
    return HypothesisTest(statistic, degrees, float(p_value), True)


def stuart_maxwell(changes: np.ndarray, n_permutations: int, seed: int) -> HypothesisTest:
    """Test whether all categories have the same shares at both iterations.

    The statistic is d' S^- d, where d is the sum of the clusters' changes and S the sum of their squares. For
    independent chains this is the test of Stuart (1955, Biometrika 42) and Maxwell (1970), and for one category that of
    McNemar (1947). Clusters of several chains are the units of the same statistic (Durkalski et al. 2003, Statistics in
    Medicine 22). The generalised inverse ignores categories without a change: empty categories cost no degree of
    freedom, and no pseudo-count is added.

    Under the null hypothesis, the change of a cluster is as likely as its reverse. The permutation test flips the signs
    of the changes. It is exact if one or two categories change, and random otherwise.

    Args:
        changes: (clusters, C), see `PairedCounts.changes`.
        n_permutations: number of permutations, raised to PERMUTATIONS. They are used if fewer than MIN_EXPECTED
            clusters are expected to leave a category.
        seed: of the permutations.

    Returns:
        A null statistic without clusters; p = 1 and no degrees of freedom without a change.
    """
    if not len(changes):
        return HypothesisTest(np.nan, 0, np.nan)
    squares = changes.T @ changes
    degrees = int(np.linalg.matrix_rank(squares, hermitian=True))
    if not degrees:
        return HypothesisTest(0.0, 0, 1.0)
    inverse = np.linalg.pinv(squares, hermitian=True)
    total = changes.sum(0)
    statistic = float(total @ inverse @ total)
    leaving = (changes != 0).sum(0) / 2
    if leaving[leaving > 0].min() >= MIN_EXPECTED:
        return chi_square_test(statistic, degrees)
    if degrees == 1:
        return HypothesisTest(statistic, degrees, _exact_p_value(changes[:, np.diag(squares).argmax()]), True)
    totals = _permuted_totals(changes, max(n_permutations, PERMUTATIONS), seed)
    return permutation_test(statistic, degrees, ((totals @ inverse) * totals).sum(1))


def bhapkar(test: HypothesisTest, clusters: int) -> HypothesisTest:
    """Turn a Stuart-Maxwell test into the more powerful test of Bhapkar (1966, JASA 61), W = Q / (1 - Q / n).

    Bhapkar's covariance is that of the sample instead of the null hypothesis (Agresti 2013, Categorical Data Analysis,
    11.3). W increases with Q, so permutation gives both tests the same p-value.

    Args:
        test: see `stuart_maxwell`.
        clusters: number of clusters n.

    Returns:
        A null statistic if all clusters changed alike, which makes W infinite.
    """
    if np.isnan(test.statistic) or not test.degrees:
        return test
    remainder = 1 - test.statistic / clusters
    statistic = test.statistic / remainder if remainder > 1e-9 else np.nan
    if test.permuted or np.isnan(statistic):
        return test._replace(statistic=statistic)
    return chi_square_test(statistic, test.degrees)


def _exact_p_value(changes: np.ndarray) -> float:
    """Compute the exact probability of a sum at least as far from zero if each change (n,) has a random sign."""
    sizes = np.abs(changes[changes != 0]).astype(int)
    probabilities = np.ones(1)
    for size in sizes:
        shift = np.zeros(2 * size)
        probabilities = (np.append(probabilities, shift) + np.append(shift, probabilities)) / 2
    sums = np.arange(-sizes.sum(), sizes.sum() + 1)
    return float(min(probabilities[np.abs(sums) >= abs(changes.sum())].sum(), 1.0))


def _permuted_totals(changes: np.ndarray, n_permutations: int, seed: int) -> np.ndarray:
    """Sum the changes with random signs, (n_permutations, C). Clusters with equal changes are drawn together."""
    moved = changes[(changes != 0).any(1)]
    first = np.take_along_axis(moved, (moved != 0).argmax(1)[:, None], 1)
    patterns, counts = np.unique(moved * np.sign(first), axis=0, return_counts=True)
    positive = np.random.default_rng(seed).binomial(counts, 0.5, size=(n_permutations, len(counts)))
    return np.asarray((2 * positive - counts) @ patterns)


def sign_flip_test(sums: np.ndarray, n_permutations: int, seed: int) -> HypothesisTest:
    """Test whether numbers other than counts have a distribution that is symmetric around 0.

    The statistic is the absolute sum of the clusters. All signs are tried if there are at most `n_permutations` of
    them, otherwise random ones (Fisher 1935, The Design of Experiments, section 21).

    Args:
        sums: (clusters,), the sum of each cluster.
        n_permutations: raised to PERMUTATIONS.
        seed: of the permutations.
    """
    n, size = max(n_permutations, PERMUTATIONS), len(sums)
    if not size:
        return HypothesisTest(np.nan, 0, np.nan)
    statistic = float(np.abs(sums.sum()))
    if 2**size <= n:
        signs = 1 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
        totals = np.abs(signs @ sums)
        return HypothesisTest(statistic, 1, float((totals >= statistic * (1 - 1e-9)).mean()), True)
    signs = 1 - 2 * np.random.default_rng(seed).integers(0, 2, (n, size), dtype=np.int8)
    return permutation_test(statistic, 1, np.abs(signs @ sums))
