"""Tests of whether a label's chains are Markov chains, without which nothing can be extrapolated from them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import Group, Panel, first_picture
from broken_telephone.statistics.hypothesis_tests.markov_tests import (
    MarkovTest,
    homogeneity_test,
    memory_test,
    order_test,
    periods,
)
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import benjamini_hochberg
from broken_telephone.statistics.tables.group_table import GROUP, Map, Row, group_table

LEVEL = 0.05
"""Adjusted p-values below it reject the Markov assumption."""
HOMOGENEITY, ORDER, MEMORY = "homogeneity", "order", "memory of the first image"
NOISE = "annotator error alone can cause this"
"""A Markov chain that is observed with errors is a hidden Markov chain. It has a memory, and its observed steps change
while it settles."""
MARKOV_TESTS = (*GROUP, "kind", "value", "degrees_of_freedom", "p_value", "p_adjusted", "n", "clusters", "note")

_TESTS = {HOMOGENEITY: homogeneity_test, ORDER: order_test, MEMORY: memory_test}
_IMAGES = {HOMOGENEITY: 3, ORDER: 3, MEMORY: 4}
"""Images that a test needs. With three of them, the memory of the first image is the order."""
_NEEDS = {
    HOMOGENEITY: "no steps of two periods between images that the study kept",
    ORDER: "no three successive images that the study kept",
    MEMORY: "no step after the second one between images that the study kept",
}


def markov_tests_table(panels: Sequence[Panel], resampling: Resampling, each: Map = map) -> pd.DataFrame:
    """Test the Markov assumption of each label and attribute.

    Args:
        panels: one for each attribute.
        resampling: of the permutations, see `homogeneity_test`.
        each: see `group_table`.

    Returns:
        Columns MARKOV_TESTS, by `kind`: HOMOGENEITY (equal transitions in all periods of the loop), ORDER (the image
        before the last one matters), MEMORY (the first image matters). `value` is the statistic, n counts steps, and
        p_adjusted controls the false discovery rate over all rows.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains = group.panel.of(group.chosen)
        codes = chains.codes[:, first_picture(group.start) :]
        for kind, test in _TESTS.items():
            if codes.shape[1] < _IMAGES[kind]:
                no_test = MarkovTest(np.nan, 0, np.nan, 0, 0)
                note = f"fewer than {_IMAGES[kind]} images in a chain"
                yield _row(kind, no_test, note)
                continue
            if not _can_test(kind, chains, first_picture(group.start)):
                yield _row(kind, MarkovTest(np.nan, 0, np.nan, 0, 0), _NEEDS[kind])
                continue
            result = test(codes, chains.clusters, len(chains.categories), resampling)
            yield _row(kind, result, "" if result.degrees else "too few different steps to compare")

    table = group_table(panels, [name for name in MARKOV_TESTS if name != "p_adjusted"], rows_of, each)
    table.insert(table.columns.get_loc("p_value") + 1, "p_adjusted", benjamini_hochberg(table, []))
    table.loc[table["p_adjusted"] < LEVEL, "note"] = NOISE
    return table


def _can_test(kind: str, chains: Panel, first: int) -> bool:
    """Return whether the study kept the images that a test needs, `Panel.thinned`."""
    kept = {first, *chains.later(first)}
    steps = [k - first for k in sorted(kept) if k - 1 in kept]
    if kind == HOMOGENEITY:
        return len(set(periods(chains.codes.shape[1] - 1 - first)[[k - 1 for k in steps]])) > 1
    if kind == ORDER:
        return any(k + 1 in steps for k in steps)
    # The image before the second step is the first image, so that the order and the memory are one question there.
    return first in kept and any(k > 2 for k in steps)


def _row(kind: str, test: MarkovTest, note: str) -> Row:
    return {
        "kind": kind,
        "value": test.statistic,
        "degrees_of_freedom": test.degrees,
        "p_value": test.p_value,
        "n": test.n,
        "clusters": test.clusters,
        "note": note,
    }


def rejected_kinds(markov_tests: pd.DataFrame, **group: str) -> list[str] | None:
    """Return the kinds of tests that reject the Markov assumption of a group; None if none could be made.

    Args:
        markov_tests: the `markov_tests` table.
        group: start, label and attribute.
    """
    rows = markov_tests
    for name, value in group.items():
        rows = rows[rows[name].astype(str) == value]
    tested = rows[rows["p_adjusted"].notna()]
    return [str(kind) for kind in tested.loc[tested["p_adjusted"] < LEVEL, "kind"]] if len(tested) else None
