"""Tests of the Markov assumption: equal transitions at all iterations, and no memory beyond the last category.

All tests compare the next category between groups of steps that start from the same category. They are generalised
Cochran-Mantel-Haenszel tests of conditional association (Landis, Heyman and Koch 1978, International Statistical Review
46). With one stratum they equal Pearson's chi-square test, up to the factor (n - 1) / n. That is the score test beside
the likelihood-ratio test of Anderson and Goodman (1957, Annals of Mathematical Statistics 28).
"""

from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.panel import ABSENT
from broken_telephone.statistics.hypothesis_tests.paired_tests import PERMUTATIONS

_BLOCK = 500
"""Permutations that are drawn at once."""
_EXCEEDED = 20
"""Permutations at least as extreme as the sample after which no more are drawn."""


class MarkovTest(NamedTuple):
    """The result of a test. With nothing to compare, the degrees of freedom are 0 and p is null."""

    statistic: float
    degrees: int
    p_value: float
    n: int
    """Number of steps from one image to the next."""
    clusters: int
    """Number of starts whose chains take these steps."""


class _Steps(NamedTuple):
    """Steps from one image to the next, as flat arrays of integers."""

    before: np.ndarray
    after: np.ndarray
    group: np.ndarray
    """What the next category must not depend on."""
    stratum: np.ndarray
    """Steps are compared within these."""
    chain: np.ndarray
    """The row of the chain that takes the step."""


def periods(steps: int) -> np.ndarray:
    """Assign steps to periods that double in length: the first step, the second, two, four and so on; int (steps,).

    Early steps differ most from each other, and the number of periods stays small in a long loop.
    """
    return np.ceil(np.log2(np.arange(1, steps + 1))).astype(np.int64)


def homogeneity_test(codes: np.ndarray, clusters: np.ndarray, size: int, resampling: Resampling) -> MarkovTest:
    """Test whether the transition probabilities are equal in all `periods`.

    Args:
        codes: int (n, images), categories from the first image on, or ABSENT.
        clusters: (n,), the start of each chain.
        size: number of categories.
        resampling: its seed, and the largest number of permutations, raised to PERMUTATIONS.
    """
    period = np.broadcast_to(periods(codes.shape[1] - 1), codes[:, 1:].shape)
    return _omnibus_test(_steps(codes[:, :-1], codes[:, 1:], period, codes[:, :-1]), clusters, size, resampling)


def order_test(codes: np.ndarray, clusters: np.ndarray, size: int, resampling: Resampling) -> MarkovTest:
    """Test whether the image before the last one matters: a chain of the second order against one of the first.

    Steps are compared within each category and iteration, so the test does not assume equal transition probabilities.
    See `homogeneity_test` for the arguments.
    """
    return _omnibus_test(_within_iterations(codes, codes[:, :-2], size), clusters, size, resampling)


def memory_test(codes: np.ndarray, clusters: np.ndarray, size: int, resampling: Resampling) -> MarkovTest:
    """Test whether chains stay in, or return to, the category of their first image more often than others do.

    As in `order_test`, steps are compared within each category and iteration. The test has one degree of freedom: the
    number of steps that end in the chain's first category, less its expectation. See `homogeneity_test` for the
    arguments.
    """
    first = np.broadcast_to(codes[:, :1], codes[:, :-2].shape)
    parts = _parts(_within_iterations(codes, first, size), size, size)
    returns = np.eye(size).ravel()
    variance = sum(float(returns @ part.covariance @ returns) for part in parts)
    if not variance:
        return MarkovTest(np.nan, 0, np.nan, *_sizes(parts, clusters))
    scales = [returns[:, None] / np.sqrt(variance)] * len(parts)
    return _result(parts, scales, True, clusters, resampling)


