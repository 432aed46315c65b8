"""Joins published results to this study's, if a published study used the same data set and concept."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from broken_telephone.statistics.tables.decomposition import DRIFT_PART, PUBLISHED
from broken_telephone.statistics.tables.published import A_CATEGORY

_OURS = ("ours", "ci_low", "ci_high", "drift", "n")
COLUMNS = ("label", "attribute", "unsure_answers", "category", "measure", "published", *_OURS, "note")
_KEYS = ("label", "attribute", "category")
_AT = 1
"""The published study drew one image from every original."""


def beside_published(published_study: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join published results to the same measures of this study.

    Args:
        published_study: such as raf_emotion: the data set's scheme and the concept.
        tables: `published_drift`, `decomposition` and `drift` are read.

    Returns:
        Columns COLUMNS. ours: the same comparison here, of the data set's labels with the annotator's labels of image
        1, for changes of shares only; with its interval and n. drift: any measure between images 0 and 1, both
        labelled by one annotator, which the published study does not have. Both are null where unsure is a category:
        this project measures pictures with a category. Empty if no published study fits.
    """
    published = tables.get("published_drift", pd.DataFrame())
    if published.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    fitting = published[published["study"] == published_study]
    rows = [row | _ours(row, tables) for row in fitting.to_dict("records")]
    table = pd.DataFrame(rows).rename(columns={"value": "published"}).reindex(columns=list(COLUMNS))
    # Labels that this study lacks are left out. Rows with most to compare stand first.
    comparable = table[["ours", "drift"]].notna().any(axis=1)
    own_labels = set(table.loc[comparable, "label"])
    shown = table[comparable | ((table["unsure_answers"] == A_CATEGORY) & table["label"].isin(own_labels))]
    order = shown["ours"].isna().astype(int) + shown["drift"].isna()
    return shown.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _ours(row: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    missing = dict.fromkeys(_OURS, float("nan"))
    if row.get("unsure_answers") == A_CATEGORY:
        return missing
    if "difference" in str(row["measure"]):
        cell = _same_cell(tables.get("decomposition", pd.DataFrame()), row)
        parts = {part.part: part for part in cell.itertuples(index=False) if part.iteration == _AT}
        whole, drift = parts.get(PUBLISHED), parts.get(DRIFT_PART)
        if whole is None or drift is None:
            return missing
        limits = {"ours": whole.value, "ci_low": whole.ci_low, "ci_high": whole.ci_high}
        return limits | {"drift": drift.value, "n": whole.n}
    for own in _same_cell(tables.get("drift", pd.DataFrame()), row).itertuples(index=False):
        if (own.start, own.since, own.iteration, own.measure) == ("image", 0, _AT, row["measure"]):
            return missing | {"drift": own.value, "n": own.n}
    return missing


def _same_cell(table: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of the same label, attribute and category, in any case of letters; none equals none."""
    for name in _KEYS if len(table) else ():
        table = table[table[name].astype(object).map(_folded) == _folded(row[name])]
    return table


def _folded(value: object) -> str:
    return "" if pd.isna(value) else str(value).lower()
