"""Replaces what names chains, images, people and raters by numbers, the same in all tables of a bundle.

The numbers follow the order of the names' digests, so they are equal for equal studies.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
from pandas.api import types

from broken_telephone.exporting.dictionary import Table
from broken_telephone.seeds import digest
from broken_telephone.statistics.tables.agreement_table import RATER

NUMBERED = ("chain", "image", "person", "item", "rater")
"""What a column may name that gets numbers."""
LEFT_OUT = ("file", "digest", "seed", "time", "comment", "starts")
"""What a column may name that a bundle to share leaves out."""
_LIST = ", "


class Names:
    """Numbers for the names in the tables of a study."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {kind: set() for kind in NUMBERED}
        self._numbers: dict[str, dict[str, str]] = {}
        self._rater: re.Pattern[str] | None = None

    def collect(self, table: Table, frame: pd.DataFrame) -> None:
        """Take the names of a table. All tables come before `number`."""
        for name in frame.columns:
            column = table.column(name)
            kind = None if column is None else column.names
            if kind in NUMBERED:
                self._names[kind] |= {str(value) for value in frame[name].dropna().unique()}
            elif kind == "annotator" and _is_text(frame[name]):
                # Raters stay in results after their answers are gone.
                annotators = {str(value) for value in frame[name].dropna().unique()}
                self._names["rater"] |= {one.removeprefix(RATER) for one in annotators if one.startswith(RATER)}

    def number(self) -> None:
        """Give each name that was collected its number."""
        for kind, names in self._names.items():
            ordered = sorted(names, key=lambda name: (digest(kind, name), name))
            width = len(str(len(ordered)))
            self._numbers[kind] = {name: f"{kind}_{place:0{width}d}" for place, name in enumerate(ordered, 1)}
        if raters := sorted(self._names["rater"], key=lambda name: (-len(name), name)):
            self._rater = re.compile(rf"{re.escape(RATER)}({'|'.join(map(re.escape, raters))})(?!\w)")

    def without(self, table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return a table without names, and the columns that were left out.

        Args:
            table: its description. Columns that it does not describe are left out.
            frame: the table.
        """
        described = {name: table.column(name) for name in frame.columns}
        left_out = [name for name, column in described.items() if column is None or column.names in LEFT_OUT]
        shared = frame.drop(columns=left_out)
        for name in shared.columns:
            column = described[name]
            assert column is not None
            is_changed = column.names in NUMBERED or _is_text(shared[name])
            if is_changed and (change := self._change(column.names)) is not None:
                shared[name] = _mapped(shared[name], change)
        return shared, left_out

    def _change(self, names: str | None) -> Callable[[str], str] | None:
        """Return what replaces a value of a column that names something; None if values stay."""
        if names in NUMBERED:
            return self._numbers[names].__getitem__
        if names == "chains":
            numbers = self._numbers["chain"]
            return lambda text: _LIST.join(numbers.get(name, name) for name in text.split(_LIST))
        if self._rater is None:
            return None
        pattern, raters = self._rater, self._numbers["rater"]
        return lambda text: pattern.sub(lambda match: raters[match[1]].replace("_", " "), text)


def _is_text(column: pd.Series) -> bool:
    return not (types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column))


def _mapped(column: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Change the values of a column. Categories keep their order, texts their type, and numbers become texts."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        # Categories of which no row is left would still name somebody.
        used = column.cat.remove_unused_categories()
        categories: Iterable[Any] = used.cat.categories
        return used.cat.rename_categories({value: change(str(value)) for value in categories})
    changed = {value: change(str(value)) for value in column.dropna().unique()}
    return column.map(changed).astype(column.dtype if _is_text(column) else "string")
