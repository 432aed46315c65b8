"""Prediction-powered change of shares: the annotator's drift, corrected with human ratings at both iterations."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.panel import ABSENT

PSEUDO_RATINGS = 2
"""Ratings that are added to the error of each iteration, in which people and annotator disagree in both directions."""


class Sampled(NamedTuple):
    """The pictures of one iteration: the annotator's answers, and ratings of a stratified sample."""

    codes: np.ndarray
    """(n,), the annotator's categories, or ABSENT."""
    rated: np.ndarray
    """(n,), the categories of people, or ABSENT without a rating."""
    strata: np.ndarray
    """(n,), numbers of the sampling strata, or ABSENT outside the sampling frame."""


class CorrectedChange(NamedTuple):
    """The corrected change of the share of each category, and the error of the annotator's own change."""

    value: np.ndarray
    """(C,), -1 to 1; they sum to 0."""
    covariance: np.ndarray
    """(C, C), of the values, without pseudo-ratings."""
    bias: np.ndarray
    """(C,), the annotator's change less the change that people see."""
    bias_covariance: np.ndarray
    """(C, C), of the bias, without pseudo-ratings."""
    pseudo: np.ndarray
    """(C, C), what the pseudo-ratings add to both covariances."""
    ratings: float
    """Number of starts with a rating, at the iteration that has fewer; the effective number if changes are pooled."""
    tuning: float = 1.0
    """The tuning parameter t."""
    shares: np.ndarray = np.empty((2, 0))
    """(2, C). Corrected shares before and after, which differ by the value. A sum of other parts has none."""
    variances: np.ndarray = np.empty((2, 0))
    """(2, C). Variances of the shares, without pseudo-ratings."""
    share_pseudo: np.ndarray = np.zeros(2)
    """(2,). What the pseudo-ratings add to the variances of the shares before and after."""


def corrected_change(before: Sampled, after: Sampled, clusters: np.ndarray, size: int) -> CorrectedChange:
    """Correct the change of shares between two iterations with ratings of samples of both.

    The estimator is the prediction-powered mean (Angelopoulos et al. 2023, Science 382) of a paired change, with the
    power tuning of PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453):

        change = mean(t (after - before)) + rectifier(after) - rectifier(before)
        rectifier = weighted mean of (rating - t answer) over the rated pictures

    The weight of a rating is the number of pictures in its stratum for each rated one. Strata without a rating are
    assumed to resemble the others. Pictures are a random sample, and the rated ones are a stratified sample of these
    (two-phase sampling, Cochran 1977, Sampling Techniques, section 12.2). The influence of each start on both terms is
    summed before it is squared, so that the covariance accounts for replicates, for the pairing, and for starts that
    are rated at both iterations. The tuning parameter t, 0 to 1, minimises the trace of the covariance.

    Errors of the annotator may be too rare for a small sample to contain them. As Bonett and Price (2012, JEBS 37) do
    for a difference of paired shares, pseudo-ratings are therefore added to the covariance. Their weight falls with the
    share of pictures that are rated. If all are rated, they are the pseudo-starts of Bonett and Price: changes, too,
    may be too rare for the starts to contain them.

    Args:
        before: the earlier iteration.
        after: the later iteration.
        clusters: (n,), the starts of the chains.
        size: number of categories C.

    Returns:
        The change and both shares, with null variances if fewer than two starts are rated at an iteration.

    Raises:
        ValueError: if no picture of an iteration is rated.
    """
    change = combined_change([corrected_part([(-1, before), (1, after)], clusters, size)])
    images = [corrected_part([(1, sampled)], clusters, size) for sampled in (before, after)]
    # The tuning parameter of the change, so that the shares differ by the change.
    shares, influences = (
        np.array([one + change.tuning * other for one, other in (getattr(image, name) for image in images)])
        for name in ("value", "influence")
    )
    variances = (influences**2).sum(1) if change.ratings > 1 else np.full_like(shares, np.nan)
    share_pseudo = np.array([_share_pseudo(image) for image in images])
    return change._replace(shares=shares, variances=variances, share_pseudo=share_pseudo)


