"""Odds of a concept being named right, of each category against the commonest, with the label held the same."""

import warnings
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.hypothesis_tests import firth

FEW_STARTS, FEW_OF_CATEGORY = 30, 10
"""Starts, and starts with a picture of a category, from which on the covariance by cluster is taken for right."""
SURE = 15.0
"""Log odds that no data of this size can show: a likelihood that is still rising there has no maximum."""


class Odds(NamedTuple):
    """An odds ratio, its 95 % interval and the p-value of its being 1; null where not defined, with a note why."""

    value: float
    low: float
    high: float
    p_value: float
    note: str


def odds_ratios(
    right: np.ndarray, codes: np.ndarray, labels: np.ndarray, clusters: np.ndarray, size: int
) -> list[Odds]:
    """Compare the odds of the categories by logistic regression of `right` on dummies of category and label.

    By greatest likelihood and Wald's intervals, with the covariance by cluster where clusters have several pictures
    (Liang and Zeger 1986, Biometrika 73) and Student's t for as many clusters. Where a category or a label is always or
    never named right that has no maximum, and Firth's penalised likelihood with its profile is taken. That holds all
    pictures for independent, so where they are not it gives a ratio and no interval.

    Args:
        right: bool or 0 and 1, (n,), of pictures with a category.
        codes: (n,), their categories, 0 to size - 1.
        labels: (n,), their labels.
        clusters: (n,), equal for pictures that are not independent.
        size: number of categories.

    Returns:
        One a category, above 0. The commonest, of several the first, has the ratio 1 and no interval. Null for
        categories that no label, nor a row of labels that share categories, links with it: their odds cannot be told
        apart from those of their labels.
    """
    counts = np.bincount(codes, minlength=size)
    found = [_none("no picture of this category")] * size
    if not counts.any():
        return found
    commonest = int(counts.argmax())
    labels = np.unique(labels.astype(str), return_inverse=True)[1]
    linked = _linked(codes, labels, commonest)
    there = np.unique(codes[linked]).tolist()
    for place in np.flatnonzero(counts).tolist():
        found[place] = _none("never in a label with the commonest category: not to be told apart from the label")
    if np.count_nonzero(counts) == 1:
        found[commonest] = _none("the only category: nothing to compare with")
        return found
    found[commonest] = Odds(1.0, np.nan, np.nan, np.nan, "the commonest category: the others are compared with it")
    others = [place for place in there if place != commonest]
    if others:
        design = _design(codes[linked], others, labels[linked])
        outcomes = np.asarray(right[linked], float)
        if _empty(codes[linked], outcomes) or _empty(labels[linked], outcomes):
            fitted, why = None, "a category or label is always or never named right"
        else:
            fitted = _likeliest(design, outcomes, clusters[linked], len(others))
            why = "categories and labels together are always or never named right"
        fitted = fitted or _penalised(design, outcomes, clusters[linked], len(others), why)
        for place, one in zip(others, fitted, strict=True):
            found[place] = one
    return found


def _none(note: str) -> Odds:
    return Odds(np.nan, np.nan, np.nan, np.nan, note)


def _linked(codes: np.ndarray, labels: np.ndarray, commonest: int) -> np.ndarray:
    """Pictures of the commonest category, of all in their labels, of all in the labels of those, and so on: (n,)."""
    linked = codes == commonest
    while True:
        more = np.isin(codes, codes[np.isin(labels, labels[linked])])
        if (more == linked).all():
            return linked
        linked = more


def _design(codes: np.ndarray, others: list[int], labels: np.ndarray) -> np.ndarray:
    """Ones, a dummy of every other category and one of every label but the first: (n, 1 + others + labels - 1)."""
    categories = codes[:, None] == np.array(others)
    return np.column_stack([np.ones(len(codes)), categories, labels[:, None] == np.unique(labels)[1:]]).astype(float)


def _empty(groups: np.ndarray, outcomes: np.ndarray) -> bool:
    """Whether a group has one outcome only."""
    owner = np.unique(groups, return_inverse=True)[1]
    ones, units = np.bincount(owner, outcomes), np.bincount(owner)
    return bool(((ones == 0) | (ones == units)).any())


def _likeliest(design: np.ndarray, outcomes: np.ndarray, clusters: np.ndarray, count: int) -> list[Odds] | None:
    """By greatest likelihood; None where there is none, because categories and labels together separate outcomes."""
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning, PerfectSeparationWarning

    names = np.unique(clusters)
    shared = len(names) < len(clusters)
    how = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}, "use_t": True} if shared else {}
    with warnings.catch_warnings():
        for warning in (ConvergenceWarning, HessianInversionWarning, PerfectSeparationWarning, RuntimeWarning):
            warnings.simplefilter("ignore", warning)
        try:
            fitted = Logit(outcomes, design).fit(disp=0, maxiter=100, **how)
        except np.linalg.LinAlgError:
            return None
    linear = design @ fitted.params
    if not fitted.mle_retvals["converged"] or not (np.abs(linear) < SURE).all():
        return None
    low, high = fitted.conf_int().T
    found = []
    for column in range(1, count + 1):
        # The covariance by cluster has a rank below their number, and is too small where they are few.
        starts = len(np.unique(clusters[design[:, column] == 1]))
        most = len(names) - starts
        few = len(names) < max(FEW_STARTS, 2 * design.shape[1]) or min(starts, most) < FEW_OF_CATEGORY
        unsure = shared and few
        value, lowest, highest = np.exp([fitted.params[column], low[column], high[column]]).tolist()
        if unsure:
            found.append(Odds(value, np.nan, np.nan, np.nan, "too few starts: no interval"))
        else:
            found.append(Odds(value, lowest, highest, float(fitted.pvalues[column]), ""))
    return found


def _penalised(design: np.ndarray, outcomes: np.ndarray, clusters: np.ndarray, count: int, why: str) -> list[Odds]:
    note = f"penalised: {why}"
    fitted = firth.fit(design, outcomes)
    if not fitted.converged:
        return [_none(f"{note}; steps did not converge")] * count
    if len(np.unique(clusters)) < len(clusters):
        note += "; chains of a start are not independent: no interval"
        values = np.exp(fitted.coefficients[1 : count + 1]).tolist()
        return [Odds(value, np.nan, np.nan, np.nan, note) for value in values]
    found = []
    for column in range(1, count + 1):
        ends = firth.profile(design, outcomes, fitted, column)
        failed = "; steps did not converge: no interval" if np.isnan(ends).any() else ""
        value, low, high = np.exp([fitted.coefficients[column], ends.low, ends.high]).tolist()
        found.append(Odds(value, low, high, ends.p_value, note + failed))
    return found
