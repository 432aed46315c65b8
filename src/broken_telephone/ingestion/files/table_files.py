"""Opens tables as people save them: CSV with commas, semicolons, tabs or strokes, and Parquet.

A table's columns are found by their names, in any case. Which values a column may have is no matter here.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import read_bytes, read_text

Cells = dict[str, Any]
"""Column, by the name that was asked for -> cell. Text is stripped."""
_DELIMITERS = ",;\t|"
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\r?\n')
"""First line of a CSV that names its delimiter to Excel."""
_SHOWN = 20
"""Column names that a message lists."""


@dataclass(frozen=True)
class Table:
    """A table that was read."""

    rows: list[tuple[int, Cells | None]]
    """Number (1 for the first below the header) and cells; None for a row with more or fewer cells than the header."""
    columns: frozenset[str]
    """Which of the columns that were asked for are there."""
    unread: tuple[str, ...] = ()
    """Names of the columns that nobody asked for."""
    decimal_comma: bool = False
    """Whether the program that saved it writes decimal commas: those that separate cells by semicolons do."""


def read_table(file: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read a CSV or a Parquet table, whichever the file's first bytes and its suffix say.

    Raises:
        StudyError: if the file is unreadable, lacks a needed column, or has one that is asked for twice.
    """
    content = read_bytes(file)
    if content[:4] == content[-4:] == b"PAR1" or file.suffix.casefold() == ".parquet":
        return _read_parquet(file, content, needed, optional)
    return read_csv(file, needed, optional)


def read_csv(file: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> Table:
    """Read a CSV table. Rows without any text are left out.

    Args:
        file: the file.
        needed: names that the header must have.
        optional: further names to read where the header has them.

    Raises:
        StudyError: if the file is unreadable, a quote in it never ends, it lacks a needed column, or has a column
            that is asked for twice.
    """
    text = read_text(file)
    hint = _EXCEL_HINT.match(text)
    text = text[hint.end() :] if hint else text
    delimiter = hint[1] if hint else _delimiter(text, needed)
    reader = _reader(text, delimiter)
    try:
        header = _stripped(next(reader, []))
        places = _places(header, needed, optional, file)
        rows = [
            (number, {name: cells[place] for name, place in places.items()} if len(cells) == len(header) else None)
            for number, cells in enumerate(_filled(reader, len(header)), start=1)
        ]
    except csv.Error as error:
        raise StudyError(
            f"{file}, line {reader.line_num}: {error}. A cell with a delimiter, a quote or a line break stands in "
            "quotes, and a quote in it is doubled"
        ) from None
    return Table(rows, frozenset(places), _unread(header, places), delimiter == ";")


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _filled(reader: Iterator[list[str]], width: int) -> Iterator[list[str]]:
    """Yield the rows that hold text, without empty cells beyond the header's, which a last delimiter makes."""
    for cells in reader:
        cells = _stripped(cells)
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if any(cells):
            yield cells


def _stripped(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _delimiter(text: str, needed: Sequence[str]) -> str:
    """Return the first delimiter with which the header has all needed columns, else the one that makes most cells."""
    cells = {}
    for delimiter in _DELIMITERS:
        try:
            header = _stripped(next(_reader(text, delimiter), []))
        except csv.Error:
            continue
        if all(_find(name, header) for name in needed):
            return delimiter
        cells[delimiter] = len(header)
    return max(cells, key=lambda delimiter: cells[delimiter], default=",")


def _read_parquet(file: Path, content: bytes, needed: Sequence[str], optional: Sequence[str]) -> Table:
    try:
        source = pq.ParquetFile(io.BytesIO(content))
        header = [name.strip() for name in source.schema_arrow.names]
        places = _places(header, needed, optional, file)
        columns = source.read(columns=[source.schema_arrow.names[place] for place in places.values()])
        cells = {name: columns[source.schema_arrow.names[place]].to_pylist() for name, place in places.items()}
    except StudyError:
        raise
    # pyarrow raises many kinds for what is no Parquet; all of them mean the same here.
    except Exception as error:
        reason = str(error).rstrip(".")
        raise StudyError(f"{file} cannot be read as a table: {reason}. Is it a complete Parquet file?") from error
    rows: list[tuple[int, Cells | None]] = [
        (row + 1, {name: _as_stripped(cells[name][row]) for name in places}) for row in range(columns.num_rows)
    ]
    return Table(rows, frozenset(places), _unread(header, places))


def _as_stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _find(name: str, header: Sequence[str]) -> list[int]:
    """Return the places of a column in a header; only if none has its very name, those that differ in case."""
    exact = [place for place, other in enumerate(header) if other == name]
    return exact or [place for place, other in enumerate(header) if _plain(other) == _plain(name)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def _places(header: Sequence[str], needed: Sequence[str], optional: Sequence[str], file: Path) -> dict[str, int]:
    existing = {name: found for name in (*needed, *optional) if (found := _find(name, header))}
    if missing := [name for name in needed if name not in existing]:
        shown = ", ".join([name[:40] or "(no name)" for name in header[:_SHOWN]]) or "nothing"
        more = f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else ""
        raise StudyError(f"{file}, header: there is no column {', '.join(missing)} (there is: {shown}{more})")
    for name, found in existing.items():
        if len(found) > 1:
            columns = " and ".join(str(place + 1) for place in found)
            raise StudyError(f"{file}, header: columns {columns} are called {name}. Rename or remove all but one")
    return {name: found[0] for name, found in existing.items()}


def _unread(header: Sequence[str], places: dict[str, int]) -> tuple[str, ...]:
    read = set(places.values())
    # The index of a pandas table is called so in Parquet.
    unread = (name for place, name in enumerate(header) if place not in read)
    return tuple(name for name in unread if name and not name.startswith("__index_level_"))
