"""Selects rows of a table."""

from collections.abc import Sequence
from typing import Any

import pandas as pd


def select(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows with these values; a column that the table lacks selects nothing away."""
    for column, value in values.items():
        if column in table:
            table = table[table[column] == value]
    return table


def matching(table: pd.DataFrame, row: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows that equal `row` in these columns; they are compared as text, because categoricals differ."""
    for column in columns if len(table) else ():
        table = table[table[column].astype(str) == str(getattr(row, column))]
    return table


def first_match(table: pd.DataFrame, row: Any, columns: Sequence[str]) -> Any:
    """Return the first of the rows that `matching` finds, as a named tuple, or None."""
    return next(matching(table, row, columns).itertuples(index=False), None)
