"""Success by category: rates of a correctly named concept, their differences, and their changes in the loop."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates import rates
from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, by_picture, first_picture
from broken_telephone.statistics.estimates.reference import reference_category
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.hypothesis_tests.odds import odds_ratios
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, group_table, join_notes

SUCCESS = (*GROUP, "category", "reference", "iteration", "kind", *INTERVAL, "p_value", "n", "clusters", "note")
CLEAR = "named"
"""The status of a prediction with exactly one label."""


def success_table(
    predictions: pd.DataFrame,
    chains: pd.DataFrame,
    panels: Sequence[Panel],
    resampling: Resampling,
    each: Map = map,
) -> pd.DataFrame:
    """Measure how often the label is named correctly in the pictures of each category.

    Args:
        predictions: of one reading and one concept. A prediction that is not `correct` is a failure, clear or not.
        chains: the `chains` table, in the order of the panels.
        panels: one for each attribute, all of one annotator.
        resampling: of the intervals of differences.
        each: see `group_table`.

    Returns:
        Columns SUCCESS. n: pictures with a prediction and a category; clusters: their independent starts. A note
        explains a null. By `kind`:

        - rate: share of correct predictions, 0 to 1; the note counts predictions without a clear label.
        - parity difference: largest minus smallest rate of an iteration's categories, 0 to 1, as in Fairlearn (Weerts
          et al. 2023, JMLR 24). For one label it measures the violation of equal opportunity (Hardt, Price and Srebro
          2016, NeurIPS 29).
        - change: rate at the last iteration minus rate at the first picture, -1 to 1. Chains change category, so the
          two rates are of different chains.
        - odds ratio: against the category `reference`, see `odds_ratios` and `reference_category`. It is given at the
          first and the last iteration for all labels together.
    """
    # Threads that import these at the same time can wait for each other for ever.
    import firthmodels  # noqa: F401
    import statsmodels.discrete.discrete_model  # noqa: F401

    width = panels[0].codes.shape[1] if panels else 0
    outcomes = predictions["correct"].astype("boolean").fillna(False).to_numpy(dtype=np.int8)
    correct = by_picture(predictions, outcomes, chains["chain_id"], width)
    statuses = predictions["status"].astype(str).to_numpy(dtype=object)
    status = by_picture(predictions, statuses, chains["chain_id"], width, missing=CLEAR)

    def rows_of(group: Group) -> Iterator[Row]:
        panel, first = group.panel.of(group.chosen), first_picture(group.start)
        own_correct, own_status = correct[group.chosen], status[group.chosen]
        tables = [rates.count_outcomes(panel, own_correct, k) for k in range(own_correct.shape[1])]
        for k in panel.later(first - 1):
            yield from (row | {"iteration": k} for row in _rate_rows(panel, own_correct[:, k], own_status[:, k], k))
            yield _parity_row(tables[k], resampling) | {"iteration": k}
        changes = _change_rows(panel.categories, tables, first, resampling)
        yield from (row | {"iteration": len(tables) - 1} for row in changes)
        if group.chosen.sum() == (group.panel.starts == group.start).sum():
            yield from _odds_rows(panel, own_correct, first, reference_category(group.panel))

    return group_table(panels, SUCCESS, rows_of, each)


def _rate_rows(panel: Panel, correct: np.ndarray, status: np.ndarray, k: int) -> Iterator[Row]:
    for code, category in enumerate(panel.categories):
        counted = (panel.codes[:, k] == code) & (correct != ABSENT)
        share = clustered_shares(correct[counted], panel.clusters[counted], 2)[1]
        unclear = Counter(str(value) for value in status[counted] if value != CLEAR)
        note = f"no clear label: {', '.join(f'{n} {name}' for name, n in sorted(unclear.items()))}" if unclear else ""
        note = note if counted.any() else "no picture of this category"
        estimate = Estimate(share.share, share.ci_low, share.ci_high)
        yield _row("rate", estimate, share.n, share.clusters, note, category=category)


def _parity_row(tables: np.ndarray, resampling: Resampling) -> Row:
    tables = tables[tables.any((1, 2))]
    occurs = tables.any((0, 2))
    sizes = int(tables.sum()), len(tables)
    if occurs.sum() < 2:
        note = "fewer than two categories occur: nothing to compare"
        return _row("parity difference", Estimate(), *sizes, note)
    by_category = rates.success_rates(tables.sum(0))
    samples = rates.success_rates(rates.resampled_outcomes(tables, resampling))
    estimate = rates.largest_difference(by_category[occurs], samples[:, occurs], len(tables))
    return _row("parity difference", estimate, *sizes, estimate.why_no_interval(len(tables)))


def _change_rows(
    categories: Sequence[str], tables: Sequence[np.ndarray], first: int, resampling: Resampling
) -> Iterator[Row]:
    size, last = len(categories), len(tables) - 1
    if last <= first:
        note = "a single picture: there is no change"
        yield from (_row("change", Estimate(), 0, 0, note, category=category) for category in categories)
        return
    # The bootstrap draws both iterations of a cluster together.
    both = np.concatenate([tables[first], tables[last]], axis=1)
    by_category = rates.success_rates(both.sum(0))
    samples = rates.success_rates(rates.resampled_outcomes(both, resampling))
    for code, category in enumerate(categories):
        cells = both[:, [code, size + code]]
        starts = int(cells.any((1, 2)).sum())
        value = float(by_category[size + code] - by_category[code])
        estimate = bootstrap_interval(value, samples[:, size + code] - samples[:, code], starts, (-1, 1))
        empty = [str(k) for k, rate in ((first, by_category[code]), (last, by_category[size + code])) if np.isnan(rate)]
        note = f"no picture of this category at {' and '.join(empty)}" if empty else estimate.why_no_interval(starts)
        yield _row("change", estimate, int(cells.sum()), starts, note, category=category)


def _odds_rows(panel: Panel, correct: np.ndarray, first: int, reference: int) -> Iterator[Row]:
    for k in sorted({first, correct.shape[1] - 1}):
        valid = (panel.codes[:, k] != ABSENT) & (correct[:, k] != ABSENT)
        sizes = int(valid.sum()), len(np.unique(panel.clusters[valid]))
        arrays = correct[valid, k], panel.codes[valid, k], panel.labels[valid], panel.clusters[valid]
        ratios = odds_ratios(*arrays, len(panel.categories), reference)
        for category, (*estimate, p_value, note) in zip(panel.categories, ratios, strict=True):
            keys = {"category": category, "reference": panel.categories[reference], "iteration": k, "p_value": p_value}
            yield _row("odds ratio", Estimate(*estimate), *sizes, note, **keys)


def _row(kind: str, estimate: Estimate, n: int, clusters: int, note: str, **columns: Any) -> Row:
    columns = {"category": None, "reference": None, "p_value": np.nan} | columns
    note = join_notes(note, "no test" if np.isnan(columns["p_value"]) else "")
    return {"kind": kind, **estimate.columns(), "n": n, "clusters": clusters, "note": note, **columns}
