"""Judges the change of every share between a chain's first image and its last.

Where ratings correct the annotator's drift, the corrected change is judged. Only a test that is adjusted for the number
of tests declares a rise or a fall. Only a power analysis separates "no significant change" from "not enough data to
tell".
"""

import numpy as np
import pandas as pd

from broken_telephone.statistics.tables.shares_table import DATASET

RISE, FALL = "rise", "fall"
NOT_SIGNIFICANT, NOT_ENOUGH_DATA = "no significant change", "not enough data to tell"
LEVEL = 0.05
"""Adjusted p-values below it are significant; `statistics.power_table` uses the same level."""
CELL = ("start", "label", "attribute", "category")
SPAN = [*CELL, "since", "iteration"]
ANNOTATOR = "annotator"
"""The method of a change that no rating corrects."""
_POWER_FACTOR = 1.43
"""Change that a test at 5 % detects with 80 % power, over half the width of the 95 % interval: (1.96 + 0.84) / 1.96."""
_CHANGES = (
    *CELL,
    "verdict",
    "reason",
    "method",
    "value",
    "ci_low",
    "ci_high",
    "p_adjusted",
    "annotator_value",
    "minimum_detectable_change",
    "since",
    "iteration",
    "before",
    "after",
    "n",
    "n_checked",
    "clusters",
)


def first_to_last(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that compare the first image with the last, for each kind of start."""
    if table.empty:
        return table
    by_start = table.groupby(table["start"].astype(str))
    first, last = by_start["since"].transform("min"), by_start["iteration"].transform("max")
    return table[(table["since"] == first) & (table["iteration"] == last)]


def verdicts(
    drift: pd.DataFrame,
    power: pd.DataFrame,
    shares: pd.DataFrame | None = None,
    level: float = LEVEL,
    corrected: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Judge the change of every share from the first image to the last.

    Args:
        drift: the `drift` table.
        power: the `power` table; without a row in it, the power of a comparison is unknown.
        shares: the `shares` table, for the annotator's shares before and after.
        level: adjusted p-values below it are significant.
        corrected: the `corrected_drift` table. Its values replace those of the annotator.

    Returns:
        One row per share, in the order of `drift`: start, label, attribute, category, verdict, reason (of
        NOT_ENOUGH_DATA), method (ANNOTATOR or that of the correction), value, ci_low, ci_high, p_adjusted,
        annotator_value (the change by the annotator's answers alone), minimum_detectable_change, since, iteration,
        before and after (shares of all images with a category), n, n_checked (rated images), clusters. verdict: RISE
        and FALL if the test is significant, the interval agrees, and the power does not contradict; NOT_ENOUGH_DATA if
        the power is too low for any change, or unknown; otherwise NOT_SIGNIFICANT.
    """
    if drift.empty:
        return pd.DataFrame(columns=list(_CHANGES))
    changes = _with_text_keys(first_to_last(drift[drift["measure"] == "share difference"]))
    if "p_adjusted" not in changes:
        changes["p_adjusted"] = np.nan
    columns = [*SPAN, "minimum_detectable_change", "maximum_possible_change", "is_detectable"]
    own_power = _with_text_keys(power).reindex(columns=columns) if len(power) else changes.reindex(columns=columns)[:0]
    changes = _with_corrections(changes.merge(own_power, on=SPAN, how="left"), corrected)
    for name, at in (("before", "since"), ("after", "iteration")):
        changes[name] = _shares_at(changes, shares, at)
    judged = [_verdict(row, level) for row in changes.itertuples(index=False)]
    changes["verdict"], changes["reason"] = [verdict for verdict, _ in judged], [reason for _, reason in judged]
    return changes[list(_CHANGES)].reset_index(drop=True)


def _with_corrections(changes: pd.DataFrame, corrected: pd.DataFrame | None) -> pd.DataFrame:
    """Replace the changes of shares that ratings correct, and the power of their tests."""
    changes = changes.assign(method=ANNOTATOR, annotator_value=changes["value"], n_checked=0)
    if corrected is None or corrected.empty:
        return changes
    results = ["value", "ci_low", "ci_high", "p_adjusted", "method", "n_checked", "clusters"]
    # Of several corrections of a share, the leading one stands first.
    own = _with_text_keys(corrected)[[*SPAN, *results]].drop_duplicates(SPAN)
    matched = changes[SPAN].merge(own, on=SPAN, how="left").set_axis(changes.index)
    changes["n_checked"] = matched["n_checked"].fillna(0).astype(int)
    has_correction = matched[["value", "ci_low", "ci_high"]].notna().all(axis=1)
    changes.loc[has_correction, results] = matched.loc[has_correction, results]
    detectable = _POWER_FACTOR * (matched["ci_high"] - matched["ci_low"]).astype(float) / 2
    possible = changes["maximum_possible_change"].astype(float).fillna(1)
    changes.loc[has_correction, "minimum_detectable_change"] = detectable[has_correction]
    changes["is_detectable"] = changes["is_detectable"].astype(object).where(~has_correction, detectable <= possible)
    return changes


def _verdict(row, level: float) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """Return the verdict, and the reason of NOT_ENOUGH_DATA."""
    if pd.isna(row.value):
        return NOT_ENOUGH_DATA, str(row.note)
    if not pd.isna(row.is_detectable) and not row.is_detectable:
        few = "independent starts" if row.method == ANNOTATOR else "ratings"
        return NOT_ENOUGH_DATA, f"too few {few} to detect any change"
    if pd.isna(row.p_adjusted):
        return NOT_ENOUGH_DATA, "no test"
    includes_zero = not pd.isna(row.ci_low) and row.ci_low <= 0 <= row.ci_high
    if row.p_adjusted < level:
        if includes_zero or not row.value:
            # Test and interval contradict each other, so neither decides.
            return NOT_ENOUGH_DATA, "the test is significant, but the interval includes zero"
        return (RISE, "") if row.value > 0 else (FALL, "")
    return (NOT_ENOUGH_DATA, "the power is unknown") if pd.isna(row.is_detectable) else (NOT_SIGNIFICANT, "")


def _with_text_keys(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with keys as text, so that categoricals of different tables merge."""
    return table.astype(dict.fromkeys(CELL, object)).reset_index(drop=True)


def _shares_at(changes: pd.DataFrame, shares: pd.DataFrame | None, at: str) -> pd.Series:
    """Return the annotator's share in the iteration of the column `at`, for each row of `changes`."""
    if shares is None or shares.empty:
        return pd.Series(np.nan, index=changes.index)
    own = _with_text_keys(shares[shares["annotator"].astype(str) != DATASET]).drop_duplicates([*CELL, "iteration"])
    own = own[[*CELL, "iteration", "share"]].rename(columns={"iteration": at})
    return changes[[*CELL, at]].merge(own, on=[*CELL, at], how="left")["share"].set_axis(changes.index)