def _share_pseudo(image: "CorrectedPart") -> float:
    """Return what pseudo-ratings add to the variance of a corrected share.

    They count in full here, and a quarter each in a change, to which both images add. This is a cautious choice:
    `benchmarks/corrected_drift.py --shares` measures the coverage of the intervals.
    """
    rated_share = image.rated_starts / len(image.starts)
    of_ratings = PSEUDO_RATINGS * (1 - rated_share) / image.rated_starts**2
    return of_ratings + PSEUDO_RATINGS / 4 * rated_share / len(image.starts) ** 2


class CorrectedPart(NamedTuple):
    """A sum of corrected shares with signs, of the chains of one study, before the tuning parameter is chosen.

    Value and influence are linear in the parameter. Their first entry is the part without the annotator's answers. The
    parameter multiplies the second one.
    """

    value: np.ndarray
    """(2, C)."""
    influence: np.ndarray
    """(2, starts, C), influence of each start on the value."""
    naive: np.ndarray
    """(C,), the same sum of the annotator's own shares."""
    naive_influence: np.ndarray
    """(starts, C)."""
    starts: np.ndarray
    """(starts,), names of the starts, in ascending order."""
    pseudo: float
    """What the pseudo-ratings add to the variance of a category of two."""
    rated_starts: int
    """Number of starts with a rating, of the samples the one with the fewest."""


def corrected_part(samples: Sequence[tuple[int, Sampled]], clusters: np.ndarray, size: int) -> CorrectedPart:
    """Add up the corrected shares of samples of the same chains with the given signs.

    Args:
        samples: sign (1 or -1), and the images of one iteration of one study. The chains are the same in all.
        clusters: (n,), the starts of the chains.
        size: number of categories C.

    Raises:
        ValueError: if no picture of a sample is rated.
    """
    one_hot = np.eye(size + 1)[:, :size]  # The last row, which ABSENT selects, is zero.
    n, names = len(clusters), np.unique(clusters)
    starts = len(names)
    # Everything is linear in t, so that each quantity has a part without the answers and a part that t multiplies.
    value = np.zeros((2, size))
    influence = np.zeros((2, n, size))
    naive, naive_influence = np.zeros(size), np.zeros((n, size))
    pseudo, rated_starts = 0.0, starts
    for sign, sampled in samples:
        weights, codes, ratings = rating_weights(sampled)[:, None], one_hot[sampled.codes], one_hot[sampled.rated]
        value += sign * np.array([(weights * ratings).mean(0), (weights * -codes).mean(0)])
        value[1] += sign * codes.mean(0)
        influence[0] += sign * _sample_influence(ratings, weights, sampled, clusters)
        influence[1] += sign * (codes - codes.mean(0) + _sample_influence(-codes, weights, sampled, clusters))
        naive += sign * codes.mean(0)
        naive_influence += sign * (codes - codes.mean(0))
        own_starts = len(np.unique(clusters[weights[:, 0] > 0]))
        if not own_starts:
            raise ValueError("no picture of a sample is rated")
        rated_share = own_starts / starts
        pseudo += PSEUDO_RATINGS / 4 * ((1 - rated_share) / own_starts**2 + rated_share / starts**2)
        rated_starts = min(rated_starts, own_starts)
    scale = np.sqrt(starts / max(starts - 1, 1)) / n
    by_start = np.stack([cluster_sums(part, clusters) for part in (*influence, naive_influence)]) * scale
    return CorrectedPart(value, by_start[:2], naive, by_start[2], names, pseudo, rated_starts)


