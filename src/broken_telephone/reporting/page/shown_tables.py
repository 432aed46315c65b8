"""Prepares the tables for the page: the first rows rounded, and all rows exactly as CSV inside the page.

The page's script draws the other rows from the CSV, so the page contains each of them once.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import isinf
from typing import Any

import pandas as pd
from pandas.api import types

from broken_telephone.reporting.shown_iterations import spread
from broken_telephone.reporting.text.table_captions import of_table
from broken_telephone.reporting.text.wording import NO_VALUE, with_minus
from broken_telephone.spreadsheet import guarded

FIRST = 12
"""Number of rows in the page's HTML."""
ITERATIONS = 12
"""Number of iterations of a table in the page, at most: a hundred would make the page too large to open."""
_P_VALUES = ("p_value", "p_adjusted")
_WHOLE = ("since", "iteration", "n", "n_checked", "clusters", "count", "degrees_of_freedom", "look")


@dataclass(frozen=True)
class Column:
    """Describes a column of a table: its name and the format of its cells."""

    name: str
    kind: str
    """text, count, number or chance (a p-value); the page's script uses the same kinds."""
    index: int
    """Index in the CSV."""


@dataclass(frozen=True)
class ShownTable:
    """Holds the data of a table that the template needs."""

    name: str
    title: str
    text: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    total: int
    csv: str

    @property
    def is_long(self) -> bool:
        """Return whether the script draws further rows."""
        return self.total > FIRST


def some_iterations(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Leave out iterations of a table that has more than ITERATIONS of them; return also a sentence about it.

    The first, the last and some between stay, and so do rows without an iteration and rows of further pairs of
    iterations (`report.iteration_pairs`).
    """
    if "iteration" not in table:
        return table, ""
    numbers = sorted({int(k) for k in table["iteration"].dropna()})
    chosen = spread(numbers, ITERATIONS)
    if len(chosen) == len(numbers):
        return table, ""
    stays = table["iteration"].isin(chosen) | table["iteration"].isna()
    if "since" in table:
        stays |= (table["since"] > 1) & (table["since"] != table["iteration"])
    listed = ", ".join(map(str, chosen))
    return table[
        stays
    ], f"The page shows {len(chosen)} of {len(numbers)} iterations ({listed}). The table in the results has all."


def shown_table(name: str, table: pd.DataFrame, note: str = "") -> ShownTable:
    """Prepare a table, with a note after its text. Columns without values are in the CSV only.

    The CSV holds no formulas (see `spreadsheet`).
    """
    columns = [
        Column(str(column), _kind(str(column), table[column]), index)
        for index, column in enumerate(table.columns)
        if table[column].notna().any() and not (table[column].astype(object) == "").all()
    ]
    first = table.head(FIRST)
    cells = [[_written(value, column.kind) for value in first.iloc[:, column.index]] for column in columns]
    content = guarded(table).to_csv(index=False, lineterminator="\n").encode()
    uri = f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}"
    title, text = of_table(name)
    text = f"{text} {note}".strip()
    return ShownTable(name, title, text, columns, list(zip(*cells, strict=True)), len(table), uri)


def _kind(name: str, values: pd.Series) -> str:
    if name in _P_VALUES:
        return "chance"
    if types.is_bool_dtype(values) or not types.is_numeric_dtype(values):
        return "text"
    # Pandas stores integers with missing values as floats.
    return "count" if types.is_integer_dtype(values) or name in _WHOLE else "number"


def _written(value: Any, kind: str) -> str:
    """Format a cell; `tables.js` formats the cells of the CSV in the same way."""
    if pd.isna(value):
        return NO_VALUE
    if kind == "text":
        return str(value)
    if kind == "count":
        return with_minus(f"{int(value)}")
    if kind == "chance" and value < 0.001:
        return "< 0.001"
    if isinf(value):
        return with_minus("\N{INFINITY}" if value > 0 else "-\N{INFINITY}")
    # Halves are rounded away from zero, as browsers do.
    text = f"{Decimal(float(value)).quantize(Decimal('0.001'), ROUND_HALF_UP)}"
    return with_minus(text) if float(text) else text.strip("-")
