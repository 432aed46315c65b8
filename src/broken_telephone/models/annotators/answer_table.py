"""Reads the answers of an annotator from a CSV file."""

import csv
import logging
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.models.annotators.class_map import ClassMap, Options
from broken_telephone.models.annotators.settings import TableSettings
from broken_telephone.models.loading.provenance import fingerprint
from broken_telephone.models.protocols import Labels
from broken_telephone.visible import shortlist

logger = logging.getLogger(__name__)

_KEYS = ("image", "chain_id", "iteration")
_LISTED = 5


class CsvAnswers:
    """The answers in a CSV file, one row per picture.

    The column `image` names an original by its path in the data set or its image_id. The columns `chain_id` and
    `iteration` name any picture. Every other column is an attribute or concept. An empty cell is no answer, `unsure`
    is one.
    """

    is_repeatable = True
    device = "table"

    def __init__(
        self, settings: TableSettings, setting: str = "annotator", detector: dict[str, Any] | None = None
    ) -> None:
        """Take the settings and their name in the study. Tables need no detector."""
        self.settings, self.setting = settings, setting
        self._map = ClassMap(setting, settings.classes)

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self._path.stem

    def identity(self) -> dict[str, Any]:
        """Return a digest of the file, and what its classes mean.

        Raises:
            StudyError: if there is no such file.
        """
        self._check_file()
        record: dict[str, Any] = {"table": fingerprint(self._path)}
        return record | ({} if self.settings.classes is None else {"classes": self.settings.classes})

    def resolved(self) -> dict[str, str | None]:
        """Return nothing: the settings leave nothing open."""
        return {}

    def load(self) -> None:
        """Do nothing: the file is read when it is first asked."""

    def release(self) -> None:
        """Do nothing."""

    def variables(self, options: Options) -> list[str]:
        """Check the file, and return the attributes and concepts that have a column.

        Raises:
            StudyError: naming the file and the column or row that is wrong.
        """
        self._map.check(options)
        columns = [name for name in self._table.columns if name not in _KEYS]
        wanted = [name for name in options if name in columns]
        if absent := [name for name in self.settings.classes or {} if name not in columns]:
            raise StudyError(f"{self._path} has no column {absent[0]!r}, which {self.setting}.classes names")
        if not wanted:
            raise StudyError(
                f"{self._path} has no column of an attribute that this study asks for ({', '.join(options)}). Its "
                f"columns are: {shortlist(columns, _LISTED) or 'none'}"
            )
        if unused := [name for name in columns if name not in wanted]:
            logger.warning("%s: unused columns (%d): %s", *(self._path, len(unused), shortlist(unused, _LISTED)))
        for variable in wanted:
            self._check_cells(variable, options)
        return wanted

    def unknown_rows(self, names: Collection[str]) -> list[str]:
        """Return the rows that name none of the pictures, by what they name.

        Args:
            names: all names of all pictures.
        """
        return [name for name in self._rows if name not in names]

    def look_up(self, names: list[Sequence[str]], options: Options) -> list[Labels]:
        """Return the answers about pictures; none for a picture without a row.

        Args:
            names: of each picture, all names that it has.
            options: attribute or concept -> categories that are asked for.

        Raises:
            StudyError: if rows that name the same picture differ.
        """
        return [self._labels(own, options) for own in names]

    def _labels(self, names: Sequence[str], options: Options) -> Labels:
        labels: dict[str, Any] = {}
        for row in (self._rows[name] for name in names if name in self._rows):
            for variable in options:
                cell = str(self._table.at[row, variable])
                if not cell:
                    continue
                answer = self._map.from_class(variable, cell, options)
                if labels.setdefault(variable, answer) != answer:
                    raise StudyError(f"{self._path}: its rows about {names[0]} differ in {variable}. Keep one of them")
        return labels

    def _check_cells(self, variable: str, options: Options) -> None:
        for row, cell in zip(self._table.index, self._table[variable], strict=True):
            if cell and self._map.category(variable, cell, options) is None and not self._is_stated(variable, cell):
                raise StudyError(
                    f"{self._path}, row {row + 2}: {cell!r} is no category of {variable} "
                    f"({', '.join(options[variable])}). Correct it, or state what it means in "
                    f"{self.setting}.classes.{variable} (null for a class without a category)"
                )

    def _is_stated(self, variable: str, name: str) -> bool:
        return name in (self.settings.classes or {}).get(variable, {})

    @property
    def _path(self) -> Path:
        return Path(self.settings.table)

    def _check_file(self) -> None:
        if not self._path.is_file():
            raise StudyError(f"{self.setting}.table: there is no file {self._path}")

    @cached_property
    def _table(self) -> pd.DataFrame:
        """The file, all cells as text."""
        self._check_file()
        table = _read_cells(self._path)
        if "image" not in table and not {"chain_id", "iteration"} <= set(table.columns):
            raise StudyError(f"{self._path} needs the column image, or the columns chain_id and iteration")
        return table

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Name of a picture -> its row."""
        rows: dict[str, int] = {}
        for row, name in zip(self._table.index, self._names(), strict=True):
            if name in rows:
                raise StudyError(
                    f"{self._path}: rows {rows[name] + 2} and {row + 2} are about the same picture, {name}"
                )
            rows[name] = row
        return rows

    def _names(self) -> Iterator[str]:
        empty = [""] * len(self._table)
        cells = (self._table.get(name, empty) for name in _KEYS)
        for row, (image, chain, iteration) in enumerate(zip(*cells, strict=True)):
            if image:
                yield image
            elif chain and iteration.isdecimal():
                yield f"{chain}/{int(iteration)}"
            else:
                raise StudyError(
                    f"{self._path}, row {row + 2}: names no picture. Fill in image, or chain_id and a whole number in "
                    "iteration"
                )


def _read_cells(path: Path) -> pd.DataFrame:
    """Return the cells of a CSV file as text without spaces around it; the index counts rows below the header, from 0.

    Empty cells beyond the last column are left out.

    Raises:
        StudyError: if it is no CSV file, or has cells without a column or two columns of one name.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file, strict=True)] or [[]]
    except (ValueError, csv.Error) as error:
        raise StudyError(f"{path} cannot be read as CSV: {error}") from error
    if twice := [name for position, name in enumerate(header) if name and name in header[:position]]:
        raise StudyError(f"{path} states the column {twice[0]!r} twice. Rename one of them")
    cells = {}
    for number, row in enumerate(rows):
        if any(row[len(header) :]):
            raise StudyError(f"{path}, row {number + 2}: the row has more cells than there are columns in the header")
        if any(row):
            cells[number] = [*row, *[""] * len(header)][: len(header)]
    return pd.DataFrame(list(cells.values()), index=list(cells), columns=header, dtype=str)
