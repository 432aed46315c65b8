"""Partial pooling of the changes of crossed categories towards the change that the two attributes alone predict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling, bootstrap_intervals
from broken_telephone.statistics.estimates.distances import shares
from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS, PairedCounts

_ROUNDS = 25
"""Rounds of raking. Shares of two attributes converge to 1e-6 in fewer."""
_LEAST_VARIANCE = 1e-12
_FARTHEST = 1.0
"""Standard errors of the residual by which pooling moves a change at most (limited translation)."""
_UPPER = 2
"""Standard errors above the estimated variance between cells that the intervals allow for."""


@dataclass(frozen=True)
class CellChanges:
    """The changes of the shares of C crossed categories of one group of chains, and what their attributes predict."""

    raw: list[Estimate]
    """(C,), the observed changes with the intervals of `bootstrap_interval`."""
    predicted: np.ndarray
    """(C,), the changes that the two attributes' own changes predict."""
    predicted_variance: np.ndarray
    """(C,), of the predictions."""
    residual_variance: np.ndarray
    """(C,), of the observed less the predicted changes."""
    covariance: np.ndarray
    """(C,), of the prediction and the residual."""
    scale: np.ndarray
    """(C,), variance of a picture's crossed category, see `_scale`; deviations are measured in it."""
    clusters: int
    """Number of starts."""
    free: int
    """Number of residuals that the margins leave free: (A - 1)(B - 1)."""

    @property
    def residual(self) -> np.ndarray:
        """The observed less the predicted changes, (C,)."""
        return np.array([estimate.value for estimate in self.raw]) - self.predicted


def cell_changes(both: PairedCounts, size: tuple[int, int], resampling: Resampling) -> CellChanges:
    """Estimate the changes of crossed categories, and the changes that their attributes predict.

    The prediction keeps the association of the two attributes in the earlier picture, and gives them their shares of
    the later picture: it rakes the earlier table to the later margins (iterative proportional fitting, Deming and
    Stephan 1940, Annals of Mathematical Statistics 11). On the logarithmic scale, the change is then the sum of a main
    effect of each attribute. Two pseudo-clusters without association are added to the earlier table, so that empty
    cells can grow. All variances are those of the cluster bootstrap.

    A cell deviates from the prediction by an amount that grows with its share. The scale of the deviations takes the
    mean of two tables: the prediction, and the later shares without association, which a loop may approach.

    Args:
        both: chains by crossed category before and after, with at least one chain.
        size: number of categories of each attribute, A and B.
        resampling: of the variances and intervals.
    """
    weight = PSEUDO_CLUSTERS / (both.clusters + PSEUDO_CLUSTERS)
    before, after = shares(both.table)
    value, predicted = after - before, raked(before, after, size, weight) - before
    samples = both.resampled(*resampling)
    sample_before, sample_after = shares(samples[samples.sum((1, 2)) > 0])
    sample_predictions = raked(sample_before, sample_after, size, weight) - sample_before
    residuals = sample_after - sample_before - sample_predictions
    later = after.reshape(size)
    centred = sample_predictions - sample_predictions.mean(0)
    return CellChanges(
        bootstrap_intervals(value, sample_after - sample_before, both.clusters, (-1, 1)),
        predicted,
        sample_predictions.var(0),
        np.maximum(residuals.var(0), _LEAST_VARIANCE),
        (centred * residuals).mean(0),
        _scale((before + predicted + np.outer(later.sum(1), later.sum(0)).ravel()) / 2, size),
        both.clusters,
        (size[0] - 1) * (size[1] - 1),
    )


def raked(before: np.ndarray, after: np.ndarray, size: tuple[int, int], weight: float) -> np.ndarray:
    """Rake crossed shares to the margins of later shares.

    Args:
        before: (..., A * B), shares of crossed categories.
        after: (..., A * B), shares whose two margins the result has.
        size: A and B.
        weight: of tables without association that are mixed into the earlier one, 0 to 1.

    Returns:
        (..., A * B), 0 to 1.
    """
    table = before.reshape(*before.shape[:-1], *size)
    later = after.reshape(table.shape)
    rows, columns = later.sum(-1, keepdims=True), later.sum(-2, keepdims=True)
    independent = table.sum(-1, keepdims=True) * table.sum(-2, keepdims=True)
    # The later margins spread a category that the earlier picture lacks like the other attribute.
    seed = (1 - weight) * table + weight * (independent + rows * columns) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        for _ in range(_ROUNDS):
            seed = seed * np.nan_to_num(rows / seed.sum(-1, keepdims=True))
            seed = seed * np.nan_to_num(columns / seed.sum(-2, keepdims=True))
    return np.asarray(seed.reshape(before.shape))


