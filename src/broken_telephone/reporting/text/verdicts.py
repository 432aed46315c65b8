"""What may be said of every share between a chain's first picture and its last: one verdict a share.

Only a test that is corrected for the number of tests says that a share rose or fell; only power says that a share of
which no change is shown would have shown one.
"""

import numpy as np
import pandas as pd

from broken_telephone.statistics.tables.shares_table import DATASET

RISE, FALL, NONE_SHOWN, CANNOT_TELL = "rise", "fall", "no change shown", "cannot tell"
LEVEL = 0.05
"""Adjusted p-values below it count; `measures.power` speaks of the same level."""
CELL = ("start", "label", "attribute", "category")
SPAN = [*CELL, "since", "iteration"]
_CHANGES = (
    *CELL,
    "verdict",
    "reason",
    "value",
    "ci_low",
    "ci_high",
    "p_adjusted",
    "detectable",
    "since",
    "iteration",
    "before",
    "after",
    "n",
    "clusters",
)


def widest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of every start that compare its first picture with its last."""
    if table.empty:
        return table
    by = table.groupby(table["start"].astype(str))
    first, last = by["since"].transform("min"), by["iteration"].transform("max")
    return table[(table["since"] == first) & (table["iteration"] == last)]


def verdicts(
    drift: pd.DataFrame, power: pd.DataFrame, shares: pd.DataFrame | None = None, level: float = LEVEL
) -> pd.DataFrame:
    """Judge the change of every share from first picture to last.

    Args:
        drift: the `drift` table.
        power: the `power` table; where it has no row, nobody knows whether a change would have shown.
        shares: the `shares` table, for what the annotator saw before and after.
        level: adjusted p-values below it count.

    Returns:
        A row a share, in the order of `drift`: start, label, attribute, category, verdict, reason (why it cannot be
        told), value, ci_low, ci_high, p_adjusted, detectable, since, iteration, before and after (shares of all
        pictures with a category), n, clusters. verdict: RISE and FALL where the test is significant, the interval
        agrees, and power does not deny it; CANNOT_TELL where power cannot show anything, or is not known; else
        NONE_SHOWN.
    """
    if drift.empty:
        return pd.DataFrame(columns=list(_CHANGES))
    mine = _plain(widest(drift[drift["measure"] == "share difference"]))
    if "p_adjusted" not in mine:
        mine["p_adjusted"] = np.nan
    known = [*SPAN, "detectable", "can_show"]
    mine = mine.merge(_plain(power)[known] if len(power) else mine.reindex(columns=known)[:0], on=SPAN, how="left")
    for name, at in (("before", "since"), ("after", "iteration")):
        mine[name] = _share_at(mine, shares, at)
    judged = [_verdict(row, level) for row in mine.itertuples(index=False)]
    mine["verdict"], mine["reason"] = [verdict for verdict, _ in judged], [reason for _, reason in judged]
    return mine[list(_CHANGES)].reset_index(drop=True)


def _verdict(row, level: float) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """The verdict, and why it is CANNOT_TELL where it is."""
    if pd.isna(row.value):
        return CANNOT_TELL, str(row.note)
    if not pd.isna(row.can_show) and not row.can_show:
        return CANNOT_TELL, "too few independent starts to show anything"
    if pd.isna(row.p_adjusted):
        return CANNOT_TELL, "no test"
    spans = not pd.isna(row.ci_low) and row.ci_low <= 0 <= row.ci_high
    if row.p_adjusted < level:
        if spans or not row.value:
            # The two do not agree, so neither is relied on.
            return CANNOT_TELL, "the test is significant, but the interval spans no change"
        return (RISE, "") if row.value > 0 else (FALL, "")
    return (CANNOT_TELL, "what could have shown is not known") if pd.isna(row.can_show) else (NONE_SHOWN, "")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Keys as plain text, so that categoricals of different tables meet."""
    return table.astype(dict.fromkeys(CELL, object)).reset_index(drop=True)


def _share_at(mine: pd.DataFrame, shares: pd.DataFrame | None, at: str) -> pd.Series:
    """Return the annotator's share at an iteration, a row of `mine` each."""
    if shares is None or shares.empty:
        return pd.Series(np.nan, index=mine.index)
    seen = _plain(shares[shares["annotator"].astype(str) != DATASET]).drop_duplicates([*CELL, "iteration"])
    seen = seen[[*CELL, "iteration", "share"]].rename(columns={"iteration": at})
    return mine[[*CELL, at]].merge(seen, on=[*CELL, at], how="left")["share"].set_axis(mine.index)