def _omnibus_test(steps: _Steps, clusters: np.ndarray, size: int, resampling: Resampling) -> MarkovTest:
    parts = _parts(steps, int(steps.group.max(initial=-1)) + 1, size)
    if not parts:
        return MarkovTest(np.nan, 0, np.nan, *_sizes(parts, clusters))
    return _result(parts, [_standardising(part.covariance) for part in parts], False, clusters, resampling)


def _within_iterations(codes: np.ndarray, group: np.ndarray, size: int) -> _Steps:
    before, after = codes[:, 1:-1].astype(np.int64), codes[:, 2:]
    return _steps(before, after, group, np.arange(before.shape[1]) * size + before)


def _steps(before: np.ndarray, after: np.ndarray, group: np.ndarray, stratum: np.ndarray) -> _Steps:
    known = (before != ABSENT) & (after != ABSENT) & (group != ABSENT)
    chain = np.broadcast_to(np.arange(len(before))[:, None], before.shape)
    return _Steps(*(array[known].astype(np.int64) for array in (before, after, group, stratum, chain)))


class _Part(NamedTuple):
    """The steps from one category, as tables of groups and next categories with `cells` cells."""

    margins: list[tuple[np.ndarray, np.ndarray]]
    """For each stratum, the sizes of its groups and of its next categories. Neither has a zero."""
    places: list[np.ndarray]
    """For each stratum, its cells in the whole table."""
    scores: np.ndarray
    """(cells,), the whole table less its expectation under the null hypothesis."""
    expected: np.ndarray
    """(cells,), the expected table."""
    covariance: np.ndarray
    """(cells, cells), the covariance of the whole table under the null hypothesis."""
    group_residuals: np.ndarray
    """(steps, groups), group of each step less its mean in the stratum, scaled by sqrt(m / (m - 1)) for m steps."""
    after_residuals: np.ndarray
    """(steps, size), next category less its mean. The product of both is the step's part of the scores."""
    chain: np.ndarray
    """(steps,), the row of the chain that takes the step."""


def _parts(steps: _Steps, groups: int, size: int) -> list[_Part]:
    """Tabulate the steps from each category. Strata with a single group or a single next category are left out."""
    parts = []
    for category in range(size):
        own = steps.before == category
        _, stratum = np.unique(steps.stratum[own], return_inverse=True)
        counts = np.zeros((stratum.max(initial=-1) + 1, groups, size))
        np.add.at(counts, (stratum, steps.group[own], steps.after[own]), 1)
        varies = ((counts.sum(2) > 0).sum(1) > 1) & ((counts.sum(1) > 0).sum(1) > 1)
        if varies.any():
            used = varies[stratum]
            index = np.cumsum(varies)[stratum[used]] - 1
            parts.append(
                _part(counts[varies], steps.group[own][used], steps.after[own][used], index, steps.chain[own][used])
            )
    return parts


def _part(counts: np.ndarray, group: np.ndarray, after: np.ndarray, stratum: np.ndarray, chain: np.ndarray) -> _Part:
    _, groups, size = counts.shape
    totals, rows, columns = counts.sum((1, 2)), counts.sum(2), counts.sum(1)
    covariance, margins, places = np.zeros((groups * size, groups * size)), [], []
    for row, column, total in zip(rows, columns, totals, strict=True):
        by_row, by_column = (np.diag(margin) - np.outer(margin, margin) / total for margin in (row, column))
        covariance += np.kron(by_row, by_column) / (total - 1)
        present = np.flatnonzero(row), np.flatnonzero(column)
        margins.append((row[present[0]].astype(np.int64), column[present[1]].astype(np.int64)))
        places.append((present[0][:, None] * size + present[1]).ravel())
    expected = (rows[:, :, None] * columns[:, None, :] / totals[:, None, None]).sum(0).ravel()
    by_group, by_after = rows / totals[:, None], columns / totals[:, None]
    scale = np.sqrt(totals / (totals - 1))[stratum, None]
    return _Part(
        margins=margins,
        places=places,
        scores=counts.sum(0).ravel() - expected,
        expected=expected,
        covariance=covariance,
        group_residuals=(np.eye(groups)[group] - by_group[stratum]) * scale,
        after_residuals=np.eye(size)[after] - by_after[stratum],
        chain=chain,
    )