def _scale(shares: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Compute the variance of the crossed category of one picture, with margins that are known, (A * B,).

    It is the multinomial variance after regression on the categories of both attributes. With two categories of an
    attribute, the two crossed categories with the same other category have equal variances, as their residuals have.
    """
    rows, columns = np.indices(size).reshape(2, -1)
    margins = np.hstack([np.eye(size[0])[rows], np.eye(size[1])[columns]])
    covariance = np.diag(shares) - np.outer(shares, shares)
    known = covariance @ margins
    left = covariance - known @ np.linalg.pinv(margins.T @ known, hermitian=True) @ known.T
    return np.asarray(np.clip(np.diag(left), 0, None))


def pooled_changes(groups: Sequence[CellChanges], informing: Sequence[CellChanges]) -> list[list[Estimate]]:
    """Shrink the changes of crossed categories towards what their two attributes predict.

    An empirical Bayes model with a known scale of each cell (Fay and Herriot 1979, JASA 74):

        true change of a cell = predicted change + deviation,    mean square of the deviation = t^2 scale

    The deviation is estimated by the multiple of the residual that has the least mean squared error. Pooling moves no
    change by more than one standard error of its residual, because single cells may deviate much more than the others
    (limited translation, Efron and Morris 1972, JASA 67).

    The intervals are the robust ones of Armstrong, Kolesar and Plagborg-Moller (2022, Econometrica 90). Of all cells,
    95 % are covered whatever the distribution of the deviations is, because the critical value allows for the worst
    one with their mean square. For that mean square, an upper limit is taken.

    Args:
        groups: the groups of chains to estimate.
        informing: disjoint groups of chains, such as those of single labels, that inform t.

    Returns:
        For each of the groups (C,) estimates with 95 % intervals. The intervals are null if there is a single start.
    """
    square, upper = between_variance(informing)
    estimates = []
    for group in groups:
        between, noise = square * group.scale, group.residual_variance
        kept = np.clip((between - group.covariance) / (between + noise), 0, 1)
        moved = (1 - kept) * np.abs(group.residual) / np.sqrt(noise)
        kept = 1 - (1 - kept) * _FARTHEST / np.maximum(moved, _FARTHEST)
        sampling = group.predicted_variance + kept**2 * noise + 2 * kept * group.covariance
        sampling = np.maximum(sampling, _LEAST_VARIANCE)
        value = group.predicted + kept * group.residual
        margin = np.full(len(value), np.nan)
        if group.clusters > 1:
            bias = (1 - kept) ** 2 * upper * group.scale / sampling
            margin = critical_values(bias, group.clusters - 1) * np.sqrt(sampling)
        low, high = np.clip([value - margin, value + margin], -1, 1)
        estimates.append([Estimate(*map(float, row)) for row in zip(value, low, high, strict=True)])
    return estimates


def between_variance(groups: Sequence[CellChanges]) -> tuple[float, float]:
    """Estimate t^2, the mean square of the deviations in units of each cell's scale, by the method of moments.

    The estimator is that of DerSimonian and Laird (1986, Controlled Clinical Trials 7) for a mean of zero. It needs no
    independence of the residuals. Its lower limit is its standard error without deviations, so that few cells are not
    pooled completely by chance.

    Returns:
        The estimate, and an upper limit of two standard errors more.
    """
    residuals, noise, scales = (
        np.concatenate([getattr(group, name) for group in groups])
        for name in ("residual", "residual_variance", "scale")
    )
    informs = noise > _LEAST_VARIANCE
    weight = (scales[informs] / noise[informs]).sum()
    if not weight:
        return 0.0, 0.0
    moment = (residuals[informs] ** 2 / noise[informs] - 1).sum()
    # Each group has fewer independent residuals than cells.
    error = np.sqrt(2 * sum(len(group.residual) ** 2 / max(group.free, 1) for group in groups))
    return float(max(moment, error) / weight), float((max(moment, 0) + _UPPER * error) / weight)


def critical_values(bias: np.ndarray, degrees: int) -> np.ndarray:
    """Compute the half-widths of 95 % intervals, in standard errors, that allow for biases of the estimates.

    Args:
        bias: (C,), mean square of the biases of all cells, in squared standard errors.
        degrees: degrees of freedom of the standard errors.

    Returns:
        (C,), half-widths that miss 5 % of the cells under the worst distribution of the biases. That distribution has
        two values: zero and one that is at least the root of the mean square.
    """
    from scipy.special import ndtr, stdtrit

    half_widths, roots = np.geomspace(1.9, 60, 700), np.sqrt(bias)
    values = np.geomspace(1e-3, 60, 150)

    def missed(biases: np.ndarray) -> np.ndarray:
        return np.asarray(ndtr(-half_widths[:, None] - biases) + ndtr(-half_widths[:, None] + biases))

    by_value, unbiased, equal = missed(values), missed(np.zeros(1)), missed(roots)
    normal = []
    for square, root, same in zip(bias, roots, equal.T, strict=True):
        share = square / values[values > root] ** 2
        mixed = (1 - share) * unbiased + share * by_value[:, values > root]
        worst = np.maximum(mixed.max(1, initial=0), same)
        normal.append(np.interp(-0.05, -worst, half_widths))
    # The same factor as without bias allows for the uncertain standard errors of few starts.
    return np.array(normal) * (stdtrit(degrees, 0.975) / stdtrit(np.inf, 0.975))
