"""Differences in success between each category and the reference, adjusted for the label, and their changes.

Rows of the method "annotator" take the annotator's categories as they are. Rows of other methods correct them with
ratings of a sample of the pictures, or with the answers of a reference annotator in their place.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.corrected_change import Sampled, rating_weights
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, by_picture, first_picture
from broken_telephone.statistics.estimates.reference import reference_category
from broken_telephone.statistics.estimates.risk_difference import Difference, Success, risk_difference
from broken_telephone.statistics.tables.corrected_drift import shared_by_start
from broken_telephone.statistics.tables.corrected_shares import Ratings, arrange_ratings
from broken_telephone.statistics.tables.group_table import ANNOTATOR, CELL, INTERVAL, Map, Row, group_table, join_notes

_KEYS = (*CELL, "reference")
_SIZES = ("n", "n_checked", "clusters", "note")
SUCCESS_DIFFERENCES = (*_KEYS, "iteration", "method", *INTERVAL, "p_value", "rate", "reference_rate", *_SIZES)
SUCCESS_CHANGES = (*_KEYS, "since", "iteration", "method", *INTERVAL, "p_value", "before", "after", *_SIZES)


class _Study(NamedTuple):
    """An attribute of all chains: categories, outcomes, and what checks the categories."""

    panel: Panel
    correct: np.ndarray
    """int8 (n, K + 1), 1 for right, 0 for wrong, ABSENT without a prediction."""
    checks: Mapping[str, tuple[np.ndarray, np.ndarray]]
    """Method -> categories of people or of the reference annotator, and numbers of the sampling strata, both
    (n, K + 1), or ABSENT."""


def success_differences_table(
    predictions: pd.DataFrame,
    chains: pd.DataFrame,
    panels: Sequence[Panel],
    corrections: Mapping[str, Ratings] | None = None,
    each: Map = map,
) -> pd.DataFrame:
    """Compare the success of each category with that of the reference at each iteration, for all labels together.

    Args:
        predictions: of one reading and one concept. A prediction that is not `correct` is a failure.
        chains: the `chains` table, in the order of the panels.
        panels: one for each attribute, all of one annotator.
        corrections: method -> ratings of people, or the answers of a better annotator in their place, the preferred
            method first. Without them, all rows have the method "annotator".
        each: see `group_table`.

    Returns:
        Columns SUCCESS_DIFFERENCES. value: success rate of the category minus that of the reference, -1 to 1,
        standardised over labels (see `risk_difference`), with a 95 % interval and the p-value of no difference. rate,
        reference_rate: the standardised rates. n: pictures with a prediction of the two categories by the annotator.
        n_checked: rated pictures with a prediction; 0 for the method "annotator". clusters: starts of these n or
        n_checked pictures. A note explains a null, and counts labels that are left out.

    Raises:
        ValueError: if people gave a picture two categories of an attribute, or if a picture is in two strata.
    """
    studies = _studies(predictions, chains, panels, corrections or {})

    def rows_of(group: Group) -> Iterator[Row]:
        for k in group.panel.later(first_picture(group.start) - 1):
            for difference, row in _differences(group, studies[group.panel.attribute], (k,)):
                rates = dict(zip(("rate", "reference_rate"), difference.rates[0], strict=True))
                yield row | rates | {"iteration": k}

    return group_table(panels, SUCCESS_DIFFERENCES, rows_of, each)


def success_changes_table(
    predictions: pd.DataFrame,
    chains: pd.DataFrame,
    panels: Sequence[Panel],
    corrections: Mapping[str, Ratings] | None = None,
    each: Map = map,
) -> pd.DataFrame:
    """Measure the change of the differences in success from the first picture of the chains to the last.

    Args:
        predictions: see `success_differences_table`.
        chains: likewise.
        panels: likewise.
        corrections: likewise.
        each: likewise.

    Returns:
        Columns SUCCESS_CHANGES. value: the difference at the last iteration minus that at the first, -2 to 2, with a
        95 % interval and the p-value of no change. before, after: the two differences, whose labels have the same
        weights. n, n_checked: pictures of both iterations; otherwise see `success_differences_table`.

    Raises:
        ValueError: see `success_differences_table`.
    """
    studies = _studies(predictions, chains, panels, corrections or {})

    def rows_of(group: Group) -> Iterator[Row]:
        since, last = first_picture(group.start), group.panel.codes.shape[1] - 1
        if last <= since:
            return
        for difference, row in _differences(group, studies[group.panel.attribute], (since, last)):
            before, after = difference.rates[:, 0] - difference.rates[:, 1]
            yield row | {"since": since, "iteration": last, "before": before, "after": after}

    return group_table(panels, SUCCESS_CHANGES, rows_of, each)


def success_findings(changes: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each change: the first corrected one with an interval, otherwise the annotator's.

    Args:
        changes: the table of `success_changes_table`.

    Returns:
        The rows with a further column annotator_value, the change by the annotator's categories.
    """
    keys = [*_KEYS, "since", "iteration"]
    by_annotator = changes[changes["method"].astype(str) == ANNOTATOR]
    values = by_annotator[[*keys, "value"]].rename(columns={"value": "annotator_value"})
    is_annotator = changes["method"].astype(str) == ANNOTATOR
    usable = changes[is_annotator | changes["ci_low"].notna()].assign(is_last=is_annotator)
    leading = usable.sort_values("is_last", kind="stable").drop_duplicates(keys).index
    chosen = changes[changes.index.isin(leading)]
    return chosen.merge(values, on=keys, how="left")


