"""Tests of homogeneity for groups of different chains: chi-square and likelihood ratio, with permutation of starts."""

from collections.abc import Sequence

import numpy as np

from broken_telephone.statistics.hypothesis_tests.paired_tests import (
    PERMUTATIONS,
    HypothesisTest,
    chi_square_test,
    permutation_test,
)

CHI_SQUARE, G = "chi-square", "G"
MIN_EXPECTED = 5
"""Expected number of chains in a cell. Below it, a permutation distribution replaces chi-square. This is the usual
rule; Cochran (1954, Biometrics 10) is more lenient."""
MAX_SIZE_RATIO = 1.25
"""Largest ratio of the groups' mean numbers of chains per start at which starts are exchangeable."""


def homogeneity_tests(groups: Sequence[np.ndarray], n_permutations: int, seed: int) -> dict[str, HypothesisTest]:
    """Test whether all groups have the same shares, by chi-square (Pearson 1900) and likelihood ratio G (Wilks 1938).

    Categories that no group has cost no degree of freedom. There are no pseudo-counts and no continuity correction. If
    chains share a start, or if a cell has too few expected chains, starts are assigned to the groups at random, with
    the sizes of the groups fixed (`scipy.stats.random_table`). With one chain for each start, the permuted tables have
    the margins of the sample. Starts with many chains are not exchangeable with starts of few: 40 starts of one chain
    against one start of twenty would give no evidence in two of three studies. Above MAX_SIZE_RATIO there is no
    p-value.

    Args:
        groups: two or more, each (starts, C): chains of each start by category. Groups without a chain are left out.
        n_permutations: number of permutations, raised to PERMUTATIONS.
        seed: of the permutations.

    Returns:
        CHI_SQUARE and G -> test. The p-value is null above MAX_SIZE_RATIO. The statistic is null if fewer than two
        groups have a chain. p = 1 and there are no degrees of freedom if only one category occurs.
    """
    tables = [group[group.sum(1) > 0] for group in groups]
    tables = [table for table in tables if len(table)]
    if len(tables) < 2:
        return dict.fromkeys((CHI_SQUARE, G), HypothesisTest(np.nan, 0, np.nan))
    starts = np.concatenate(tables)
    occurring = starts.sum(0) > 0
    counts = np.array([table.sum(0) for table in tables])[:, occurring]
    degrees = (len(counts) - 1) * (counts.shape[1] - 1)
    if not degrees:
        return dict.fromkeys((CHI_SQUARE, G), HypothesisTest(0.0, 0, 1.0))
    statistics = {name: float(values) for name, values in _statistics(counts).items()}
    if (starts.sum(1) == 1).all() and _expected(counts).min() >= MIN_EXPECTED:
        return {name: chi_square_test(statistic, degrees) for name, statistic in statistics.items()}
    mean_chains = [table.sum() / len(table) for table in tables]
    if max(mean_chains) > MAX_SIZE_RATIO * min(mean_chains):
        return {name: HypothesisTest(statistic, degrees, np.nan) for name, statistic in statistics.items()}
    from scipy.stats import random_table

    patterns, repeats = np.unique(starts, axis=0, return_counts=True)
    assignment = random_table([len(table) for table in tables], repeats)
    assigned = assignment.rvs(max(n_permutations, PERMUTATIONS), random_state=seed)
    permuted = _statistics(assigned.astype(float) @ patterns[:, occurring])
    return {name: permutation_test(statistic, degrees, permuted[name]) for name, statistic in statistics.items()}


def _expected(counts: np.ndarray) -> np.ndarray:
    """Return the expected counts (..., groups, C) under homogeneity; no group and no category is empty."""
    rows, columns = counts.sum(-1, keepdims=True), counts.sum(-2, keepdims=True)
    return np.asarray(rows * columns / counts.sum((-1, -2), keepdims=True))


def chi_square(counts: np.ndarray) -> np.ndarray:
    """Compute Pearson's statistic of counts (..., groups, C); no group and no category is empty."""
    expected = _expected(counts)
    return np.asarray(((counts - expected) ** 2 / expected).sum((-1, -2)))


def _statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
    from scipy.special import xlogy

    likelihood_ratio = 2 * xlogy(counts, counts / _expected(counts)).sum((-1, -2))
    return {CHI_SQUARE: chi_square(counts), G: likelihood_ratio}
