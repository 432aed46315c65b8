"""The size of the drift of several arms: mean squares over labels and categories, without their sampling noise."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.grouped_means import Groups, grouped_means

DRAWS = 2000
NO_CHANGE = "no chain has answers for its first and its last image"
_MIN_DEFINED = 0.9
"""Share of the draws in which a ratio has to be defined for an interval."""


class ArmDrifts(NamedTuple):
    """Changes of shares of A arms in J cells: labels and categories."""

    weights: np.ndarray
    """(J,), the share of the label's chains among all chains."""
    values: np.ndarray
    """(J, A)."""
    covariance: np.ndarray
    """(J, A, A), of the values of each cell."""
    draws: np.ndarray
    """(DRAWS, J, A), values with random errors, which are correlated between the cells of a label, too."""
    drawn_covariance: np.ndarray
    """(J, A, A), of these errors: the covariance with pseudo-starts, as in `grouped_means`."""


class Quadratic(NamedTuple):
    """A quadratic form of drifts without the noise, and random draws of its estimate; null without any drift."""

    value: float
    draws: np.ndarray


def arm_drifts(
    changes: Sequence[np.ndarray],
    categories: Sequence[int],
    groups: Groups,
    chosen: Sequence[int],
    seed: int,
    label_weights: np.ndarray | None = None,
) -> ArmDrifts:
    """Measure the drifts of all arms in the labels of one kind of start.

    Args:
        changes: of each outcome, (n, A): change of the indicator in each arm. Chains with a null in any arm are left
            out.
        categories: of each outcome, see `Outcome.categories`.
        groups: of the chains by label.
        chosen: groups that count, those of the kind of start.
        seed: of the draws.
        label_weights: of the chosen groups; None for the numbers of their chains with a number.
    """
    from scipy.stats import norm, t

    rng, arms = np.random.default_rng(seed), changes[0].shape[1]
    values, influences, pseudo, weights = [], [], [], np.zeros((len(chosen), len(changes)))
    for own, size in zip(changes, categories, strict=True):
        complete = np.isfinite(own).all(1)
        means = [grouped_means(np.where(complete, own[:, arm], np.nan), groups, size) for arm in range(arms)]
        values.append(np.stack([mean.value for mean in means], 1))
        influences.append(np.stack([mean.influence for mean in means], 1))
        added = [mean.error**2 - groups.summed(mean.influence**2) for mean in means]
        pseudo.append(np.maximum(np.stack(added, 1), 0))
        weights[:, len(values) - 1] = means[0].n[list(chosen)] if label_weights is None else label_weights
    parts = []
    for row, group in enumerate(chosen):
        own_cells = groups.of_group(group)
        starts = own_cells.stop - own_cells.start
        own_values = np.stack([value[group] for value in values])
        # Categories with an answer from a single start have no error.
        usable = np.isfinite(own_values).all(1) & np.isfinite(np.stack([one[group] for one in pseudo])).all(1)
        if starts < 2 or not usable.any():
            continue
        influence = np.concatenate([one[own_cells] for one, use in zip(influences, usable, strict=True) if use], axis=1)
        covariance = influence.T @ influence * (starts / (starts - 1))
        own_pseudo = np.stack([one[group] for one, use in zip(pseudo, usable, strict=True) if use])
        # Few starts make the covariance itself uncertain.
        widened = (t.ppf((1 + CONFIDENCE) / 2, starts - 1) / norm.ppf((1 + CONFIDENCE) / 2)) ** 2
        drawn = widened * (covariance + np.diag(own_pseudo.ravel()))
        roots, vectors = np.linalg.eigh(drawn)
        root = (vectors * np.sqrt(np.maximum(roots, 0))).T
        noise = (rng.standard_normal((DRAWS, len(root))) @ root).reshape(DRAWS, -1, arms)
        count = len(own_pseudo)
        diagonal = np.arange(count)
        blocks = [one.reshape(count, arms, count, arms)[diagonal, :, diagonal, :] for one in (covariance, drawn)]
        parts.append((weights[row, usable], own_values[usable], blocks[0], own_values[usable] + noise, blocks[1]))
    if not parts:
        none = np.zeros((0, arms, arms))
        return ArmDrifts(np.zeros(0), np.zeros((0, arms)), none, np.zeros((DRAWS, 0, arms)), none)
    own_weights, own_drifts, covariances, draws, drawn_covariances = zip(*parts, strict=True)
    return ArmDrifts(
        # The weights of one category over all labels sum to about 1.
        np.concatenate(own_weights) / (np.concatenate(own_weights).sum() / len(changes)),
        np.concatenate(own_drifts),
        np.concatenate(covariances),
        np.concatenate(draws, axis=1),
        np.concatenate(drawn_covariances),
    )


def quadratic(drifts: ArmDrifts, form: np.ndarray) -> Quadratic:
    """Estimate the weighted sum of y' form y over all cells, where y (A,) are the true drifts of a cell.

    Sampling noise adds trace(form covariance) to the expectation, which is subtracted. Draws have the
    noise of the sample and their own.

    Args:
        drifts: of A arms.
        form: (A, A), symmetric.
    """
    if not len(drifts.weights):
        return Quadratic(np.nan, np.full(len(drifts.draws), np.nan))
    noise, drawn_noise = (np.einsum("ab,jab->j", form, one) for one in (drifts.covariance, drifts.drawn_covariance))
    squares = np.einsum("ja,ab,jb->j", drifts.values, form, drifts.values)
    of_draws = ((drifts.draws @ form) * drifts.draws).sum(2)
    value = float(drifts.weights @ (squares - noise))
    return Quadratic(value, np.asarray((of_draws - noise - drawn_noise) @ drifts.weights))


def ratio_interval(value: float, draws: np.ndarray, bounds: tuple[float, float]) -> Estimate:
    """Return a value with the central 95 % of its draws, within bounds; no interval if too many draws are undefined."""
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or len(defined) < _MIN_DEFINED * len(draws):
        return Estimate(value)
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value, float(max(min(low, value), bounds[0])), float(min(max(high, value), bounds[1])))


def drift_left(before: Quadratic, after: Quadratic) -> tuple[Estimate, str]:
    """Return the ratio of two root mean squares of the drift, after over before, at least 0, and a note.

    The ratio is null if the drift before is within sampling noise.
    """
    if np.isnan(before.value + after.value):
        return Estimate(), NO_CHANGE
    if not before.value > 0 or np.quantile(before.draws, (1 - CONFIDENCE) / 2) <= 0:
        return Estimate(), "the reference shows no drift beyond sampling noise"
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(before.draws > 0, np.sqrt(np.maximum(after.draws, 0) / before.draws), np.nan)
    estimate = ratio_interval(float(np.sqrt(max(after.value, 0) / before.value)), ratios, (0, np.inf))
    return estimate, "" if np.isfinite(estimate.low) else "no interval"
