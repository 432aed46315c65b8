"""Whether groups of different chains have the same shares, such as chains from images and chains from prompts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, Map, Panel
from broken_telephone.statistics.hypothesis_tests.paired_tests import PERMUTATIONS, Tested
from broken_telephone.statistics.tables.drift_table import Resampling

UNPAIRED = (
    "label",
    "attribute",
    "iteration",
    "one",
    "other",
    "measure",
    "value",
    "degrees",
    "p_value",
    "n",
    "note",
)
CHI_SQUARE, G = "chi-square", "G"
EXPECTED = 5
"""Below that many chains expected in a cell, the distribution is permuted. The usual rule; Cochran (1954, Biometrics
10) is more lenient."""
ALIKE = 1.25
"""The most by which groups may differ in how many chains a start has, on average, for starts to be exchanged."""


def unpaired(groups: Sequence[np.ndarray], n_permutations: int, seed: int) -> dict[str, Tested]:
    """Test that all groups have the same shares: chi-square (Pearson 1900) and the likelihood ratio G (Wilks 1938).

    Categories that no group has cost no degree of freedom, nothing is added to empty cells, and there is no correction
    for continuity. Where chains share a start, or too few are expected in a cell, starts are dealt anew to groups as
    large as before (by `scipy.stats.random_table`). Where each start has one chain, these are tables with the same
    margins as the sample. Starts of many chains cannot be dealt in for starts of few: 40 starts of one chain against
    one of twenty would differ by nothing in two of three studies. Without starts that are ALIKE there is no p-value.

    Args:
        groups: two or more, each (starts, C): of every start, chains by category. Groups without a chain are left out.
        n_permutations: of the permutation, PERMUTATIONS at least.
        seed: of the permutation.

    Returns:
        By measure, CHI_SQUARE and G. Null p-value where starts are not alike. Null statistic where fewer than two
        groups have a chain; p = 1 and no degrees of freedom where only one category occurs.
    """
    there = [tables[tables.sum(1) > 0] for tables in groups]
    there = [tables for tables in there if len(tables)]
    if len(there) < 2:
        return dict.fromkeys((CHI_SQUARE, G), Tested(np.nan, 0, np.nan, False))
    whole = np.concatenate(there)
    counts = np.array([tables.sum(0) for tables in there])[:, whole.sum(0) > 0]
    degrees = (len(counts) - 1) * (counts.shape[1] - 1)
    if not degrees:
        return dict.fromkeys((CHI_SQUARE, G), Tested(0.0, 0, 1.0, False))
    statistics = _statistics(counts)
    if (whole.sum(1) == 1).all() and _expected(counts).min() >= EXPECTED:
        from scipy.stats import chi2

        return {name: Tested(float(x), degrees, float(chi2.sf(x, degrees)), False) for name, x in statistics.items()}
    heavy = [tables.sum() / len(tables) for tables in there]
    if max(heavy) > ALIKE * min(heavy):
        return {name: Tested(float(x), degrees, np.nan, False) for name, x in statistics.items()}
    patterns, alike = np.unique(whole, axis=0, return_counts=True)
    n_permutations = max(n_permutations, PERMUTATIONS)
    from scipy.stats import random_table

    dealt = random_table([len(tables) for tables in there], alike).rvs(n_permutations, random_state=seed)
    others = _statistics(dealt.astype(float) @ patterns[:, whole.sum(0) > 0])
    found = {}
    for name, statistic in statistics.items():
        # As large up to rounding; the sample itself is one of the permutations.
        larger = 1 + (others[name] >= statistic * (1 - 1e-9)).sum()
        found[name] = Tested(float(statistic), degrees, float(larger / (n_permutations + 1)), True)
    return found


def unpaired_table(panels: Sequence[Panel], resampling: Resampling, each: Map = map) -> pd.DataFrame:
    """Test at each iteration whether chains from images and chains from prompts have the same shares.

    Args:
        panels: one an attribute, all of one annotator.
        resampling: of the permutations.
        each: as for `drift_table`.

    Returns:
        Columns UNPAIRED; labels that both kinds of chains have, from the first picture that both have. All labels
        together are not tested: images and prompts may have them in different numbers, which is no difference in what
        models make of a label. n: chains with a category. A null has a note.
    """

    def tested(work: tuple[Panel, str]) -> list[dict[str, Any]]:
        panel, label = work
        some = panel.of(panel.labels == label)
        where = {"label": label, "attribute": panel.attribute, "one": "image", "other": "prompt"}
        rows = []
        for iteration in range(1, some.codes.shape[1]):
            rows += [where | {"iteration": iteration} | row for row in _rows(some, iteration, resampling)]
        return rows

    work = [(panel, label) for panel in panels for label in _shared(panel)]
    rows = [row for rows in each(tested, work) for row in rows]
    return pd.DataFrame(rows, columns=list(UNPAIRED))


def _shared(panel: Panel) -> list[str]:
    there = {start: set(panel.labels[panel.starts == start]) for start in ("image", "prompt")}
    return [label for label in dict.fromkeys(panel.labels) if all(label in labels for labels in there.values())]


def _rows(some: Panel, iteration: int, resampling: Resampling) -> list[dict[str, Any]]:
    groups = [_tables(some.of(some.starts == start), iteration) for start in ("image", "prompt")]
    n = int(sum(tables.sum() for tables in groups))
    note = ""
    if empty := [start for start, tables in zip(("image", "prompt"), groups, strict=True) if not len(tables)]:
        note = f"no chain from {' or '.join(f'{start}s' for start in empty)} has a category"
    elif max(tables.sum(1).max() for tables in groups) > 1:
        note = "p by permutation of starts, which several chains share"
    rows = []
    for measure, test in unpaired(groups, *resampling).items():
        few = f"p by permutation: fewer than {EXPECTED} chains expected in a cell" if test.permuted else ""
        alike = "" if np.isnan(test.statistic) or test.degrees else "only one category occurs"
        if np.isfinite(test.statistic) and np.isnan(test.p_value):
            alike = "starts of one kind have more chains than those of the other: no test"
        values = {"value": test.statistic, "degrees": test.degrees, "p_value": test.p_value, "n": n}
        rows.append({"measure": measure} | values | {"note": alike or note or few})
    return rows


def _tables(some: Panel, iteration: int) -> np.ndarray:
    """Of each start that has a chain with a category, chains by category: int64 (starts, C)."""
    codes = some.codes[:, iteration]
    there = codes != ABSENT
    names, owner = np.unique(some.clusters[there], return_inverse=True)
    tables = np.zeros((len(names), len(some.categories)), np.int64)
    np.add.at(tables, (owner, codes[there]), 1)
    return tables


def _expected(counts: np.ndarray) -> np.ndarray:
    """Chains expected in every cell, (..., groups, C); no group and no category is empty."""
    rows, columns = counts.sum(-1, keepdims=True), counts.sum(-2, keepdims=True)
    return np.asarray(rows * columns / counts.sum((-1, -2), keepdims=True))


def _statistics(counts: np.ndarray) -> dict[str, np.ndarray]:
    expected = _expected(counts)
    square = ((counts - expected) ** 2 / expected).sum((-1, -2))
    from scipy.special import xlogy

    return {CHI_SQUARE: square, G: 2 * xlogy(counts, counts / expected).sum((-1, -2))}
