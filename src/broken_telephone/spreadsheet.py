"""Protects tables for spreadsheets: no cell of a CSV file runs as a formula.

A text that looks like a formula gets an apostrophe in front, which marks text in spreadsheets. `unguarded` removes the
apostrophe. Numbers stay unchanged. Line ends and invisible characters stay as `visible` wrote them.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from broken_telephone.visible import visible

# Full-width characters begin a formula in East Asian editions.
_FORMULA = r"'*(?:[\t\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_GUARDED = re.compile(f"'(?={_FORMULA})")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for writing to a CSV file: texts are visible, and none of them is a formula."""
    return _mapped(table, _guarded)


def unguarded(table: pd.DataFrame) -> pd.DataFrame:
    """Undo `guarded` in a table that was read from a CSV file."""
    return _mapped(table, _unguarded)


def _mapped(table: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """Change the column names and all cells except numbers and times. Names may repeat, so columns go by position."""
    changed = table.copy()
    for index in range(table.shape[1]):
        values = table.iloc[:, index]
        if isinstance(values.dtype, pd.CategoricalDtype):
            # A large table has few categories. The last entry stands for missing values, whose code is -1.
            texts = np.array([*map(change, values.cat.categories), np.nan], dtype=object)
            changed.isetitem(index, pd.Series(texts[values.cat.codes], index=table.index, dtype=object))
        elif not types.is_numeric_dtype(values) and not types.is_datetime64_any_dtype(values):
            changed.isetitem(index, values.map(change))
    changed.columns = table.columns.map(change)
    return changed


def _guarded(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = visible(cell)
    return f"'{text}" if re.match(_FORMULA, text) and not _NUMBER.fullmatch(text) else text


def _unguarded(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and _GUARDED.match(cell) else cell
