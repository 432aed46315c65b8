"""The published results beside ours, where a published study looked at the same data set and concept."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from broken_telephone.statistics.tables.decomposition import DRIFT_PART, PUBLISHED

COLUMNS = ("label", "attribute", "category", "measure", "published", "ours", "ci_low", "ci_high", "drift", "n")
_KEYS = ["label", "attribute", "category"]
_AT = 1
"""The published study drew one picture from every original."""


def beside_published(published_study: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join published results to the same of this study.

    Args:
        published_study: which, such as raf_emotion: the data set's scheme and the concept.
        tables: `published_drift`, `decomposition` and `drift` are read.

    Returns:
        Columns COLUMNS. ours: the same comparison here, of the data set's labels with the annotator's labels of picture
        1, told for changes of shares; its interval and n. drift: of any measure, what one annotator sees from picture 0
        to 1, which the published study cannot tell. Empty where no published study fits.
    """
    published = tables.get("published_drift", pd.DataFrame())
    if published.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    fitting = published[published["study"] == published_study]
    rows = [row | _ours(row, tables) for row in fitting.to_dict("records")]
    table = pd.DataFrame(rows, columns=["label", "attribute", "category", "measure", "value", *COLUMNS[5:]])
    table = table.rename(columns={"value": "published"})
    # Of labels that this study has not, there is nothing to compare. What has most to compare comes first.
    there = table[table[["ours", "drift"]].notna().any(axis=1)].sort_values("ours", key=pd.isna, kind="stable")
    return there.reset_index(drop=True)[list(COLUMNS)]


def _ours(row: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    nothing = dict.fromkeys(COLUMNS[5:], float("nan"))
    if "difference" in str(row["measure"]):
        parts = _same(tables.get("decomposition", pd.DataFrame()), row)
        if parts.empty:
            return nothing
        by = {part.part: part for part in parts[parts["iteration"] == _AT].itertuples(index=False)}
        whole, drift = by.get(PUBLISHED), by.get(DRIFT_PART)
        if whole is None or drift is None:
            return nothing
        ends = {"ours": whole.value, "ci_low": whole.ci_low, "ci_high": whole.ci_high}
        return ends | {"drift": drift.value, "n": whole.n}
    table = _same(tables.get("drift", pd.DataFrame()), row)
    if table.empty:
        return nothing
    at = (table["start"] == "image") & (table["since"] == 0) & (table["iteration"] == _AT)
    found = next(table[at & (table["measure"] == row["measure"])].itertuples(index=False), None)
    return nothing if found is None else nothing | {"drift": found.value, "n": found.n}


def _same(table: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Rows about the same label, attribute and category."""
    if table.empty:
        return table
    here = pd.Series(True, index=table.index)
    for name in _KEYS:
        mine = table[name]
        if pd.isna(row[name]):
            here &= mine.isna()
        else:
            here &= mine.astype(str).str.lower() == str(row[name]).lower()
    return table[here]
