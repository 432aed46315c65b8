"""Changes of crossed categories, such as `20-39 x female`, from the first to the last picture, with partial pooling."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling
from broken_telephone.statistics.estimates.crossed_panels import crossed_panel
from broken_telephone.statistics.estimates.paired_counts import PairedCounts, count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Group, Panel, first_picture
from broken_telephone.statistics.estimates.partial_pooling import CellChanges, cell_changes, pooled_changes
from broken_telephone.statistics.hypothesis_tests.paired_tests import MIN_EXPECTED, stuart_maxwell
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, join_notes

POOLED = ("pooled_value", "pooled_low", "pooled_high")
INTERSECTIONS = (
    *(*GROUP, "category", "since", "iteration"),
    *(*INTERVAL, "p_value", "predicted_value", *POOLED),
    *("before", "after", "missing_before", "missing_after", "starts_in_category", "n", "clusters", "note"),
)


def intersections_table(pairs: Sequence[tuple[Panel, Panel]], resampling: Resampling, each: Map = map) -> pd.DataFrame:
    """Measure and test the change of the share of each crossed category from the first to the last picture.

    Args:
        pairs: two attributes each, all of one annotator and of the same chains.
        resampling: of intervals and permutation tests.
        each: see `group_table`.

    Returns:
        Columns INTERSECTIONS, without adjusted p-values. A chain counts if both attributes have a valid category in
        both pictures.

        - value, ci_low, ci_high, p_value: the observed change, -1 to 1, its 95 % interval and McNemar's test.
        - predicted_value: the change that the two attributes' own changes predict, see `cell_changes`.
        - pooled_value, pooled_low, pooled_high: the change after partial pooling, see `pooled_changes`.
        - before, after: shares of the n chains, 0 to 1.
        - missing_before, missing_after: shares of the group's chains whose picture lacks a category of an attribute.
        - starts_in_category: starts with a chain in the category in either picture.

        A note explains a null.
    """
    rows: list[Row] = []
    for first, second in pairs:
        crossed, size = crossed_panel(first, second), (len(first.categories), len(second.categories))
        groups = list(crossed.groups())

        def estimate(group: Group, size: tuple[int, int] = size) -> tuple[list[Row], CellChanges | None]:
            return _estimate(group, size, resampling)

        estimated = list(each(estimate, groups))
        for start in dict.fromkeys(group.start for group in groups):
            own = [(group, *parts) for group, parts in zip(groups, estimated, strict=True) if group.start == start]
            rows += _pooled_rows(own)
    return pd.DataFrame(rows, columns=list(INTERSECTIONS))


def _pooled_rows(estimated: list[tuple[Group, list[Row], CellChanges | None]]) -> Iterator[Row]:
    """Yield the rows of all groups of one start, with the pooled changes."""
    known = [(rows, changes) for _, rows, changes in estimated if changes is not None]
    # All labels together inform the variance between cells only if there are no single labels.
    labels = [changes for group, _, changes in estimated if changes is not None and group.label != ALL]
    pooled = pooled_changes([changes for _, changes in known], labels) if known else []
    for (rows, _), estimates in zip(known, pooled, strict=True):
        for row, estimate in zip(rows, estimates, strict=True):
            row |= estimate.columns(POOLED)
    for _, rows, _ in estimated:
        yield from rows


def _estimate(group: Group, size: tuple[int, int], resampling: Resampling) -> tuple[list[Row], CellChanges | None]:
    """Return the rows of a group without pooled changes, and the changes to pool."""
    chains, since = group.panel.of(group.chosen), first_picture(group.start)
    last = chains.codes.shape[1] - 1
    key: Row = dict(zip(GROUP, (group.start, group.label, group.panel.attribute), strict=True))
    missing = (chains.codes[:, [min(since, last), last]] == ABSENT).mean(0)
    key |= {"since": since, "iteration": last, "missing_before": missing[0], "missing_after": missing[1]}
    both = count_pairs(chains.codes[:, since], chains.codes[:, last], chains.clusters, len(chains.categories))
    if last <= since or not both.chains:
        why = "a single picture: there is no change"
        if last > since:
            why = f"no chain has a category of both attributes at both {since} and {last}"
        sizes: Row = {"n": 0, "clusters": 0, "starts_in_category": 0} if last <= since else both.sizes
        empty = {"starts_in_category": 0} | sizes | Estimate().columns() | {"p_value": np.nan, "note": why}
        return [key | empty | {"category": category} for category in chains.categories], None
    changes = cell_changes(both, size, resampling)
    return [key | row for row in _rows(chains.categories, both, changes, resampling)], changes


def _rows(
    categories: Sequence[str], both: PairedCounts, changes: CellChanges, resampling: Resampling
) -> Iterator[dict[str, Any]]:
    by_start, table = both.changes, both.table
    present = (both.patterns.sum(1) + both.patterns.sum(2)) > 0
    starts = both.counts @ present
    for code, category in enumerate(categories):
        test = stuart_maxwell(by_start[:, [code]], *resampling)
        estimate = changes.raw[code]
        permuted = f"p by permutation: fewer than {MIN_EXPECTED} starts expected to leave a category"
        yield {
            "category": category,
            **estimate.columns(),
            "p_value": test.p_value,
            "predicted_value": float(changes.predicted[code]),
            "before": float(table[code].sum() / both.chains),
            "after": float(table[:, code].sum() / both.chains),
            "starts_in_category": int(starts[code]),
            **both.sizes,
            "note": join_notes(estimate.why_no_interval(both.clusters), permuted if test.permuted else ""),
        }