def combined_change(parts: Sequence[CorrectedPart], signs: Sequence[int] = (1,)) -> CorrectedChange:
    """Add up parts of different chains with the given signs. Starts that several parts share are kept together."""
    value = np.sum([sign * part.value for sign, part in zip(signs, parts, strict=True)], axis=0)
    naive = np.sum([sign * part.naive for sign, part in zip(signs, parts, strict=True)], axis=0)
    owner = np.concatenate([part.starts for part in parts])
    size = value.shape[1]

    def summed(name: str) -> np.ndarray:
        pieces = [sign * getattr(part, name) for sign, part in zip(signs, parts, strict=True)]
        joined = np.moveaxis(np.concatenate(pieces, axis=-2), -2, 0)
        return np.moveaxis(cluster_sums(joined, owner), 0, -2)

    (of_ratings, of_answers), of_naive = summed("influence"), summed("naive_influence")
    rated_starts = min(part.rated_starts for part in parts)
    power = float((of_answers**2).sum())
    tuning = float(np.clip(-(of_ratings * of_answers).sum() / power, 0, 1)) if power else 1.0

    def covariance(influences: np.ndarray) -> np.ndarray:
        if rated_starts < 2:
            return np.full((size, size), np.nan)
        return np.asarray(influences.T @ influences)

    # Pseudo-ratings move one category against all others, which keeps the sum of the changes at 0.
    against = (size * np.eye(size) - 1) / max(size - 1, 1)
    return CorrectedChange(
        value[0] + tuning * value[1],
        covariance(of_ratings + tuning * of_answers),
        naive - value[0] - value[1],  # t = 1: the annotator's own change less its bias
        covariance(of_naive - of_ratings - of_answers),
        sum(part.pseudo for part in parts) * against,
        rated_starts,
        tuning,
    )


def rating_weights(sampled: Sampled) -> np.ndarray:
    """Return the weight of each picture (n,): 0 without a rating; the mean over all pictures is 1."""
    in_frame, has_rating = sampled.strata != ABSENT, sampled.rated != ABSENT
    size = sampled.strata.max(initial=ABSENT) + 1
    pictures = np.bincount(sampled.strata[in_frame], minlength=size)
    ratings = np.bincount(sampled.strata[in_frame & has_rating], minlength=size)
    weights = np.zeros(len(sampled.codes))
    chosen = in_frame & has_rating
    weights[chosen] = (pictures / np.maximum(ratings, 1))[sampled.strata[chosen]]
    total = weights.sum()
    return weights * (len(weights) / total) if total else weights


def _sample_influence(values: np.ndarray, weights: np.ndarray, sampled: Sampled, clusters: np.ndarray) -> np.ndarray:
    """Return the influence of each picture (n, C) on the weighted mean of values (n, C) over the rated pictures.

    A rated picture deviates from the mean of its stratum. Every picture of a stratum, rated or not, shares the
    deviation of that mean from the mean of all. A stratum with a single rated start has no variance of its own. Its
    rated pictures therefore deviate from the mean of all.

    Args:
        values: of the rated pictures; those of the others have no effect.
        weights: (n, 1), as `rating_weights` returns them.
        sampled: the pictures.
        clusters: (n,), their starts.
    """
    mean, deviations = (weights * values).mean(0), np.zeros(values.shape)
    is_rated = weights[:, 0] > 0
    covered = np.isin(sampled.strata, sampled.strata[is_rated])
    starts = len(np.unique(clusters))
    for stratum in np.unique(sampled.strata[is_rated]):
        members = sampled.strata == stratum
        rated = members & is_rated
        rated_starts = len(np.unique(clusters[rated]))
        own_mean, scale = mean, 1.0
        if rated_starts > 1:
            own_mean = np.average(values[rated], axis=0, weights=weights[rated, 0])
            # The covariance multiplies by starts / (starts - 1) later.
            scale = np.sqrt(rated_starts / (rated_starts - 1) * (starts - 1) / starts)
        deviations[rated] = scale * weights[rated] * (values[rated] - own_mean)
        deviations[members] += (own_mean - mean) * len(values) / covered.sum()
    return deviations
