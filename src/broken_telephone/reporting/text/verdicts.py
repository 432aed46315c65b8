"""Names of verdicts and keys of comparisons, and the findings of one family, for sentences and figures."""

import pandas as pd

from broken_telephone.statistics.tables.findings import (
    FALL,
    FINDINGS,
    LEVEL,
    NOT_ENOUGH_DATA,
    NOT_SIGNIFICANT,
    RISE,
    SHARES,
    TOO_FEW_STARTS,
    first_to_last,
)
from broken_telephone.statistics.tables.group_table import ANNOTATOR, CELL, SPAN

__all__ = [
    "ANNOTATOR",
    "CELL",
    "FALL",
    "LEVEL",
    "NOT_ENOUGH_DATA",
    "NOT_SIGNIFICANT",
    "RISE",
    "SPAN",
    "TOO_FEW_STARTS",
    "first_to_last",
    "judged_together",
    "of_family",
]


def of_family(findings: pd.DataFrame | None, family: str = SHARES) -> pd.DataFrame:
    """Return the rows of one family of the `findings` table, with keys as text; a missing table counts as empty."""
    if findings is None or findings.empty:
        return pd.DataFrame(columns=list(FINDINGS))
    rows = findings[findings["family"].astype(str) == family].reset_index(drop=True)
    return rows.astype(dict.fromkeys((*CELL, "verdict", "reason", "method"), object))


def judged_together(table: pd.DataFrame, findings: pd.DataFrame | None, family: str) -> pd.DataFrame:
    """Return a family's table with the intervals and adjusted p-values of the `findings` table.

    Findings are adjusted for all comparisons of the study. A comparison that is not claimed there counts as not
    significant, with an adjusted p-value of 1; it is null without a test. The column `shrunken_value` has the claims'
    values corrected for selection, and the values of the others. Without findings, it has all values, and the rest of
    the table stays as it is.

    Args:
        table: columns CELL, since, iteration, value, ci_low, ci_high, p_adjusted.
        findings: the `findings` table.
        family: of the table's comparisons.
    """
    judged = of_family(findings, family)
    if table.empty:
        return table
    if judged.empty:
        return table.assign(shrunken_value=table["value"])
    own = table.astype(dict.fromkeys(CELL, object)).reset_index(drop=True)
    columns = ["shrunken_value", "ci_low", "ci_high", "p_adjusted", "verdict"]
    matched = own[SPAN].merge(judged[[*SPAN, *columns]].drop_duplicates(SPAN), on=SPAN, how="left")
    is_claim = matched["verdict"].isin([RISE, FALL])
    adjusted = matched["p_adjusted"].astype(float)
    own["p_adjusted"] = adjusted.where(is_claim | adjusted.isna(), 1.0)
    own["shrunken_value"] = own["value"]
    for name in ("shrunken_value", "ci_low", "ci_high"):
        own[name] = own[name].astype(float).where(~is_claim, matched[name].astype(float))
    return own
