"""Odds ratios of a correctly named concept between categories, adjusted for the label."""

import warnings
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.hypothesis_tests import firth

MIN_STARTS, MIN_STARTS_OF_CATEGORY = 30, 10
"""Least numbers of starts, and of starts with a picture of a category, for which the cluster covariance is reliable."""
MAX_LOG_ODDS = 15.0
"""Log odds that no data of this size can show. A likelihood that still increases there has no maximum."""


class OddsRatio(NamedTuple):
    """An odds ratio, its 95 % interval and the p-value of the ratio 1. A note explains undefined numbers."""

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan
    note: str = ""


def odds_ratios(
    right: np.ndarray, codes: np.ndarray, labels: np.ndarray, clusters: np.ndarray, size: int
) -> list[OddsRatio]:
    """Compare the odds of the categories by logistic regression of `right` on category and label.

    The fit is by maximum likelihood with Wald intervals. If clusters have several pictures, the covariance is
    clustered (Liang and Zeger 1986, Biometrika 73), with Student's t distribution. Maximum likelihood fails if a
    category or a label is always or never named right. Then Firth's penalised likelihood and its profile are used. They
    assume independent pictures, so dependent pictures have a ratio without an interval.

    Args:
        right: bool or 0 and 1, (n,), of pictures with a category.
        codes: int (n,), categories, 0 to size - 1.
        labels: (n,), their labels.
        clusters: (n,), equal for pictures that are not independent.
        size: number of categories.

    Returns:
        One for each category, above 0. The most frequent category, or the first of several, is the reference with the
        ratio 1 and no interval. A category is null if no chain of labels with shared categories connects it to the
        reference, because its odds are then confounded with its labels.
    """
    counts = np.bincount(codes, minlength=size)
    ratios = [OddsRatio(note="no picture of this category")] * size
    if not counts.any():
        return ratios
    reference = int(counts.argmax())
    labels = np.unique(labels.astype(str), return_inverse=True)[1]
    linked = _linked(codes, labels, reference)
    for code in np.flatnonzero(counts).tolist():
        ratios[code] = OddsRatio(
            note="never in a label with the commonest category: not to be told apart from the label"
        )
    if np.count_nonzero(counts) == 1:
        ratios[reference] = OddsRatio(note="the only category: nothing to compare with")
        return ratios
    ratios[reference] = OddsRatio(1.0, note="the commonest category: the others are compared with it")
    others = [code for code in np.unique(codes[linked]).tolist() if code != reference]
    if others:
        design = _design(codes[linked], others, labels[linked])
        outcomes = np.asarray(right[linked], float)
        if _has_constant_group(codes[linked], outcomes) or _has_constant_group(labels[linked], outcomes):
            fitted, why = None, "a category or label is always or never named right"
        else:
            fitted = _fit_maximum_likelihood(design, outcomes, clusters[linked], len(others))
            why = "categories and labels together are always or never named right"
        fitted = fitted or _fit_penalised(design, outcomes, clusters[linked], len(others), why)
        for code, ratio in zip(others, fitted, strict=True):
            ratios[code] = ratio
    return ratios


def _linked(codes: np.ndarray, labels: np.ndarray, reference: int) -> np.ndarray:
    """Select the pictures (n,) whose categories are connected to the reference by labels in common."""
    linked = codes == reference
    while True:
        more = np.isin(codes, codes[np.isin(labels, labels[linked])])
        if (more == linked).all():
            return linked
        linked = more


def _design(codes: np.ndarray, others: list[int], labels: np.ndarray) -> np.ndarray:
    """Return an intercept and dummies of the other categories and of all labels but the first: (n, columns)."""
    categories = codes[:, None] == np.array(others)
    return np.column_stack([np.ones(len(codes)), categories, labels[:, None] == np.unique(labels)[1:]]).astype(float)


def _has_constant_group(groups: np.ndarray, outcomes: np.ndarray) -> bool:
    """Return whether all outcomes of some group are equal."""
    owner = np.unique(groups, return_inverse=True)[1]
    ones, units = np.bincount(owner, outcomes), np.bincount(owner)
    return bool(((ones == 0) | (ones == units)).any())


def _fit_maximum_likelihood(
    design: np.ndarray, outcomes: np.ndarray, clusters: np.ndarray, count: int
) -> list[OddsRatio] | None:
    """Fit by maximum likelihood. Return None if categories and labels together separate the outcomes."""
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning, PerfectSeparationWarning

    names = np.unique(clusters)
    is_clustered = len(names) < len(clusters)
    covariance = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}, "use_t": True} if is_clustered else {}
    with warnings.catch_warnings():
        for warning in (ConvergenceWarning, HessianInversionWarning, PerfectSeparationWarning, RuntimeWarning):
            warnings.simplefilter("ignore", warning)
        try:
            fitted = Logit(outcomes, design).fit(disp=0, maxiter=100, **covariance)
        except np.linalg.LinAlgError:
            return None
    log_odds = design @ fitted.params
    if not fitted.mle_retvals["converged"] or not (np.abs(log_odds) < MAX_LOG_ODDS).all():
        return None
    low, high = fitted.conf_int().T
    ratios = []
    for column in range(1, count + 1):
        # With few clusters the cluster covariance is rank deficient and too small.
        starts = len(np.unique(clusters[design[:, column] == 1]))
        rest = len(names) - starts
        few = len(names) < max(MIN_STARTS, 2 * design.shape[1]) or min(starts, rest) < MIN_STARTS_OF_CATEGORY
        ratio, lower, upper = np.exp([fitted.params[column], low[column], high[column]]).tolist()
        if is_clustered and few:
            ratios.append(OddsRatio(ratio, note="too few starts: no interval"))
        else:
            ratios.append(OddsRatio(ratio, lower, upper, float(fitted.pvalues[column])))
    return ratios


def _fit_penalised(
    design: np.ndarray, outcomes: np.ndarray, clusters: np.ndarray, count: int, why: str
) -> list[OddsRatio]:
    note = f"penalised: {why}"
    fitted = firth.fit(design, outcomes)
    if not fitted.converged:
        return [OddsRatio(note=f"{note}; steps did not converge")] * count
    if len(np.unique(clusters)) < len(clusters):
        note += "; chains of a start are not independent: no interval"
        return [OddsRatio(value, note=note) for value in np.exp(fitted.coefficients[1 : count + 1]).tolist()]
    ratios = []
    for column in range(1, count + 1):
        profile = firth.profile(design, outcomes, fitted, column)
        failure = "; steps did not converge: no interval" if np.isnan(profile).any() else ""
        ratio, lower, upper = np.exp([fitted.coefficients[column], profile.low, profile.high]).tolist()
        ratios.append(OddsRatio(ratio, lower, upper, profile.p_value, note + failure))
    return ratios
