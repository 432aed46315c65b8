"""Differences in success between a category and the reference, standardised over labels, with clustered errors.

At one iteration the difference is that of Mantel and Haenszel (Greenland and Robins 1985, Biometrics 41):

    value = sum over labels of v (S_c / N_c - S_r / N_r) / sum of v,    v = 1 / (1 / N_c + 1 / N_r)

N counts the pictures of the category c or the reference r in a label, and S those that are named right. A change
between two iterations uses one set of weights for both, v = 1 / (sum of 1 / N over the four counts). So it does not
react to chains that change category, unless success changes.

If people rated a sample, N and S are corrected by design-based supervised learning (Egami, Hinck, Stewart and Wei
2023, NeurIPS 36). The indicator of a category, x, becomes x + w (rating - x), with w the inverse of the share that was
rated, 0 without a rating. This assumes only that pictures without ratings resemble the rated ones of their stratum.
"""

from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.corrected_change import PSEUDO_RATINGS

PSEUDO_OUTCOMES = 2
"""Outcomes, half of them right, that are added to the variance of each rate (Agresti and Caffo 2000)."""
_EMPTY = 1e-9
"""Counts up to it are none: sums of corrected indicators are rounded."""
MIN_DEGREES = 0.5
"""Degrees of freedom below which a difference rests on hardly more than one start and has no interval."""


class Success(NamedTuple):
    """The pictures of one iteration that have an outcome; one row for each chain."""

    correct: np.ndarray
    """(n,), 1 for right and 0 for wrong."""
    members: np.ndarray
    """(n, 2), indicators of category and reference, corrected or not; 0 in both columns for all other pictures."""
    weights: np.ndarray | None = None
    """(n,), the weights of rated pictures, 0 for the others; None if nothing is corrected."""


class Difference(NamedTuple):
    """The difference at one iteration, or its change between two."""

    estimate: Estimate
    """-1 to 1 for a difference, -2 to 2 for a change."""
    p_value: float
    """The p-value of the hypothesis of no difference, or of no change."""
    rates: np.ndarray
    """(T, 2), 0 to 1 without corrections: standardised rates of category and reference at each iteration."""
    labels: int
    """Number of labels that contain category and reference at all iterations."""


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
    counts = np.stack([one.members for one in times], 1)
    # Other pictures contribute nothing.
    chosen = np.asarray(counts.any((1, 2)))
    times = [_of(one, chosen) for one in times]
    counts, labels, clusters = counts[chosen], np.unique(labels[chosen], return_inverse=True)[1], clusters[chosen]
    both = np.stack([counts, np.stack([one.members * one.correct[:, None] for one in times], 1)], 1)
    sums = cluster_sums(both, labels)  # (L, 2, T, 2)
    rates, weights = _rates(sums)
    total, used_labels = weights.sum(), int((weights > 0).sum())
    if not used_labels:
        return Difference(Estimate(), np.nan, np.full((len(times), 2), np.nan), 0)
    standardised = np.tensordot(weights, rates, 1) / total
    contrast = np.array([[1.0, -1.0]]) if len(times) == 1 else np.array([[-1.0, 1.0], [1.0, -1.0]])

    # How much each start contributes to each rate; over all starts the contributions sum to 1.
    per_picture = _divide(weights[:, None, None], sums[:, 0] * total)[labels] * counts
    shares = cluster_sums(per_picture, clusters).reshape(-1, counts[0].size)
    contributes = (shares != 0).any(1)
    parts = (shares**2).sum(1)
    degrees = float(parts.sum() ** 2 / (parts**2).sum()) - 1
    left_out = _leave_one_out(both, sums, labels, clusters)[contributes]
    starts = len(left_out)
    no_interval = Difference(Estimate(float((contrast * standardised).sum())), np.nan, standardised, used_labels)
    if degrees < MIN_DEGREES or np.isnan(left_out).any():
        return no_interval
    deviations = left_out - standardised
    variance = (starts - 1) / starts * float(((deviations * contrast).sum((1, 2)) ** 2).sum())
    # The inverse of the sum of squares is the effective number of pictures of a rate.
    variance += PSEUDO_OUTCOMES / 4 * float((1 / (1 / (shares**2).sum(0) + PSEUDO_OUTCOMES) ** 2).sum())
    if any(one.weights is not None for one in times):
        # Noisy counts bias a ratio; the jackknife removes most of it (Quenouille 1956, Biometrika 43).
        standardised = standardised - (starts - 1) * deviations.mean(0)
        mean_rate = float(np.clip(standardised.mean(), 0.0, 1.0))
        rating_variance, rated_starts = _pseudo_ratings(times, sums.sum(0)[0], clusters)
        variance += rating_variance * mean_rate * (1 - mean_rate)
        degrees = min(degrees, rated_starts - 1)
        if degrees < MIN_DEGREES:
            return no_interval
    return _tested(float((contrast * standardised).sum()), np.sqrt(variance), degrees, standardised, used_labels)


