"""What may be said of every share between a chain's first picture and its last: one verdict a share.

Only a test that is corrected for the number of tests says that a share rose or fell; only power says that a share of
which no change is shown would have shown one.
"""

import numpy as np
import pandas as pd

from broken_telephone.measures.shares_table import DATASET

RISE, FALL, NONE_SHOWN, CANNOT_TELL = "rise", "fall", "no change shown", "cannot tell"
LEVEL = 0.05
"""Adjusted p-values below it count; `measures.power` speaks of the same level."""
CELL = ("start", "label", "attribute", "category")
SPAN = [*CELL, "since", "iteration"]
_CHANGES = (
    *CELL,
    "verdict",
    "since",
    "iteration",
    "before",
    "after",
    "value",
    "ci_low",
    "ci_high",
    "p_adjusted",
    "n",
    "clusters",
    "detectable",
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
        A row a share, in the order of `drift`: start, label, attribute, category, verdict, since, iteration, before and
        after (shares of all pictures with a category), value, ci_low, ci_high, p_adjusted, n, clusters, detectable.
        verdict: RISE and FALL where the test is significant, the interval agrees, and power does not deny it;
        CANNOT_TELL where power cannot show anything, or is not known; else NONE_SHOWN.
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
    mine["verdict"] = [_verdict(row, level) for row in mine.itertuples(index=False)]
    return mine[list(_CHANGES)].reset_index(drop=True)


def _verdict(row, level: float) -> str:  # type: ignore[no-untyped-def]
    knows, can = not pd.isna(row.can_show), row.can_show is True or row.can_show == 1
    if pd.isna(row.value) or pd.isna(row.p_adjusted) or (knows and not can):
        return CANNOT_TELL
    # An interval that spans no change beside a significant test: the two do not agree, so neither is relied on.
    spans = not pd.isna(row.ci_low) and row.ci_low <= 0 <= row.ci_high
    if row.p_adjusted < level:
        return CANNOT_TELL if spans or not row.value else RISE if row.value > 0 else FALL
    return NONE_SHOWN if can else CANNOT_TELL


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
