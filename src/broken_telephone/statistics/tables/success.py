"""Whether the concept is named right, by category: rates, how far they are apart, and how they change in the loop."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.estimate import NONE, Estimate, spread, why_no_interval
from broken_telephone.statistics.estimates.panel import ABSENT, Map, Panel, first_picture, groups_of
from broken_telephone.statistics.estimates.rates import outcomes, rates, resampled_outcomes, widest
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.hypothesis_tests.odds import odds_ratios
from broken_telephone.statistics.tables.baseline import ALL
from broken_telephone.statistics.tables.drift_table import Resampling

SUCCESS = (
    "start",
    "label",
    "attribute",
    "category",
    "iteration",
    "kind",
    "value",
    "ci_low",
    "ci_high",
    "p_value",
    "n",
    "clusters",
    "note",
)
CLEAR = "named"
"""The status of a prediction of one label."""


def success_table(
    predictions: pd.DataFrame,
    chains: pd.DataFrame,
    panels: Sequence[Panel],
    resampling: Resampling,
    each: Map = map,
) -> pd.DataFrame:
    """Return how often the label is named right, of the pictures of every category.

    Args:
        predictions: of one reading and one concept; what is not `correct` is a failure, clear or not.
        chains: the `chains` table, in the order of the panels.
        panels: one an attribute, all of one annotator.
        resampling: of the intervals of differences.
        each: as for `drift_table`.

    Returns:
        Columns SUCCESS. n: pictures with a prediction and a category that a value is of; clusters: independent starts
        among them. A null has a note. By `kind`:

        rate: share named right, 0 to 1; the note counts predictions without a clear label.
        parity difference: largest less smallest rate of an iteration's categories, 0 to 1, as Fairlearn takes it of
        any rate (Weerts et al. 2023, JMLR 24). Of one label it says how far from equal opportunity that is (Hardt,
        Price and Srebro 2016, NeurIPS 29).
        change: rate at the last iteration less that at the first picture, -1 to 1. Chains change category, so that
        these are not the same chains.
        odds ratio: against the commonest category, see `odds_ratios`; at the first and the last iteration, of all
        labels together.
    """
    right, status = _outcomes(predictions, chains, panels[0].codes.shape[1] if panels else 0)

    def counted(group: tuple[Panel, str, str, Panel]) -> list[dict[str, Any]]:
        panel, start, label, some = group
        started = panel.starts == start
        here = started if label == ALL else started & (panel.labels == label)
        where = {"start": start, "label": label, "attribute": panel.attribute}
        rows = [where | row for row in _rows(some, right[here], status[here], first_picture(start), resampling)]
        if here.sum() == started.sum():
            rows += [where | row for row in _odds(some, right[here], first_picture(start))]
        return rows

    rows = [row for rows in each(counted, groups_of(panels)) for row in rows]
    return pd.DataFrame(rows, columns=list(SUCCESS))


def _outcomes(predictions: pd.DataFrame, chains: pd.DataFrame, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return by chain and iteration 1 for right, 0 for not, ABSENT for no prediction, int8; and the status, object."""
    rows = pd.Index(chains["chain_id"].astype(str)).get_indexer(predictions["chain_id"].astype(str))
    columns = predictions["iteration"].to_numpy(dtype=np.int64)
    kept = (rows >= 0) & (columns < width)
    where = rows[kept], columns[kept]
    right = np.full((len(chains), width), ABSENT, np.int8)
    right[where] = predictions["correct"].astype("boolean").fillna(False).to_numpy(dtype=bool)[kept]
    status = np.full((len(chains), width), CLEAR, dtype=object)
    status[where] = predictions["status"].astype(str).to_numpy(dtype=object)[kept]
    return right, status


