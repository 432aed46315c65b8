"""Odds ratios of a correctly named concept between categories, adjusted for the label."""

import warnings
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.hypothesis_tests.firth import penalised_coefficients

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


class _Pictures(NamedTuple):
    """Outcomes, float (n,), categories, labels and clusters of pictures."""

    right: np.ndarray
    codes: np.ndarray
    labels: np.ndarray
    clusters: np.ndarray

    def of(self, chosen: np.ndarray) -> "_Pictures":
        return _Pictures(*(array[chosen] for array in self))


def odds_ratios(
    right: np.ndarray, codes: np.ndarray, labels: np.ndarray, clusters: np.ndarray, size: int, reference: int
) -> list[OddsRatio]:
    """Compare the odds of the categories by logistic regression of `right` on category and label.

    A label with one outcome, always or never named right, carries no information on the odds ratios: its likelihood,
    given its number of right answers, does not depend on them. Such labels are left out, and the note counts them.

    The fit is by maximum likelihood with Wald intervals. If clusters have several pictures, the covariance is
    clustered (Liang and Zeger 1986, Biometrika 73), with Student's t distribution. A category that is always or never
    named right has no finite maximum. It is left out likewise, and has a ratio by Firth's penalised likelihood, whose
    profile interval assumes independent pictures. Its ratio has no interval if pictures are dependent. All ratios are
    penalised if the reference has one outcome, or if categories and labels together separate the outcomes.

    Args:
        right: bool or 0 and 1, (n,), of pictures with a category.
        codes: int (n,), categories, 0 to size - 1.
        labels: (n,), their labels.
        clusters: (n,), equal for pictures that are not independent.
        size: number of categories.
        reference: the category that the others are compared with.

    Returns:
        One for each category, above 0. The reference has the ratio 1 and no interval. A category is null if no chain of
        labels with shared categories connects it to the reference, because its odds are then confounded with its
        labels.
    """
    occurs = np.bincount(codes, minlength=size) > 0
    ratios = [OddsRatio(note="no picture of this category")] * size
    if not occurs[reference]:
        return [OddsRatio(note="no picture of the reference") if some else ratios[0] for some in occurs]
    if occurs.sum() == 1:
        ratios[reference] = OddsRatio(note="the only category: nothing to compare with")
        return ratios
    pictures = _Pictures(
        np.asarray(right, float), codes, np.unique(labels.astype(str), return_inverse=True)[1], clusters
    )
    informative = _has_both_outcomes(pictures.labels, pictures.right)
    both, uninformative = pictures.of(informative), pictures.of(~informative)
    note = _left_out(uninformative.labels)
    for code in np.flatnonzero(occurs).tolist():
        confounded = "in no label with the reference, nor linked to it: confounded with the label"
        alone = "; ".join(filter(None, ["in no label that has both outcomes: no information on its odds", note]))
        ratios[code] = OddsRatio(note=confounded if code in both.codes and reference in both.codes else alone)
    ratios[reference] = OddsRatio(1.0, note="the reference: the others are compared with it")
    linked = both.of(_linked(both.codes, both.labels, reference))
    constant = set(linked.codes[~_has_both_outcomes(linked.codes, linked.right)].tolist())
    fitted: dict[int, OddsRatio] = {}
    if reference not in constant and len(linked.codes):
        varied = linked.of(~np.isin(linked.codes, list(constant)))
        informative = _has_both_outcomes(varied.labels, varied.right)
        own_note = _left_out(np.concatenate([uninformative.labels, varied.labels[~informative]]))
        varied = varied.of(informative)
        fitted = _fit_maximum_likelihood(
            varied.of(_linked(varied.codes, varied.labels, reference)), reference, own_note
        )
    others = set(linked.codes.tolist()) - {reference}
    if rest := sorted(others - set(fitted)):
        is_separated = reference not in constant and not set(rest) <= constant
        why = "categories and labels together separate the outcomes" if is_separated else "a category has one outcome"
        note = "; ".join(filter(None, [f"penalised: {why}", note]))
        fitted = fitted | _fit_penalised(linked, reference, rest, note)
    for code, ratio in fitted.items():
        ratios[code] = ratio
    return ratios


