"""Tables for spreadsheets: no cell of data is run as a formula when a CSV is opened.

A cell that would be one gets an apostrophe in front, by which spreadsheets know text. Numbers stay as they are, and
`unguarded` takes the apostrophe away again. Line ends and invisible characters stay as `visible` wrote them.
"""

import re
from typing import Any

import pandas as pd
from pandas.api import types

from broken_telephone.visible import visible

# Full-width signs begin a formula in East Asian editions.
_FORMULA = r"'*(?:[\t\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_GUARDED = re.compile(f"'(?={_FORMULA})")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as it is written to a CSV: texts visible, and none of them a formula."""
    safe = table.copy()
    for place in range(table.shape[1]):
        values = table.iloc[:, place]
        if not types.is_numeric_dtype(values) and not types.is_datetime64_any_dtype(values):
            safe.isetitem(place, values.astype(object).map(_guarded))
    safe.columns = pd.Index([_guarded(name) for name in table.columns], dtype=object)
    return safe


def unguarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read from a CSV as it was before `guarded`."""
    plain = table.copy()
    for place in range(table.shape[1]):
        values = table.iloc[:, place]
        if not types.is_numeric_dtype(values):
            plain.isetitem(place, values.map(_unguarded))
    plain.columns = pd.Index([_unguarded(name) for name in table.columns])
    return plain


def _guarded(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = visible(cell)
    return f"'{text}" if re.match(_FORMULA, text) and not _NUMBER.fullmatch(text) else text


def _unguarded(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and _GUARDED.match(cell) else cell