def _standardising(covariance: np.ndarray) -> np.ndarray:
    """Return the matrix (cells, rank) that gives scores the covariance 1."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * values.max()
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def _sizes(parts: list[_Part], clusters: np.ndarray) -> tuple[int, int]:
    """Return the number of compared steps and of their starts."""
    chains = np.concatenate([part.chain for part in parts]) if parts else np.empty(0, np.int64)
    return len(chains), len(np.unique(clusters[chains]))


def _result(
    parts: list[_Part], scales: list[np.ndarray], is_contrast: bool, clusters: np.ndarray, resampling: Resampling
) -> MarkovTest:
    """Return the test of the scores times their scales, which are summed over the parts if they are a contrast."""

    def combined(tables: list[np.ndarray]) -> np.ndarray:
        scores = [table @ scale for table, scale in zip(tables, scales, strict=True)]
        return np.asarray(sum(scores) if is_contrast else np.concatenate(scores, axis=-1))

    scores = combined([part.scores for part in parts])
    statistic, degrees = float(scores @ scores), len(scores)
    # The mean variance of the scores over that of independent chains (Rao and Scott 1981, JASA 76). It is 1 if each
    # start has one chain, because the steps of a chain are uncorrelated under the null hypothesis.
    design_effect = max(1 + _dependence(parts, scales, is_contrast, clusters) / degrees, 1.0)
    statistic /= design_effect
    rng = np.random.default_rng(resampling.seed)
    drawn = exceeded = 0
    # Sampling ends early if the p-value is large (Besag and Clifford 1991, Biometrika 78).
    while drawn < max(resampling.n_bootstrap, PERMUTATIONS) and exceeded < _EXCEEDED:
        permuted = (combined([_permuted_scores(part, rng) for part in parts]) ** 2).sum(1)
        # Equal statistics may differ by rounding.
        exceeded += int((permuted >= statistic * (1 - 1e-9)).sum())
        drawn += _BLOCK
    return MarkovTest(statistic, degrees, (1 + exceeded) / (1 + drawn), *_sizes(parts, clusters))


def _permuted_scores(part: _Part, rng: np.random.Generator) -> np.ndarray:
    """Exchange the next categories within strata, (permutations, cells).

    Given its margins, the table of a stratum is hypergeometric.
    """
    from scipy.stats import random_table

    tables = np.zeros((_BLOCK, len(part.expected)))
    for (row, column), cells in zip(part.margins, part.places, strict=True):
        tables[:, cells] += random_table.rvs(row, column, size=_BLOCK, random_state=rng).reshape(_BLOCK, -1)
    return tables - part.expected


def _dependence(parts: list[_Part], scales: list[np.ndarray], is_contrast: bool, clusters: np.ndarray) -> float:
    """Sum the products of the scores of different chains of one start; 0 if each start has one chain."""
    if len(np.unique(clusters)) == len(clusters):
        return 0.0
    by_part = []
    for part, scale in zip(parts, scales, strict=True):
        by_cell = scale.reshape(part.group_residuals.shape[1], part.after_residuals.shape[1], -1)
        by_step = sum(
            left[:, None] * (part.after_residuals @ cells)
            for left, cells in zip(part.group_residuals.T, by_cell, strict=True)
        )
        sums = np.zeros((len(clusters), scale.shape[1]))
        np.add.at(sums, part.chain, by_step)
        by_part.append(sums)
    by_chain = np.sum(by_part, axis=0) if is_contrast else np.concatenate(by_part, axis=1)
    return float((cluster_sums(by_chain, clusters) ** 2).sum() - (by_chain**2).sum())