def _left_out(labels: np.ndarray) -> str:
    """Count the labels, (pictures,), that are left out. The text is empty without labels."""
    count, size = len(np.unique(labels)), len(labels)
    if not size:
        return ""
    names = "1 label" if count == 1 else f"{count} labels"
    return f"{names} with one outcome left out ({size} {'picture' if size == 1 else 'pictures'})"


def _linked(codes: np.ndarray, labels: np.ndarray, reference: int) -> np.ndarray:
    """Select the pictures (n,) whose categories are connected to the reference by labels in common."""
    linked = codes == reference
    while True:
        more = np.isin(codes, codes[np.isin(labels, labels[linked])])
        if (more == linked).all():
            return linked
        linked = more


def _design(pictures: _Pictures, reference: int) -> tuple[np.ndarray, list[int]]:
    """Return an intercept, dummies of the other categories, and of all labels but the first, with these categories."""
    others = [code for code in np.unique(pictures.codes).tolist() if code != reference]
    categories = pictures.codes[:, None] == np.array(others)
    labels = pictures.labels[:, None] == np.unique(pictures.labels)[1:]
    return np.column_stack([np.ones(len(labels)), categories, labels]).astype(float), others


def _has_both_outcomes(groups: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Return whether the group of each picture has both outcomes, bool (n,)."""
    owner = np.unique(groups, return_inverse=True)[1]
    ones, units = np.bincount(owner, outcomes), np.bincount(owner)
    return np.asarray(((ones > 0) & (ones < units))[owner])


def _fit_maximum_likelihood(pictures: _Pictures, reference: int, note: str) -> dict[int, OddsRatio]:
    """Fit by maximum likelihood. Return no ratio if categories and labels together separate the outcomes."""
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning, PerfectSeparationWarning

    design, others = _design(pictures, reference)
    if not others:
        return {}
    clusters, names = pictures.clusters, np.unique(pictures.clusters)
    is_clustered = len(names) < len(clusters)
    covariance = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}, "use_t": True} if is_clustered else {}
    with warnings.catch_warnings():
        for warning in (ConvergenceWarning, HessianInversionWarning, PerfectSeparationWarning, RuntimeWarning):
            warnings.simplefilter("ignore", warning)
        try:
            fitted = Logit(pictures.right, design).fit(disp=0, maxiter=100, **covariance)
        except np.linalg.LinAlgError:
            return {}
    log_odds = design @ fitted.params
    if not fitted.mle_retvals["converged"] or not (np.abs(log_odds) < MAX_LOG_ODDS).all():
        return {}
    low, high = fitted.conf_int().T
    ratios = {}
    for column, code in enumerate(others, 1):
        # With few clusters the cluster covariance is rank deficient and too small.
        starts = len(np.unique(clusters[design[:, column] == 1]))
        rest = len(names) - starts
        few = len(names) < max(MIN_STARTS, 2 * design.shape[1]) or min(starts, rest) < MIN_STARTS_OF_CATEGORY
        ratio, lower, upper = np.exp([fitted.params[column], low[column], high[column]]).tolist()
        if is_clustered and few:
            ratios[code] = OddsRatio(ratio, note="; ".join(filter(None, ["too few starts: no interval", note])))
        else:
            ratios[code] = OddsRatio(ratio, lower, upper, float(fitted.pvalues[column]), note)
    return ratios


def _fit_penalised(pictures: _Pictures, reference: int, wanted: list[int], note: str) -> dict[int, OddsRatio]:
    design, others = _design(pictures, reference)
    columns = [1 + others.index(code) for code in wanted]
    is_clustered = len(np.unique(pictures.clusters)) < len(pictures.clusters)
    if is_clustered:
        note += "; chains of a start are not independent: no interval"
    ratios = {}
    fitted = penalised_coefficients(design, pictures.right, columns)
    for code, (value, low, high, p_value) in zip(wanted, fitted, strict=True):
        ratio, lower, upper = np.exp([value, low, high]).tolist()
        if is_clustered or np.isnan(value):
            ratios[code] = OddsRatio(ratio, note=note + ("; steps did not converge" if np.isnan(value) else ""))
            continue
        failure = "; steps did not converge: no interval" if np.isnan([low, high, p_value]).any() else ""
        ratios[code] = OddsRatio(ratio, lower, upper, p_value, note + failure)
    return ratios