def success_comparisons(differences: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of success that a study judges: differences in the last image, and their changes.

    Args:
        differences: the table of `success_differences_table`.
        changes: the table of `success_changes_table`.

    Returns:
        Rows as `success_findings` returns them. A difference compares groups within one image: since equals iteration.
    """
    tables = []
    if len(differences):
        last = differences.groupby(differences["start"].astype(str))["iteration"].transform("max")
        within = differences[differences["iteration"] == last]
        tables.append(success_findings(within.assign(since=within["iteration"])))
    if len(changes):
        tables.append(success_findings(changes))
    return pd.concat(tables, ignore_index=True) if tables else changes


def _studies(
    predictions: pd.DataFrame, chains: pd.DataFrame, panels: Sequence[Panel], corrections: Mapping[str, Ratings]
) -> dict[str, _Study]:
    outcomes = predictions["correct"].astype("boolean").fillna(False).to_numpy(dtype=np.int8)
    width = panels[0].codes.shape[1] if panels else 0
    correct = by_picture(predictions, outcomes, chains["chain_id"], width)
    studies = {}
    for panel in panels:
        checks = {}
        for method, ratings in corrections.items():
            rated, strata = arrange_ratings(ratings, panel)
            if not (rated != ABSENT).any():
                continue
            # Replicates share their original, whose rating stands in the row of one of them.
            rated[:, 0], strata[:, 0] = (shared_by_start(array[:, 0], panel.clusters) for array in (rated, strata))
            checks[method] = rated, strata
        studies[panel.attribute] = _Study(panel, correct, checks)
    return studies


def _differences(group: Group, study: _Study, times: tuple[int, ...]) -> Iterator[tuple[Difference, Row]]:
    """Yield the difference of each category but the reference, by each method, with the columns that all rows have."""
    panel, chosen = group.panel, group.chosen
    if chosen.sum() < (panel.starts == group.start).sum():
        return
    reference = reference_category(panel)
    correct = study.correct[chosen][:, times]
    codes = np.where(correct == ABSENT, ABSENT, panel.codes[chosen][:, times])
    labels = np.unique(panel.labels[chosen].astype(str), return_inverse=True)[1]
    clusters = panel.clusters[chosen]
    weights_of = {method: _weights(study, method, chosen, labels, times) for method in study.checks}
    for code, category in enumerate(panel.categories):
        if code == reference:
            continue
        pair = np.array([code, reference])
        naive = (codes[..., None] == pair).astype(float)
        counted = naive.any((1, 2))
        sizes = {"n": int(naive.sum()), "n_checked": 0, "clusters": len(np.unique(clusters[counted]))}
        keys = {"category": category, "reference": panel.categories[reference]}
        for method in (ANNOTATOR, *study.checks):
            members, rating_weight = naive, None
            if method != ANNOTATOR:
                weights = weights_of[method]
                rated = (study.checks[method][0][chosen][:, times, None] == pair) * (correct != ABSENT)[..., None]
                members = naive + weights[..., None] * (rated - naive)
                # Labels without a rating stay out.
                members = members * _has_ratings(weights, labels)[labels, None, None]
                rating_weight = weights
                is_checked = (weights > 0).any(1)
                sizes = sizes | {
                    "n_checked": int((weights > 0).sum()),
                    "clusters": len(np.unique(clusters[is_checked])),
                }
            pictures = [
                Success(correct[:, k], members[:, k], None if rating_weight is None else rating_weight[:, k])
                for k in range(len(times))
            ]
            difference = risk_difference(pictures, labels, clusters)
            note = _note(naive, labels, difference, keys["reference"])
            row = {**keys, "method": method, **difference.estimate.columns(), "p_value": difference.p_value}
            yield difference, row | sizes | {"note": note}


def _weights(study: _Study, method: str, chosen: np.ndarray, labels: np.ndarray, times: tuple[int, ...]) -> np.ndarray:
    """Return the weights of rated pictures with an outcome, (n, T), by label."""
    weights = np.zeros((len(labels), len(times)))
    for column, k in enumerate(times):
        has_outcome = study.correct[chosen, k] != ABSENT
        for label in np.unique(labels):
            own = has_outcome & (labels == label)
            arrays = (array[chosen, k][own] for array in (study.panel.codes, *study.checks[method]))
            weights[own, column] = rating_weights(Sampled(*arrays))
    return weights


def _has_ratings(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which labels have ratings at all iterations, bool (L,)."""
    rated = np.zeros((labels.max(initial=-1) + 1, weights.shape[1]), bool)
    for label in range(len(rated)):
        rated[label] = (weights[labels == label] > 0).any(0)
    return np.asarray(rated.all(1))


def _note(naive: np.ndarray, labels: np.ndarray, difference: Difference, reference: str) -> str:
    counts = naive.sum((0, 1))
    if not counts[0]:
        return "no picture of this category; no test"
    if not counts[1]:
        return f"no picture of the reference {reference}; no test"
    missing = len(np.unique(labels)) - difference.labels
    names = "1 label" if missing == 1 else f"{missing} labels"
    left_out = f"{names} without both categories left out" if missing else ""
    if not difference.labels:
        return "no label has both categories; no test"
    few = "too few starts: no interval; no test" if np.isnan(difference.estimate.low) else ""
    return join_notes(few, left_out)
