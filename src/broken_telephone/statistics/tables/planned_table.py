"""The planned hypotheses of a study as a family of tests of their own."""

import numpy as np
import pandas as pd

from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import holm
from broken_telephone.statistics.tables.group_table import ANNOTATOR, CELL, INTERVAL, SPAN, Row, join_notes
from broken_telephone.statistics.tables.interim_looks import FALL, RISE, SMALL

PLANNED_CHANGES = (*SPAN, "direction", "method", *INTERVAL, "p_value", "p_adjusted", "answer", "n", "clusters", "note")
NOT_SHOWN, NO_TEST = "not shown", "no test"
"""Answers beside RISE, FALL and SMALL. NOT_SHOWN: neither a change, nor that the change is smaller than planned."""


def planned_table(
    changes: pd.DataFrame, planned: pd.DataFrame, change: float, level: float = 0.05, looks: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Judge the planned hypotheses as their own family.

    Args:
        changes: one row for each tested change of a share: columns SPAN, method, value, ci_low, ci_high (95 %),
            p_value, n, clusters, note.
        planned: columns SPAN and direction (rise, fall or empty); one row for each hypothesis.
        change: planned change of a share, 0 to 1.
        level: of the family.
        looks: the `interim_looks` table if the plan has interim looks. Its last look then replaces p-value, interval
            and answer, because repeated tests make an ordinary p-value invalid.

    Returns:
        Columns PLANNED_CHANGES, in the order of the hypotheses. ci_low, ci_high: intervals that hold together for all
        hypotheses (Bonferroni); p_adjusted: by Holm's method; answer: rise, fall, smaller than planned (the interval
        excludes the planned change in both directions), not shown, or no test. A note explains a null.
    """
    known = changes.astype(dict.fromkeys(CELL, object)).drop_duplicates(SPAN)
    merged = planned[[*SPAN, "direction"]].merge(known, on=SPAN, how="left")
    merged["p_adjusted"] = holm(merged["p_value"].to_numpy(dtype=float, na_value=np.nan))
    rows = [_judged(row, len(planned), change, level) for row in merged.to_dict("records")]
    if looks is not None:
        last = looks.astype(dict.fromkeys(CELL, object)).groupby(SPAN, sort=False).tail(1)
        by_key = {tuple(row[name] for name in SPAN): row for row in last.to_dict("records")}
        rows = [_looked_at(row, by_key.get(tuple(row[name] for name in SPAN))) for row in rows]
    return pd.DataFrame(rows, columns=list(PLANNED_CHANGES))


def _judged(row: Row, tests: int, change: float, level: float) -> Row:
    from scipy.stats import t

    note = "" if pd.isna(row["note"]) else str(row["note"])
    if pd.isna(row["method"]):
        return {**row, "answer": NO_TEST, "note": "the study has no such share"}
    low, high = row["ci_low"], row["ci_high"]
    if not pd.isna(low) and row["clusters"] > 1:
        freedom = int(row["clusters"]) - 1
        factor = float(t.isf(level / 2 / tests, freedom) / t.isf(0.025, freedom))
        low, high = (float(np.clip(row["value"] + factor * (end - row["value"]), -1, 1)) for end in (low, high))
    row = {**row, "ci_low": low, "ci_high": high}
    if pd.isna(row["p_adjusted"]):
        return {**row, "answer": NO_TEST, "note": note or "no test"}
    if row["p_adjusted"] < level and row["value"] and not low <= 0 <= high:
        return {**row, "answer": RISE if row["value"] > 0 else FALL, "note": note}
    is_small = not pd.isna(low) and -change < low and high < change
    return {**row, "answer": SMALL if is_small else NOT_SHOWN, "note": note}


def _looked_at(row: Row, look: Row | None) -> Row:
    """Replace test, interval and answer by those of the last look."""
    untested = {"p_value": np.nan, "p_adjusted": np.nan}
    if look is None:
        why = "no look is reached yet"
        note = why if row["answer"] != NO_TEST else join_notes(row["note"], why)
        return {**row, **untested, **dict.fromkeys(INTERVAL, np.nan), "answer": NO_TEST, "note": note}
    answer = look["answer"] if look["answer"] in (RISE, FALL, SMALL) else NOT_SHOWN
    note = f"judged at look {look['look']} by alpha spending: no ordinary p-value"
    if pd.isna(look["value"]):
        answer, note = NO_TEST, f"no chain has a category in both images at look {look['look']}"
    shared = {name: look[name] for name in (*INTERVAL, "n", "clusters")}
    return {**row, **untested, **shared, "method": ANNOTATOR, "answer": answer, "note": note}
