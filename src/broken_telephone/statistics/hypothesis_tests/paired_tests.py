"""Whether categories of the same chains differ between two times: Stuart-Maxwell, Bhapkar, McNemar, permutation."""

from typing import NamedTuple

import numpy as np

EXPECTED = 10
"""Below that many chains expected to leave a category, the distribution of the statistic is permuted, not assumed."""


PERMUTATIONS = 10_000
"""The least that are drawn: p is no smaller than one of them, and has to be adjusted for many tests."""


class Tested(NamedTuple):
    """A statistic, its degrees of freedom, its p-value and whether this is of a permutation; null where undefined."""

    statistic: float
    degrees: int
    p_value: float
    permuted: bool


def stuart_maxwell(changes: np.ndarray, n_permutations: int, seed: int) -> Tested:
    """Test that the shares of all categories are the same at both times.

    The statistic d' S^- d with d the sum and S the sum of squares of the clusters' changes. For single chains that is
    Stuart (1955, Biometrika 42) and Maxwell (1970), and of one category McNemar (1947); for several chains in a
    cluster it is the same with clusters as units (Durkalski et al. 2003, Statistics in Medicine 22). The generalised
    inverse counts only categories that change: empty ones cost no degree of freedom, and no count is added anywhere.

    If time makes no difference, a cluster's change is as likely as its reverse, which gives the permutation: exactly
    where one category or two change, else by chance.

    Args:
        changes: (clusters, C): of each cluster, chains with a category after less those before (`Pairs.changes`).
        n_permutations: of the permutation, PERMUTATIONS at least, used where a category is expected to be left by
            fewer than `EXPECTED` clusters.
        seed: of the permutation.

    Returns:
        Null statistic where there are no clusters; p = 1 and no degrees of freedom where nothing changed.
    """
    if not len(changes):
        return Tested(np.nan, 0, np.nan, False)
    squares = changes.T @ changes
    degrees = int(np.linalg.matrix_rank(squares, hermitian=True))
    if not degrees:
        return Tested(0.0, 0, 1.0, False)
    inverse = np.linalg.pinv(squares, hermitian=True)
    total = changes.sum(0)
    statistic = float(total @ inverse @ total)
    leaving = (changes != 0).sum(0) / 2
    if leaving[leaving > 0].min() >= EXPECTED:
        from scipy.stats import chi2

        return Tested(statistic, degrees, float(chi2.sf(statistic, degrees)), False)
    if degrees == 1:
        return Tested(statistic, degrees, _exact(changes[:, np.diag(squares).argmax()]), True)
    n_permutations = max(n_permutations, PERMUTATIONS)
    flipped = _flipped(changes, n_permutations, seed)
    others = ((flipped @ inverse) * flipped).sum(1)
    # As large up to rounding; the sample itself is one of the permutations.
    p_value = (1 + (others >= statistic * (1 - 1e-9)).sum()) / (n_permutations + 1)
    return Tested(statistic, degrees, float(p_value), True)


def bhapkar(test: Tested, clusters: int) -> Tested:
    """Turn Stuart-Maxwell's test into Bhapkar's (1966, JASA 61), W = Q / (1 - Q / n), the more powerful one.

    Its covariance is that of the sample, not of the hypothesis (Agresti 2013, Categorical Data Analysis, 11.3). As W
    grows with Q, a permutation gives both the same p-value.

    Args:
        test: as `stuart_maxwell` gives it.
        clusters: n.

    Returns:
        Null statistic where all clusters changed alike, so that W has no bound.
    """
    if np.isnan(test.statistic) or not test.degrees:
        return test
    left = 1 - test.statistic / clusters
    statistic = test.statistic / left if left > 1e-9 else np.nan
    if test.permuted or np.isnan(statistic):
        return test._replace(statistic=statistic)
    from scipy.stats import chi2

    return test._replace(statistic=statistic, p_value=float(chi2.sf(statistic, test.degrees)))


def _exact(changes: np.ndarray) -> float:
    """How likely a sum as far from zero is, if each change (n,) has either sign: counted, sum by sum."""
    sizes = np.abs(changes[changes != 0]).astype(int)
    likely = np.ones(1)
    for size in sizes:
        apart = np.zeros(2 * size)
        likely = (np.append(likely, apart) + np.append(apart, likely)) / 2
    sums = np.arange(-sizes.sum(), sizes.sum() + 1)
    return float(min(likely[np.abs(sums) >= abs(changes.sum())].sum(), 1.0))


def _flipped(changes: np.ndarray, n_permutations: int, seed: int) -> np.ndarray:
    """Sums of the changes with random signs, (n_permutations, C); clusters that change alike are drawn together."""
    moved = changes[(changes != 0).any(1)]
    first = np.take_along_axis(moved, (moved != 0).argmax(1)[:, None], 1)
    patterns, counts = np.unique(moved * np.sign(first), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).binomial(counts, 0.5, size=(n_permutations, len(counts)))
    return np.asarray((2 * drawn - counts) @ patterns)
