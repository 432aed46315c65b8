"""Drift corrected for the annotator's error, and a test whether the corrections contradict the annotator.

Human ratings, or the answers of a better annotator, correct it. Both assume only that strata of pictures without
ratings resemble the rated ones.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.corrected_change import CorrectedChange, Sampled, corrected_change
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Group, Panel, first_picture
from broken_telephone.statistics.tables.corrected_shares import RATINGS, Ratings, arrange_ratings
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, group_table

_SIZES = ("n", "n_checked", "clusters", "note")
_SHARES = ("before", "before_low", "before_high", "after", "after_low", "after_high")
CORRECTED_DRIFT = (*GROUP, "category", "since", "iteration", "method", *INTERVAL, "p_value", *_SHARES, *_SIZES)
BIAS_TESTS = (*GROUP, "since", "iteration", "method", "value", "degrees_of_freedom", "p_value", *_SIZES)


class CorrectedLabel(NamedTuple):
    """The corrected change of the chains of one label, or of several."""

    chains: int
    n_checked: int
    clusters: int
    change: CorrectedChange | None
    """None without ratings at one of the iterations."""


def corrected_drift_table(
    panels: Sequence[Panel], ratings: Ratings, each: Map = map, method: str = RATINGS
) -> pd.DataFrame:
    """Correct the change of each share, from the first picture of the chains to each later one.

    Args:
        panels: one for each attribute, all of one annotator.
        ratings: of people, or the answers of a better annotator in their place.
        each: see `group_table`.
        method: RATINGS, or the name of the better annotator. Its own error is not corrected.

    Returns:
        Columns CORRECTED_DRIFT; no rows for an attribute without ratings. value: the change, -1 to 1, with a 95 %
        interval of Student's t distribution. p_value: of the hypothesis that the share did not change. before, after:
        the corrected shares in both images, limited to 0 and 1, with intervals of the same kind. n: chains.
        n_checked: rated pictures at both iterations. clusters: starts with a rating, at the iteration that has fewer.
        The value for all labels together is the mean of the labels' values, weighted by their chains. A note explains
        a null.

    Raises:
        ValueError: if people gave a picture two categories of an attribute, or if a picture is in two strata.
    """

    def rows_of(change: CorrectedChange | None, categories: Sequence[str]) -> Iterator[Row]:
        for index, category in enumerate(categories):
            estimate, p_value = (Estimate(), np.nan) if change is None else change_estimate(change, index)
            row = {"category": category, "method": method, **estimate.columns(), "p_value": p_value}
            yield row if change is None else row | share_columns(change, index)

    return _table(panels, ratings, CORRECTED_DRIFT, rows_of, each, method)


def bias_table(panels: Sequence[Panel], ratings: Ratings, each: Map = map, method: str = RATINGS) -> pd.DataFrame:
    """Test jointly, over all categories, whether ratings contradict the annotator's change of the shares.

    The statistic is Hotelling's T-squared of the annotator's bias (Hotelling 1931, Annals of Mathematical Statistics
    2), with the p-value of its F distribution. The test of all labels together uses the mean bias of the labels,
    weighted by their chains.

    Args:
        panels: see `corrected_drift_table`.
        ratings: likewise.
        each: likewise.
        method: likewise.

    Returns:
        Columns BIAS_TESTS. degrees_of_freedom: of the numerator of F.

    Raises:
        ValueError: see `corrected_drift_table`.
    """

    def rows_of(change: CorrectedChange | None, _: Sequence[str]) -> Iterator[Row]:
        statistic, degrees, p_value = (np.nan, 0, np.nan) if change is None else _hotelling(change)
        row = {"method": method, "value": statistic, "degrees_of_freedom": degrees, "p_value": p_value}
        is_too_few = change is not None and np.isnan(statistic)
        yield row | (
            {"note": f"too few starts with a {_source(method)} for the number of categories: no test"}
            if is_too_few
            else {}
        )

    return _table(panels, ratings, BIAS_TESTS, rows_of, each, method)


def _table(
    panels: Sequence[Panel],
    ratings: Ratings,
    columns: Sequence[str],
    rows_of: Callable[[CorrectedChange | None, Sequence[str]], Iterable[Row]],
    each: Map,
    method: str,
) -> pd.DataFrame:
    source = _source(method)
    arranged = {panel.attribute: arrange_ratings(ratings, panel) for panel in panels}
    rated_panels = [panel for panel in panels if (arranged[panel.attribute][0] != ABSENT).any()]

    def group_rows(group: Group) -> Iterator[Row]:
        panel, since = group.panel, first_picture(group.start)
        own_labels = dict.fromkeys(panel.labels[group.chosen])
        for iteration in panel.later(since):
            chosen = [group.chosen & (panel.labels == label) for label in own_labels]
            parts = [_part(panel, some, since, iteration, *arranged[panel.attribute]) for some in chosen]
            unrated = [label for label, part in zip(own_labels, parts, strict=True) if part.change is None]
            missing = f"no {source} at iteration {since} or {iteration}"
            note = missing if unrated and group.label != ALL else ""
            if unrated and group.label == ALL:
                note = f"{missing}: {', '.join(unrated)}"
            elif min(part.clusters for part in parts) < 2:
                note = note or f"{source}s of a single start: no interval"
            pooled = pooled_label(parts)
            sizes = {"n": pooled.chains, "n_checked": pooled.n_checked, "clusters": pooled.clusters}
            shared = {"since": since, "iteration": iteration, **sizes, "note": note}
            yield from (shared | row for row in rows_of(pooled.change, panel.categories))

    return group_table(rated_panels, columns, group_rows, each)


def _source(method: str) -> str:
    """Return the noun for one label that corrects the annotator."""
    return "rating" if method == RATINGS else "reference answer"


def _part(
    panel: Panel, chosen: np.ndarray, since: int, iteration: int, rated: np.ndarray, strata: np.ndarray
) -> CorrectedLabel:
    clusters = panel.clusters[chosen]
    sampled = []
    for k in (since, iteration):
        codes, own_rated, own_strata = (array[chosen, k] for array in (panel.codes, rated, strata))
        if k == 0:
            # Replicates share their original, whose rating stands in the row of one of them.
            own_rated, own_strata = (shared_by_start(values, clusters) for values in (own_rated, own_strata))
        sampled.append(Sampled(codes, own_rated, own_strata))
    n_checked = int((rated[chosen][:, [since, iteration]] != ABSENT).sum())
    starts = [len(np.unique(clusters[one.rated != ABSENT])) for one in sampled]
    change = corrected_change(sampled[0], sampled[1], clusters, len(panel.categories)) if min(starts) else None
    return CorrectedLabel(int(chosen.sum()), n_checked, min(starts), change)


def shared_by_start(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Give each chain (n,) the value of the chain of its start that has one."""
    names, owner = np.unique(clusters, return_inverse=True)
    shared = np.full(len(names), ABSENT, values.dtype)
    np.maximum.at(shared, owner, values)
    return shared[owner]


