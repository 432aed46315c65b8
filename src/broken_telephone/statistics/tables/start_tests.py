"""Comparison of chains from images and chains from prompts, which share no starts."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.clusters import cluster_counts
from broken_telephone.statistics.estimates.panel import ABSENT, Panel
from broken_telephone.statistics.hypothesis_tests.unpaired_tests import MIN_EXPECTED, homogeneity_tests
from broken_telephone.statistics.tables.group_table import Map, Row

START_TESTS = (
    *("label", "attribute", "iteration", "group_a", "group_b"),
    *("measure", "value", "degrees_of_freedom", "p_value", "n", "note"),
)
_STARTS = ("image", "prompt")


def start_tests_table(panels: Sequence[Panel], resampling: Resampling, each: Map = map) -> pd.DataFrame:
    """Test at each iteration whether chains from images and chains from prompts have the same shares.

    Args:
        panels: one for each attribute, all of one annotator.
        resampling: of the permutations.
        each: calls a function for each label of each panel, see `Map`.

    Returns:
        Columns START_TESTS for the labels with both kinds of starts, from iteration 1 on. n: chains with a category. A
        note explains a null. There is no test of all labels together, because images and prompts may differ in the
        frequencies of the labels.
    """

    def rows_of(group: tuple[Panel, str]) -> list[Row]:
        panel, label = group
        key = {"label": label, "attribute": panel.attribute, **dict(zip(("group_a", "group_b"), _STARTS, strict=True))}
        chains = panel.of(panel.labels == label)
        iterations = chains.later(0)
        return [key | {"iteration": k} | row for k in iterations for row in _rows(chains, k, resampling)]

    groups = [(panel, label) for panel in panels for label in _shared_labels(panel)]
    return pd.DataFrame([row for rows in each(rows_of, groups) for row in rows], columns=list(START_TESTS))


def _shared_labels(panel: Panel) -> list[str]:
    by_start = [set(panel.labels[panel.starts == start]) for start in _STARTS]
    return [label for label in dict.fromkeys(panel.labels) if all(label in labels for labels in by_start)]


def _rows(chains: Panel, iteration: int, resampling: Resampling) -> Iterator[Row]:
    codes, groups = chains.codes[:, iteration], []
    for start in _STARTS:
        valid = (chains.starts == start) & (codes != ABSENT)
        groups.append(cluster_counts(codes[valid], chains.clusters[valid], len(chains.categories)))
    note = ""
    if empty := [start for start, counts in zip(_STARTS, groups, strict=True) if not len(counts)]:
        note = f"no chain from {' or '.join(f'{start}s' for start in empty)} has a category"
    elif max(counts.sum(1).max() for counts in groups) > 1:
        note = "p by permutation of starts, which several chains share"
    for measure, test in homogeneity_tests(groups, *resampling).items():
        few = f"p by permutation: fewer than {MIN_EXPECTED} chains expected in a cell" if test.permuted else ""
        no_test = "" if np.isnan(test.statistic) or test.degrees else "only one category occurs"
        if np.isfinite(test.statistic) and np.isnan(test.p_value):
            no_test = "starts of one kind have more chains than those of the other: no test"
        values = {"value": test.statistic, "degrees_of_freedom": test.degrees, "p_value": test.p_value}
        n = int(sum(counts.sum() for counts in groups))
        yield {"measure": measure, **values, "n": n, "note": no_test or note or few}
