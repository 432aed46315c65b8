"""Names of verdicts and keys of comparisons, and the findings of one family, for sentences and figures."""

import pandas as pd

from broken_telephone.statistics.tables.findings import (
    ANNOTATOR,
    CELL,
    FALL,
    FINDINGS,
    LEVEL,
    NOT_ENOUGH_DATA,
    NOT_SIGNIFICANT,
    RISE,
    SHARES,
    SPAN,
    first_to_last,
)

__all__ = [
    "ANNOTATOR",
    "CELL",
    "FALL",
    "LEVEL",
    "NOT_ENOUGH_DATA",
    "NOT_SIGNIFICANT",
    "RISE",
    "SPAN",
    "first_to_last",
    "of_family",
]


def of_family(findings: pd.DataFrame | None, family: str = SHARES) -> pd.DataFrame:
    """Return the rows of one family of the `findings` table, with keys as text; a missing table counts as empty."""
    if findings is None or findings.empty:
        return pd.DataFrame(columns=list(FINDINGS))
    rows = findings[findings["family"].astype(str) == family].reset_index(drop=True)
    return rows.astype(dict.fromkeys((*CELL, "verdict", "reason", "method"), object))
