"""Differences in success between a category and the reference, standardised over labels, with clustered errors.

At one iteration the difference is that of Mantel and Haenszel (Greenland and Robins 1985, Biometrics 41):

    value = sum over labels of v (S_c / N_c - S_r / N_r) / sum of v,    v = 1 / (1 / N_c + 1 / N_r)

N counts the pictures of the category c or the reference r in a label, and S those that are named right. A change
between two iterations uses one set of weights for both, v = 1 / (sum of 1 / N over the four counts). Chains that move
between labels' categories therefore do not change it, unless success itself changes.

If people rated a sample, N and S are corrected by design-based supervised learning (Egami, Hinck, Stewart and Wei
2023, NeurIPS 36). The indicator of a category, x, becomes x + w (rating - x), with w the inverse of the share that was
rated, 0 without a rating. This assumes only that pictures without ratings resemble the rated ones of their stratum.
"""

from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.clusters import cluster_sums

PSEUDO_OUTCOMES = 2
"""Outcomes, half of them right, that are added to the variance of each rate (Agresti and Caffo 2000)."""
MIN_DEGREES = 0.5
"""Degrees of freedom below which a difference rests on hardly more than one start and has no interval."""


class Success(NamedTuple):
    """The pictures of one iteration that have an outcome; one row for each chain."""

    correct: np.ndarray
    """(n,), 1 for right and 0 for wrong."""
    members: np.ndarray
    """(n, 2), indicators of category and reference, corrected or not; 0 in both columns for all other pictures."""
    corrections: np.ndarray | None = None
    """(n,), the weights of rated pictures, 0 for the others; None without ratings."""


class Difference(NamedTuple):
    """The difference at one iteration, or its change between two."""

    estimate: Estimate
    """-1 to 1 for a difference, -2 to 2 for a change."""
    p_value: float
    """Of the hypothesis of no difference, or of no change."""
    rates: np.ndarray
    """(T, 2), 0 to 1 without corrections: standardised rates of category and reference at each iteration."""
    labels: int
    """Number of labels that contain category and reference at all iterations."""
    degrees: float
    """Degrees of freedom of Student's t distribution."""


def risk_difference(times: list[Success], labels: np.ndarray, clusters: np.ndarray) -> Difference:
    """Estimate the difference at one iteration, or the change of the difference from the first iteration to the second.

    The variance is a jackknife over starts, which covers pairing, replicates and the noise of the weights. As Agresti
    and Caffo (2000, The American Statistician 54) do for two shares, outcomes of both kinds are added to it. Without
    them, the interval of a category that is always right has no width. The degrees of freedom are those of Welch and
    Satterthwaite for equal variances of all pictures, so that few pictures of a category widen the interval.

    Args:
        times: of one or two iterations.
        labels: int (n,), the label of each chain, 0 to L - 1.
        clusters: (n,), the start of each chain.

    Returns:
        The difference. It is null if no label contains both categories at all iterations.
    """
    counts = np.stack([one.members for one in times], 1)  # (n, T, 2)
    right = np.stack([one.members * one.correct[:, None] for one in times], 1)
    both = np.stack([counts, right])
    sums = np.moveaxis(cluster_sums(np.moveaxis(both, 0, 1), labels), 1, 0)  # (2, L, T, 2)
    labels = np.unique(labels, return_inverse=True)[1]
    rates, weights = _rates(*sums)
    total = weights.sum()
    if not total > 0:
        return Difference(Estimate(), np.nan, np.full(counts.shape[1:], np.nan), 0, 0.0)
    standardised = np.tensordot(weights, rates, 1) / total
    contrast = np.array([[1.0, -1.0]]) if len(times) == 1 else np.array([[-1.0, 1.0], [1.0, -1.0]])
    value = float((contrast * standardised).sum())

    # The share of every picture in the variance, if all outcomes have the same.
    shares = _divide(weights[:, None, None], sums[0] * total)
    influence = cluster_sums((shares[labels] * counts).reshape(len(counts), -1), clusters)
    squares = (influence**2).sum(0)
    parts = (influence**2).sum(1)
    degrees = float(parts.sum() ** 2 / (parts**2).sum()) - 1
    labels_used = int((weights > 0).sum())
    if degrees < MIN_DEGREES:
        return Difference(Estimate(value), np.nan, standardised, labels_used, degrees)
    left_out = _leave_one_out(both, sums, labels, clusters, contrast)
    used = np.isfinite(left_out) & (parts > 0)
    starts = int((parts > 0).sum())
    if used.sum() < starts:
        return Difference(Estimate(value), np.nan, standardised, labels_used, degrees)
    variance = (starts - 1) / starts * float(((left_out[used] - value) ** 2).sum())
    # `squares` holds one over the effective number of pictures of each rate.
    variance += PSEUDO_OUTCOMES / 4 * float((1 / (1 / squares + PSEUDO_OUTCOMES) ** 2).sum())
    variance += _pseudo_ratings(times, standardised, sums[0].sum(0), clusters)
    return _tested(value, np.sqrt(variance), degrees, standardised, labels_used)


def _tested(value: float, error: float, degrees: float, rates: np.ndarray, labels: int) -> Difference:
    from scipy.stats import t

    margin = error * float(t.ppf((1 + CONFIDENCE) / 2, degrees))
    bound = float(len(rates))
    estimate = Estimate(value, max(value - margin, -bound), min(value + margin, bound))
    return Difference(estimate, float(2 * t.sf(abs(value) / error, degrees)), rates, labels, degrees)


def _rates(counts: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates (..., T, 2) and the weights of the labels (...), which are 0 if a count is not positive."""
    positive = counts > 1e-9
    inverse = np.where(positive, 1 / np.where(positive, counts, 1), np.inf).sum((-1, -2))
    return _divide(right, counts), 1 / inverse


def _divide(numbers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Divide by the counts; 0 where a count is not positive."""
    positive = counts > 1e-9
    return np.asarray(np.where(positive, numbers / np.where(positive, counts, 1), 0.0))


def _leave_one_out(
    both: np.ndarray, sums: np.ndarray, labels: np.ndarray, clusters: np.ndarray, contrast: np.ndarray
) -> np.ndarray:
    """Return the value without each start, in ascending order of the starts; null if no label remains."""
    owner = np.unique(clusters, return_inverse=True)[1]
    cells, cell = np.unique(owner * (labels.max() + 1) + labels, return_inverse=True)
    own_starts, own_labels = np.divmod(cells, labels.max() + 1)
    removed = np.moveaxis(cluster_sums(np.moveaxis(both, 0, 1), cell), 1, 0)

    def terms(counts: np.ndarray, right: np.ndarray) -> np.ndarray:
        rates, weights = _rates(counts, right)
        return np.stack([weights * (rates * contrast).sum((-1, -2)), weights], -1)

    whole = terms(*sums)
    change = np.zeros((owner.max() + 1, 2))
    np.add.at(change, own_starts, terms(*(sums[:, own_labels] - removed)) - whole[own_labels])
    numerator, denominator = (whole.sum(0) + change).T
    return np.where(denominator > 1e-9, numerator / np.where(denominator > 1e-9, denominator, 1), np.nan)


def _pseudo_ratings(times: list[Success], rates: np.ndarray, counts: np.ndarray, clusters: np.ndarray) -> float:
    return 0.0
