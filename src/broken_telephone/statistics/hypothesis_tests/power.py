"""The smallest drift that the chains there are could show: without it, no significant drift says little."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.distances import shares
from broken_telephone.statistics.estimates.paired_counts import SWAPS, Pairs, pairs
from broken_telephone.statistics.estimates.panel import Panel, first_picture
from broken_telephone.statistics.estimates.shares import effective_number

POWER = (
    "start",
    "label",
    "attribute",
    "category",
    "since",
    "iteration",
    "n",
    "clusters",
    "changing",
    "detectable",
    "possible",
    "can_show",
    "note",
)
ALPHA, CHANCE = 0.05, 0.8
"""The level of McNemar's test, two-sided, and the chance with which it is to reject."""
FEWEST = 6
"""Changes that can be significant: if all go one way, 2 / 2^6 = 0.03; of five, 0.06."""


def power_table(panels: Sequence[Panel]) -> pd.DataFrame:
    """Return the smallest shift of every category's share, from first picture to last, that would be detected.

    Of one test alone, at the level ALPHA: corrected for many tests, the shift has to be larger.

    Args:
        panels: one an attribute, all of one annotator.

    Returns:
        Columns POWER. n: chains with a category at both; changing: share of them that enter or leave the category, 0
        to 1, with the made-up swaps of `Pairs.resampled`; detectable: see `detectable_shift`, for as many chains as n
        are worth; possible: the largest shift from the share before, 1/2 to 1; can_show: whether detectable is
        possible. A null has a note.
    """
    rows: list[dict[str, Any]] = []
    for panel in panels:
        for start, label, some in panel.groups():
            since, last = first_picture(start), some.codes.shape[1] - 1
            where = {"start": start, "label": label, "attribute": panel.attribute, "since": since, "iteration": last}
            rows += [where | row for row in _rows(some, since, last)]
    return pd.DataFrame(rows, columns=list(POWER))


def detectable_shift(n: float, changing: float) -> float:
    """Return the smallest shift of a share that McNemar's test of n pairs detects.

    Of pairs of which the share c changes, a shift d is detected where (Connor 1987, Biometrics 43)

        n = (z sqrt(c) + y sqrt(c - d^2))^2 / d^2,    z = 1.96, y = 0.84: ALPHA and CHANCE as normal deviates,

    which solved for d is

        d = sqrt(c) r,    r = (z sqrt(n) + y sqrt(n + y^2 - z^2)) / (n + y^2).

    No shift is larger than the share that changes. If that is as small as can be, all changes go one way, and FEWEST
    are significant; these there are with the chance y where d is that quantile of Beta(FEWEST, n - FEWEST + 1), as in
    Clopper and Pearson (1934, Biometrika 26). The larger of the two is returned: its chance is 0.74 to 0.84 from 20
    pairs on, and with fewer, if most of them change, down to 0.53.

    Args:
        n: independent pairs.
        changing: c, 0 to 1.

    Returns:
        0 to 1; null below FEWEST pairs.
    """
    from scipy.stats import beta, norm

    if n < FEWEST:
        return np.nan
    z, y = norm.ppf([1 - ALPHA / 2, CHANCE])
    r = (z * np.sqrt(n) + y * np.sqrt(n + y**2 - z**2)) / (n + y**2)
    return float(max(np.sqrt(changing) * r, beta.ppf(CHANCE, FEWEST, n - FEWEST + 1)))


def _rows(some: Panel, since: int, last: int) -> Iterator[dict[str, Any]]:
    size = len(some.categories)
    both = pairs(some.codes[:, since], some.codes[:, last], some.clusters, size)
    why = ""
    if last <= since:
        why = "a single picture: there is no shift"
    elif size < 2:
        why = "a single category: its share cannot shift"
    elif not both.chains:
        why = f"no chain has a category at both {since} and {last}"
    for place, category in enumerate(some.categories):
        row = {"category": category, "n": both.chains, "clusters": both.clusters}
        if why:
            nothing = dict.fromkeys(("changing", "detectable", "possible"), np.nan)
            yield row | nothing | {"can_show": False, "note": why}
        else:
            yield row | _power(both, place)


def _power(both: Pairs, place: int) -> dict[str, Any]:
    before = float(shares(both.table)[0][place])
    worth, changing = _worth(both, place), _changing(both, place)
    possible = max(before, 1 - before)
    # Starts are what the test permutes, however many chains they are worth.
    shift = detectable_shift(worth, changing) if both.clusters >= FEWEST else np.nan
    notes = []
    if worth < both.chains:
        notes.append(f"chains of a start change alike: worth {worth:.4g} independent ones")
    if np.isnan(shift):
        notes.append(f"fewer than {FEWEST} starts: no shift is detectable")
    elif shift > changing:
        notes.append("detectable only if more chains change than do")
    return {
        "changing": changing,
        "detectable": shift,
        "possible": possible,
        "can_show": shift <= possible,
        "note": "; ".join(notes),
    }


def _moved(both: Pairs, place: int) -> float:
    """How many chains enter or leave a category."""
    table = both.table
    return float(table[place].sum() + table[:, place].sum() - 2 * table[place, place])


def _changing(both: Pairs, place: int) -> float:
    """Share of chains that enter or leave a category; SWAPS made-up clusters do like any other change."""
    size, weight = both.table.shape[0], both.chains / both.clusters
    return (_moved(both, place) + 2 * SWAPS / size * weight) / (both.chains + SWAPS * weight)


def _worth(both: Pairs, place: int) -> float:
    """How many independent chains the chains of a category are worth, see `shares.effective_number`.

    Where all chains change alike, or none does, nothing is known of the effect, and clusters are counted.
    """
    n = both.chains
    changes, units = both.changes[:, place], both.tables.sum((1, 2))
    shift = changes.sum() / n
    alone = (_moved(both, place) / n - shift**2) / n
    return effective_number(units, alone, changes - shift * units)
