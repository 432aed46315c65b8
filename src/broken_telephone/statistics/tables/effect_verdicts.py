"""Verdicts about factors: who is blamed for the differences between arms."""

import numpy as np
import pandas as pd

from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together, holm
from broken_telephone.statistics.tables.findings import LEVEL
from broken_telephone.statistics.tables.group_table import join_notes
from broken_telephone.statistics.tables.missing_verdicts import NOT_ENOUGH_DATA

EFFECT, MEAN_DRIFT = "effect", "mean drift"
SHARE_OF_DRIFT, DRIFT_REMOVED = "share of the differences", "drift removed"
"""Kinds of rows."""
MEAN = "(mean)"
"""The factor of rows with the mean drift of all arms."""
BLAMED, MINOR, NOT_BLAMED = "blamed", "minor", "not blamed"
BLAME_LEVEL = 0.01
"""A factor is blamed if its adjusted p-value is below it. Blame is a strong claim, hence the strict level."""
LEAST_SHARE = 0.1
"""Share of the differences that a factor makes at least, if it is blamed and not minor."""
EFFECTS = (
    *("start", "family", "label", "attribute", "category", "since", "iteration", "kind", "factor", "levels"),
    *("value", "ci_low", "ci_high", "p_value", "p_adjusted", "verdict", "n_pairs", "clusters", "method", "note"),
)
COMPLETE, SMALLEST = "complete", "smallest"
"""Columns that verdicts need and the table does not have."""


def with_verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Add adjusted p-values and verdicts. The factors are a family of their own."""
    p_values = table["p_value"].to_numpy(float)
    is_factor, is_effect = (table["kind"].isin(kinds).to_numpy() for kinds in ([SHARE_OF_DRIFT], [EFFECT, MEAN_DRIFT]))
    adjusted = np.full(len(table), np.nan)
    adjusted[is_factor] = holm(p_values[is_factor])
    for kind in (EFFECT, MEAN_DRIFT):
        own = (table["kind"] == kind).to_numpy()
        adjusted[own] = adjusted_together(p_values[own], np.zeros(own.sum()), LEVEL)[0]
    table = table.assign(p_value=p_values, p_adjusted=adjusted, verdict="")
    complete = holm(table.loc[is_factor, COMPLETE].to_numpy(float))
    least = table.loc[is_factor, SMALLEST].to_numpy(float) * np.isfinite(p_values[is_factor]).sum()
    rows = table.loc[is_factor, ["value", "ci_low", "p_adjusted", "note"]].astype({"value": float, "ci_low": float})
    verdicts = [
        _verdict(value, low, p_adjusted, own_complete, own_least, note)
        for (value, low, p_adjusted, note), own_complete, own_least in zip(
            rows.itertuples(index=False), complete, least, strict=True
        )
    ]
    table.loc[is_factor, "verdict"] = [verdict for verdict, _ in verdicts]
    table.loc[is_factor, "note"] = [note for _, note in verdicts]
    no_test = is_effect & np.isnan(adjusted)
    table.loc[no_test, "note"] = [join_notes(one, "no test") for one in table.loc[no_test, "note"]]
    return table[list(EFFECTS)]


def _verdict(value: float, low: float, p_adjusted: float, complete: float, least: float, note: str) -> tuple[str, str]:
    """Return the verdict about a factor, and the note.

    Args:
        value: its share of the differences.
        low: lower limit of that share; null if the arms hardly differ, so that a share of it says little.
        p_adjusted: of its test.
        complete: adjusted p-value of the chains with all answers.
        least: the smallest adjusted p-value that so many starts can have.
        note: of the row.
    """
    if np.isnan(p_adjusted):
        return NOT_ENOUGH_DATA, note
    if p_adjusted < BLAME_LEVEL:
        if np.isnan(value):
            return NOT_ENOUGH_DATA, note
        return (MINOR if value < LEAST_SHARE or np.isnan(low) else BLAMED), note
    if least >= BLAME_LEVEL:
        return NOT_ENOUGH_DATA, join_notes(note, "too few starts to show any effect after adjustment for all factors")
    if complete < BLAME_LEVEL:
        return NOT_ENOUGH_DATA, join_notes(note, "missing answers leave the effect open")
    return NOT_BLAMED, note
