"""Tables as the page shows them: the first rows, rounded, and everything exactly as CSV inside the page.

The page's script draws the other rows from the CSV, so that no number stands there twice.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
from pandas.api import types

from broken_telephone.reporting.text.captions import of_table
from broken_telephone.reporting.text.wording import MINUS, NO_VALUE
from broken_telephone.spreadsheet import guarded

FIRST = 12
"""Rows that stand in the page itself."""
_CHANCES = ("p_value", "p_adjusted")
_WHOLE = ("since", "iteration", "n", "n_checked", "clusters", "count", "degrees")


@dataclass(frozen=True)
class Column:
    """A column of a table: what it is called, and how its cells are written."""

    name: str
    kind: str
    """text, count, number or chance (of a p-value): the page's script knows the same."""
    place: int
    """In the CSV."""


@dataclass(frozen=True)
class ShownTable:
    """What the template needs of a table."""

    name: str
    title: str
    text: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    total: int
    csv: str

    @property
    def is_long(self) -> bool:
        """Whether rows are left to the script."""
        return self.total > FIRST


def shown_table(name: str, table: pd.DataFrame) -> ShownTable:
    """Prepare a table. Its CSV holds no formulas, see `spreadsheet`. Columns without any value are left to the CSV."""
    columns = [
        Column(str(column), _kind(str(column), table[column]), place)
        for place, column in enumerate(table.columns)
        if table[column].notna().any() and not (table[column].astype(object) == "").all()
    ]
    first = table.head(FIRST)
    cells = [[_written(value, column.kind) for value in first.iloc[:, column.place]] for column in columns]
    content = guarded(table).to_csv(index=False, lineterminator="\n").encode()
    uri = f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}"
    title, text = of_table(name)
    return ShownTable(name, title, text, columns, list(zip(*cells, strict=True)), len(table), uri)


def _kind(name: str, values: pd.Series) -> str:
    if name in _CHANCES:
        return "chance"
    if types.is_bool_dtype(values) or not types.is_numeric_dtype(values):
        return "text"
    # Whole numbers with gaps are floats to pandas.
    return "count" if types.is_integer_dtype(values) or name in _WHOLE else "number"


def _written(value: Any, kind: str) -> str:
    """Write a cell; `report.js` does the same with the cells of the CSV."""
    if pd.isna(value):
        return NO_VALUE
    if kind == "text":
        return str(value)
    if kind == "count":
        return f"{int(value)}".replace("-", MINUS)
    if kind == "chance" and value < 0.001:
        return "< 0.001"
    # Halves away from zero, as browsers round.
    text = f"{Decimal(float(value)).quantize(Decimal('0.001'), ROUND_HALF_UP)}"
    return text.replace("-", MINUS) if float(text) else text.strip("-")