def _of(pictures: Success, chosen: np.ndarray) -> Success:
    weights = None if pictures.weights is None else pictures.weights[chosen]
    return Success(pictures.correct[chosen], pictures.members[chosen], weights)


def _tested(value: float, error: float, degrees: float, rates: np.ndarray, labels: int) -> Difference:
    from scipy.stats import t

    margin = error * float(t.ppf((1 + CONFIDENCE) / 2, degrees))
    bound = float(len(rates))
    estimate = Estimate(value, max(value - margin, -bound), min(value + margin, bound))
    return Difference(estimate, float(2 * t.sf(abs(value) / error, degrees)), rates, labels)


def _rates(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rates (L, T, 2) and weights of the labels (L,) from sums of pictures and of right ones, (L, 2, T, 2).

    The weight is 0 if a count is not positive.
    """
    counts, right = sums[:, 0], sums[:, 1]
    is_positive = counts > _EMPTY
    inverse = np.where(is_positive, 1 / np.where(is_positive, counts, 1), np.inf).sum((1, 2))
    return _divide(right, counts), 1 / inverse


def _divide(numbers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Divide by the counts; 0 where a count is not positive."""
    is_positive = counts > _EMPTY
    return np.asarray(np.where(is_positive, numbers / np.where(is_positive, counts, 1), 0.0))


def _leave_one_out(both: np.ndarray, sums: np.ndarray, labels: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return the standardised rates without each start, (starts, T, 2); null if no label remains.

    Args:
        both: (n, 2, T, 2), pictures, and pictures that are named right.
        sums: (L, 2, T, 2), their sums by label.
        labels: int (n,).
        clusters: (n,).
    """
    owner = np.unique(clusters, return_inverse=True)[1]
    cells, cell = np.unique(owner * len(sums) + labels, return_inverse=True)
    own_starts, own_labels = np.divmod(cells, len(sums))

    def terms(some: np.ndarray) -> np.ndarray:
        rates, weights = _rates(some)
        return np.column_stack([(weights[:, None, None] * rates).reshape(len(rates), -1), weights])

    whole = terms(sums)
    change = np.zeros((owner.max() + 1, whole.shape[1]))
    np.add.at(change, own_starts, terms(sums[own_labels] - cluster_sums(both, cell)) - whole[own_labels])
    remaining = whole.sum(0) + change
    weights = np.where(remaining[:, -1:] > _EMPTY, remaining[:, -1:], np.nan)
    return np.asarray(remaining[:, :-1] / weights).reshape(-1, *both.shape[2:])


def _pseudo_ratings(times: list[Success], counts: np.ndarray, clusters: np.ndarray) -> tuple[float, int]:
    """Return what pseudo-ratings add to the variance, per unit of the outcomes' variance, and the fewest rated starts.

    Errors of the annotator may be too rare for a sample of ratings to contain them. Therefore people and annotator are
    taken to disagree in both directions, in as many pictures as `corrected_change` supposes.

    Args:
        times: of the iterations.
        counts: (T, 2), pictures of category and reference in the labels together.
        clusters: (n,).
    """
    variance, fewest = 0.0, len(clusters)
    for one, pictures in zip(times, counts, strict=True):
        if one.weights is None or not (one.weights > 0).any():
            return np.nan, 0
        rated_starts = len(np.unique(clusters[one.weights > 0]))
        per_start = float(one.weights.sum()) / rated_starts
        unrated = 1 - rated_starts / len(np.unique(clusters))
        moved = per_start * (1 / np.maximum(pictures, 1)).sum()
        variance += PSEUDO_RATINGS / 4 * unrated * moved**2
        fewest = min(fewest, rated_starts)
    return variance, fewest