def pooled_label(parts: list[CorrectedLabel]) -> CorrectedLabel:
    """Put labels together: sums of their sizes, and the mean change, see `_pool`."""
    chains, n_checked, clusters = (
        sum(getattr(part, name) for part in parts) for name in ("chains", "n_checked", "clusters")
    )
    return CorrectedLabel(chains, n_checked, clusters, _pool(parts))


def _pool(parts: list[CorrectedLabel]) -> CorrectedChange | None:
    """Return the mean change of the parts, weighted by their chains; None if a part has no change.

    The number of ratings is the degrees of freedom of Welch (1947, Biometrika 34) and Satterthwaite, plus one.
    """
    changes = [part.change for part in parts if part.change is not None]
    if len(changes) < len(parts):
        return None
    if len(changes) == 1:
        return changes[0]
    weights = np.array([part.chains for part in parts]) / sum(part.chains for part in parts)
    fields = zip(*changes, strict=True)
    value, covariance, bias, bias_covariance, pseudo = (
        np.tensordot(weights**power, np.array(field), 1) for power, field in zip((1, 2, 1, 2, 2), fields, strict=False)
    )
    variances = weights**2 * [np.trace(change.covariance) for change in changes]
    freedom = [max(change.ratings - 1, 1) for change in changes]
    degrees = variances.sum() ** 2 / (variances**2 / freedom).sum() if variances.sum() else sum(freedom)
    shares = np.tensordot(weights, np.array([change.shares for change in changes]), 1)
    share_variances, share_pseudo = (
        np.tensordot(weights**2, np.array([getattr(change, name) for change in changes]), 1)
        for name in ("variances", "share_pseudo")
    )
    # The pseudo-ratings of the change and of the shares are added once to all labels together, not once to each.
    pooled = CorrectedChange(value, covariance, bias, bias_covariance, pseudo / len(changes), degrees + 1)
    return pooled._replace(shares=shares, variances=share_variances, share_pseudo=share_pseudo / len(changes))


def change_estimate(change: CorrectedChange, index: int) -> tuple[Estimate, float]:
    """Return the change of one category with its 95 % interval, and the p-value of no change; null without an error."""
    from scipy.stats import t

    value, error = float(change.value[index]), float(np.sqrt((change.covariance + change.pseudo)[index, index]))
    if not error > 0:
        return Estimate(value), np.nan
    margin = error * t.ppf((1 + CONFIDENCE) / 2, change.ratings - 1)
    p_value = float(2 * t.sf(abs(value) / error, change.ratings - 1))
    return Estimate(value, max(value - margin, -1.0), min(value + margin, 1.0)), p_value


def share_columns(change: CorrectedChange, index: int) -> Row:
    """Return the corrected shares of one category before and after the change, with their 95 % intervals."""
    from scipy.stats import t

    row: Row = {}
    variances = change.variances + change.share_pseudo[:, None]
    for name, shares, own in zip(("before", "after"), change.shares, variances, strict=True):
        value, error = shares[index], np.sqrt(own[index])
        margin = error * t.ppf((1 + CONFIDENCE) / 2, change.ratings - 1) if error > 0 else np.nan
        limits = np.clip([value, value - margin, value + margin], 0, 1)
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), map(float, limits), strict=True))
    return row


def _hotelling(change: CorrectedChange) -> tuple[float, int, float]:
    """Return statistic, degrees of freedom and p-value of the hypothesis that the annotator's change has no bias."""
    from scipy.stats import f

    covariance = change.bias_covariance + change.pseudo
    if np.isnan(covariance).any():
        return np.nan, 0, np.nan
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True))
    rest = change.ratings - degrees
    if degrees < 1 or rest < 1:
        return np.nan, degrees, np.nan
    statistic = float(change.bias @ np.linalg.pinv(covariance, hermitian=True) @ change.bias)
    return statistic, degrees, float(f.sf(statistic * rest / (degrees * (change.ratings - 1)), degrees, rest))