def _rows(
    some: Panel, right: np.ndarray, status: np.ndarray, first: int, resampling: Resampling
) -> Iterator[dict[str, Any]]:
    tables = [outcomes(some, right, k) for k in range(right.shape[1])]
    for k in range(first, len(tables)):
        yield from (row | {"iteration": k} for row in _rates(some, right[:, k], status[:, k], k))
        yield _parity(tables[k], resampling) | {"iteration": k}
    yield from (row | {"iteration": len(tables) - 1} for row in _changes(some, tables, first, resampling))


def _rates(some: Panel, right: np.ndarray, status: np.ndarray, k: int) -> Iterator[dict[str, Any]]:
    for place, category in enumerate(some.categories):
        mine = (some.codes[:, k] == place) & (right != ABSENT)
        share = clustered_shares(right[mine], some.clusters[mine], 2)[1]
        unclear = Counter(str(one) for one in status[mine] if one != CLEAR)
        note = f"no clear label: {', '.join(f'{n} {name}' for name, n in sorted(unclear.items()))}" if unclear else ""
        found = Estimate(share.share, share.ci_low, share.ci_high)
        note = note if mine.any() else "no picture of this category"
        yield _row("rate", found, share.n, share.clusters, note) | {"category": category}


def _parity(tables: np.ndarray, resampling: Resampling) -> dict[str, Any]:
    tables = tables[tables.any((1, 2))]
    present = tables.any((0, 2))
    count = int(tables.sum()), len(tables)
    if present.sum() < 2:
        return _row("parity difference", NONE, *count, "fewer than two categories occur: nothing to compare")
    found_rates, samples = rates(tables.sum(0)), rates(resampled_outcomes(tables, resampling))
    found = widest(found_rates[present], samples[:, present], len(tables))
    return _row("parity difference", found, *count, why_no_interval(found, len(tables)))


def _changes(some: Panel, tables: Sequence[np.ndarray], first: int, resampling: Resampling) -> Iterator[dict[str, Any]]:
    size, last = len(some.categories), len(tables) - 1
    if last <= first:
        note = "a single picture: there is no change"
        yield from (_row("change", NONE, 0, 0, note) | {"category": category} for category in some.categories)
        return
    # Of a cluster, both times are drawn together.
    both = np.concatenate([tables[first], tables[last]], axis=1)
    found_rates, samples = rates(both.sum(0)), rates(resampled_outcomes(both, resampling))
    for place, category in enumerate(some.categories):
        mine = both[:, [place, size + place]]
        starts = int(mine.any((1, 2)).sum())
        value = float(found_rates[size + place] - found_rates[place])
        found = spread(value, samples[:, size + place] - samples[:, place], starts, (-1, 1))
        without = [
            str(k) for k, rate in ((first, found_rates[place]), (last, found_rates[size + place])) if np.isnan(rate)
        ]
        missing = f"no picture of this category at {' and '.join(without)}"
        note = missing if without else why_no_interval(found, starts)
        yield _row("change", found, int(mine.sum()), starts, note) | {"category": category}


def _odds(some: Panel, right: np.ndarray, first: int) -> Iterator[dict[str, Any]]:
    for k in sorted({first, right.shape[1] - 1}):
        there = (some.codes[:, k] != ABSENT) & (right[:, k] != ABSENT)
        count = int(there.sum()), len(np.unique(some.clusters[there]))
        arrays = right[there, k], some.codes[there, k], some.labels[there], some.clusters[there]
        for category, one in zip(some.categories, odds_ratios(*arrays, len(some.categories)), strict=True):
            row = _row("odds ratio", Estimate(one.value, one.low, one.high), *count, one.note, one.p_value)
            yield row | {"category": category, "iteration": k}


def _row(kind: str, found: Estimate, n: int, clusters: int, note: str, p_value: float = np.nan) -> dict[str, Any]:
    notes = [note, "no test" if np.isnan(p_value) else ""]
    return {
        "category": None,
        "kind": kind,
        "value": found.value,
        "ci_low": found.low,
        "ci_high": found.high,
        "p_value": p_value,
        "n": n,
        "clusters": clusters,
        "note": "; ".join(text for text in notes if text),
    }
