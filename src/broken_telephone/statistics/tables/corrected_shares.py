"""Shares corrected for the annotator's error, by two methods with different assumptions.

The first method inverts the annotator's confusion matrix with the data set's labels of the originals. It assumes equal
error rates for generated pictures. If a label has too few originals, it also assumes equal error rates for all labels.
The second method uses human ratings of a sample of the pictures themselves. It assumes only that strata without ratings
resemble the rated ones.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates import misclassification
from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, by_picture, first_picture
from broken_telephone.statistics.estimates.prediction_powered import prediction_powered_shares
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, group_table, join_notes

CORRECTED = (
    *(*GROUP, "category", "iteration", "method", *INTERVAL),
    *("n", "n_checked", "clusters", "methods_agree", "note"),
)
CONFUSION, RATINGS = "confusion", "human ratings"
MAX_CONDITION = 100
"""Condition number of the confusion matrix above which an error of 1 % in a share may become one of 100 %."""
FEW_STARTS = 50
"""Number of rated starts below which intervals may be too short. In a simulation with an annotator that errs in 40 % of
the pictures, 91 % of the intervals covered the truth at 20 starts. From 100 starts on, 93 to 99 % did."""


class Ratings(NamedTuple):
    """Human ratings of a sample of the pictures."""

    given: pd.DataFrame
    """Columns chain_id, iteration, attribute, category: a row for each category that people agree on."""
    strata: pd.DataFrame
    """Columns chain_id, iteration, stratum: the sampling frame and its strata. An original that replicates share has
    one row, with the chain_id of its rating."""
    chains: pd.Series
    """chain_id (n,), in the order of the panels."""


def corrected_table(
    panels: Sequence[Panel], resampling: Resampling, ratings: Ratings | None = None, each: Map = map
) -> pd.DataFrame:
    """Correct the share of each category in each picture by each available method.

    Args:
        panels: one for each attribute, all of one annotator.
        resampling: of the intervals of the method "confusion".
        ratings: of people.
        each: see `group_table`.

    Returns:
        Columns CORRECTED, with 95 % intervals. A note explains a null.

        Method "confusion": n: pictures with a category; clusters: their starts; n_checked: chains whose original has a
        category from both annotator and data set. These are chains of the label if it has MIN_LABELLED originals of
        each category, else of all labels, as the note says. Method "human ratings": n: pictures in the sampling frame,
        with or without a category; n_checked: rated pictures; clusters: their starts. Pictures that people cannot label
        are assumed to resemble the others of their stratum.

        methods_agree: whether the difference between the two methods is within sampling error at the 5 % level; null
        if an interval is missing. Agreement may also mean that there is too little data to show a difference.

    Raises:
        ValueError: if people gave a picture two categories of an attribute, or if a picture is in two strata.
    """
    arranged = {panel.attribute: arrange_ratings(ratings, panel) for panel in panels if ratings is not None}

    def rows_of(group: Group) -> Iterator[Row]:
        panel = group.panel
        confusion, borrowed = misclassification.confusion_of(panel, group.label)
        ratings_and_strata = arranged.get(panel.attribute)
        others = None
        if confusion.n:
            others = misclassification.bootstrap_confusion(confusion, panel, ~group.chosen, None, resampling)
        for iteration in panel.later(first_picture(group.start) - 1):
            methods = []
            if others is not None:
                rows = _by_confusion(group, iteration, confusion, others, resampling)
                methods.append([row | {"note": row["note"] or borrowed} for row in rows])
            if ratings_and_strata is not None and (ratings_and_strata[0] != ABSENT).any():
                methods.append(_by_ratings(group, iteration, *ratings_and_strata))
            for category, *rows in zip(panel.categories, *methods, strict=True):
                key = {"category": category, "iteration": iteration, "methods_agree": _agree(rows)}
                yield from (key | row for row in rows)

    return group_table(panels, CORRECTED, rows_of, each).astype({"methods_agree": "boolean"})


def _by_confusion(
    group: Group, iteration: int, confusion: misclassification.Confusion, others: np.ndarray, resampling: Resampling
) -> list[Row]:
    """Return a row for each category; `others` are the `bootstrap_confusion` samples of the other chains."""
    panel, chosen = group.panel, group.chosen
    answers = np.where(chosen, panel.codes[:, iteration], ABSENT)
    valid = answers != ABSENT
    observed = np.bincount(answers[valid], minlength=len(panel.categories))
    clusters = len(np.unique(panel.clusters[valid]))
    sizes = {"n": int(valid.sum()), "n_checked": confusion.n, "clusters": clusters}
    strays = confusion.strays | (~confusion.stated & (observed > 0))
    matrix, size = confusion.matrix, len(confusion.matrix)
    if strays.any():
        names = ", ".join(name for name, is_stray in zip(panel.categories, strays, strict=True) if is_stray)
        return _rows(CONFUSION, sizes, panel, f"the data set states no {names}, which the annotator answers")
    if not valid.any():
        return _rows(CONFUSION, sizes, panel, "no picture has a category")
    if np.linalg.cond(matrix / matrix.sum(1, keepdims=True)) > MAX_CONDITION:
        return _rows(CONFUSION, sizes, panel, "the annotator does not tell the categories apart: cannot be solved")
    value = np.full(len(panel.categories), np.nan)
    value[confusion.stated] = misclassification.invert_confusion(matrix, observed[confusion.stated])
    limits = np.full((2, len(value)), np.nan)
    note = "a single start: no interval" if min(clusters, confusion.clusters) < 2 else ""
    if size < 2:
        note = "only one category is stated: no interval"
    if not note:
        samples = others + misclassification.bootstrap_confusion(confusion, panel, chosen, answers, resampling)
        samples += misclassification.bootstrap_pseudo_starts(confusion, sizes["n"] / clusters, resampling)
        shares = misclassification.invert_confusion(samples[:, :-size].reshape(-1, size, size), samples[:, -size:])
        # The projection to the simplex skews samples near 0 and 1, hence percentiles.
        limits[:, confusion.stated] = np.quantile(shares, [0.025, 0.975], axis=0)
        limits = np.array([np.minimum(limits[0], value), np.maximum(limits[1], value)])
    notes = np.where(confusion.stated, note, "the data set never states it")
    return _rows(CONFUSION, sizes, panel, notes, value, *limits)


def _by_ratings(group: Group, iteration: int, ratings: np.ndarray, strata: np.ndarray) -> list[Row]:
    """Return a row for each category."""
    panel = group.panel
    frame = group.chosen & (strata[:, iteration] != ABSENT)
    codes, rated, stratum = (array[frame, iteration] for array in (panel.codes, ratings, strata))
    has_rating, clusters = rated != ABSENT, panel.clusters[frame]
    starts = len(np.unique(clusters[has_rating]))
    sizes = {"n": int(frame.sum()), "n_checked": int(has_rating.sum()), "clusters": starts}
    if not has_rating.any():
        return _rows(RATINGS, sizes, panel, "nobody rated a picture")
    value, errors = prediction_powered_shares(codes, rated, stratum, clusters, len(panel.categories))
    unrated = 1 - np.isin(stratum, stratum[has_rating]).mean()
    unrated_note = f"{unrated:.0%} of the pictures are in strata that nobody rated" if unrated else ""
    if starts < 2:
        return _rows(RATINGS, sizes, panel, join_notes("ratings of a single start: no interval", unrated_note), value)
    few = f"fewer than {FEW_STARTS} starts rated: intervals may be too short" if starts < FEW_STARTS else ""
    from scipy.stats import t

    margins = t.ppf(0.975, starts - 1) * errors
    low, high = np.maximum(value - margins, 0), np.minimum(value + margins, 1)
    return _rows(RATINGS, sizes, panel, join_notes(few, unrated_note), value, low, high)


def arrange_ratings(ratings: Ratings, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of people's categories and the numbers of the strata, each (n, K + 1), or ABSENT."""
    given = ratings.given[ratings.given["attribute"] == panel.attribute]
    for table in (given, ratings.strata):
        if (is_duplicate := table.duplicated(["chain_id", "iteration"])).any():
            row = table[is_duplicate].iloc[0]
            raise ValueError(f"chain {row['chain_id']}, iteration {row['iteration']}: there are two rows")
    codes = pd.Categorical(given["category"].astype(object), categories=list(panel.categories)).codes
    strata, width = pd.factorize(ratings.strata["stratum"])[0], panel.codes.shape[1]
    return by_picture(given, codes, ratings.chains, width), by_picture(ratings.strata, strata, ratings.chains, width)


def _rows(
    method: str,
    sizes: dict[str, int],
    panel: Panel,
    note: str | np.ndarray,
    value: np.ndarray | float = np.nan,
    low: np.ndarray | float = np.nan,
    high: np.ndarray | float = np.nan,
) -> list[Row]:
    columns = np.broadcast_arrays(value, low, high, note, np.empty(len(panel.categories)))[:4]
    rows = zip(*columns, strict=True)
    return [{"method": method, **sizes, **dict(zip((*INTERVAL, "note"), row, strict=True))} for row in rows]


def _agree(rows: Sequence[Row]) -> bool | None:
    """Return whether the methods differ by less than their errors, which are assumed independent and normal."""
    limits = np.array([(row["ci_low"], row["ci_high"]) for row in rows])
    if len(rows) < 2 or np.isnan(limits).any():
        return None
    return bool(abs(rows[0]["value"] - rows[1]["value"]) <= significant_difference(*np.diff(limits)[:, 0]))


def significant_difference(one: float, other: float) -> float:
    """Return the smallest difference that is significant at 5 % between two values with intervals of these widths."""
    return float(np.hypot(one, other)) / 2
