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
_Cells = dict[tuple[str, ...], list[Any]]
"""Label, attribute and category -> rows of a table."""


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
    decomposition, drift = (_cells(tables.get(name, pd.DataFrame())) for name in ("decomposition", "drift"))
    rows = [row | _ours(row, decomposition, drift) for row in fitting.to_dict("records")]
    table = pd.DataFrame(rows).rename(columns={"value": "published"}).reindex(columns=list(COLUMNS))
    # Labels that this study lacks are left out. Rows with most to compare stand first.
    comparable = table[["ours", "drift"]].notna().any(axis=1)
    own_labels = set(table.loc[comparable, "label"])
    shown = table[comparable | ((table["unsure_answers"] == A_CATEGORY) & table["label"].isin(own_labels))]
    order = shown["ours"].isna().astype(int) + shown["drift"].isna()
    return shown.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def _ours(row: Mapping[str, Any], decomposition: "_Cells", drift: "_Cells") -> dict[str, Any]:
    missing = dict.fromkeys(_OURS, float("nan"))
    if row.get("unsure_answers") == A_CATEGORY:
        return missing
    if "difference" in str(row["measure"]):
        parts = {part.part: part for part in decomposition.get(_cell(row), ()) if part.iteration == _AT}
        whole, own_drift = parts.get(PUBLISHED), parts.get(DRIFT_PART)
        if whole is None or own_drift is None:
            return missing
        limits = {"ours": whole.value, "ci_low": whole.ci_low, "ci_high": whole.ci_high}
        return limits | {"drift": own_drift.value, "n": whole.n}
    for own in drift.get(_cell(row), ()):
        if (own.start, own.since, own.iteration, own.measure) == ("image", 0, _AT, row["measure"]):
            return missing | {"drift": own.value, "n": own.n}
    return missing


def _cells(table: pd.DataFrame) -> "_Cells":
    """Group the rows of a table by label, attribute and category, in any case of letters; none equals none."""
    cells: _Cells = {}
    if len(table):
        keys = zip(*(table[name].astype(object).map(_folded) for name in _KEYS), strict=True)
        for key, row in zip(keys, table.itertuples(index=False), strict=True):
            cells.setdefault(key, []).append(row)
    return cells


def _cell(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_folded(row[name]) for name in _KEYS)


def _folded(value: object) -> str:
    return "" if pd.isna(value) else str(value).lower()
