"""Reads tables: CSV with commas, semicolons, tabs or vertical bars, and Parquet.

Columns are found by name, ignoring case. This module does not check the values of columns.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import read_bytes, read_text
from broken_telephone.visible import shortlist

Cells = dict[str, Any]
"""Requested column name -> cell. Text is stripped."""
Advice = Callable[[Sequence[str], Sequence[str]], str]
"""Missing columns and the header -> what to do."""
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
"""Suffixes of files that are tables."""
_DELIMITERS = ",;\t|"
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\r?\n')
"""First line of a CSV file that tells Excel the delimiter."""
_SHOWN = 20
"""Maximum number of column names in a message."""


@dataclass(frozen=True)
class Table:
    """The rows and columns of a table."""

    rows: list[tuple[int, Cells | None]]
    """Row number from 1 and cells; None instead of cells if their number differs from the header."""
    columns: frozenset[str]
    """Requested columns that exist."""
    unread: tuple[str, ...] = ()
    """Names of the columns that were not requested."""
    decimal_comma: bool = False
    """Whether the table uses decimal commas, as programs do that separate cells by semicolons."""


def read_table(file: Path, needed: Sequence[str], optional: Sequence[str] = (), advice: Advice | None = None) -> Table:
    """Read a CSV or Parquet table, by the file's first bytes and suffix.

    Args:
        file: the file.
        needed: names that the header must have.
        optional: further names to read if the header has them.
        advice: says what to do about missing columns, see `column_advice`.

    Raises:
        StudyError: if the file is unreadable, lacks a needed column, or repeats a requested column.
    """
    content = read_bytes(file)
    if content[:4] == content[-4:] == b"PAR1" or file.suffix.casefold() == ".parquet":
        return _read_parquet(file, content, needed, optional, advice)
    return read_csv(file, needed, optional, advice)


def read_csv(file: Path, needed: Sequence[str], optional: Sequence[str] = (), advice: Advice | None = None) -> Table:
    """Read a CSV table without empty rows.

    Args:
        file: the file.
        needed: names that the header must have.
        optional: further names to read if the header has them.
        advice: says what to do about missing columns, see `column_advice`.

    Raises:
        StudyError: if the file is unreadable, a quote does not end, a needed column is missing, or a requested column
            occurs twice.
    """
    text = read_text(file)
    hint = _EXCEL_HINT.match(text)
    text = text[hint.end() :] if hint else text
    delimiter = hint[1] if hint else _delimiter(text, needed)
    reader = _reader(text, delimiter)
    try:
        header = _strip_cells(next(reader, []))
        positions = _positions(header, needed, optional, file, advice)
        rows = [
            (
                number,
                {name: cells[position] for name, position in positions.items()} if len(cells) == len(header) else None,
            )
            for number, cells in enumerate(_nonempty_rows(reader, len(header)), start=1)
        ]
    except csv.Error as error:
        raise StudyError(
            f"{file}, {_bad_lines(text, delimiter)}: {error}. A cell with a delimiter, a quote or a line break stands "
            "in quotes, and a quote in it is doubled"
        ) from None
    return Table(rows, frozenset(positions), _unread_names(header, positions), delimiter == ";")


def column_advice(setting: str, theirs: Mapping[str, str]) -> Advice:
    """Return what to do about missing columns: state their names in a setting.

    Args:
        setting: the setting that maps columns.
        theirs: column of this program -> column of the table.
    """

    def advice(missing: Sequence[str], header: Sequence[str]) -> str:
        plain = {_plain(name): name for name in header}
        named = []
        for ours, name in theirs.items():
            if name in missing:
                near = get_close_matches(_plain(name), plain, 1) or get_close_matches(_plain(ours), plain, 1)
                named.append(f"{ours}: {plain[near[0]] if near else '<name in the table>'}")
        return f"If the table has it under another name, state that name, as in {setting}: {{{', '.join(named)}}}"

    return advice


def tables_in(folder: Path) -> list[str]:
    """Return the names of the tables that lie in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.suffix.casefold() in TABLE_SUFFIXES and path.is_file())


def _bad_lines(text: str, delimiter: str) -> str:
    """Name the lines of the first row that cannot be read: a quote that does not end takes all lines below it."""
    reader, last = _reader(text, delimiter), 0
    with suppress(csv.Error):
        for _ in reader:
            last = reader.line_num
    first = last + 1
    return f"line {first}" if reader.line_num <= first else f"line {first} (read to line {reader.line_num})"


def _reader(text: str, delimiter: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _nonempty_rows(reader: Iterator[list[str]], width: int) -> Iterator[list[str]]:
    """Yield the rows with text, without empty cells beyond the header, which a trailing delimiter adds."""
    for cells in reader:
        cells = _strip_cells(cells)
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if any(cells):
            yield cells


def _strip_cells(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _delimiter(text: str, needed: Sequence[str]) -> str:
    """Return the first delimiter that gives all needed columns, else the one that gives the most cells."""
    cells = {}
    for delimiter in _DELIMITERS:
        try:
            header = _strip_cells(next(_reader(text, delimiter), []))
        except csv.Error:
            continue
        if all(_matching_positions(name, header) for name in needed):
            return delimiter
        cells[delimiter] = len(header)
    return max(cells, key=lambda delimiter: cells[delimiter], default=",")


def _read_parquet(
    file: Path, content: bytes, needed: Sequence[str], optional: Sequence[str], advice: Advice | None
) -> Table:
    try:
        source = pq.ParquetFile(io.BytesIO(content))
        header = [name.strip() for name in source.schema_arrow.names]
        positions = _positions(header, needed, optional, file, advice)
        columns = source.read(columns=[source.schema_arrow.names[position] for position in positions.values()])
        cells = {name: columns[source.schema_arrow.names[position]].to_pylist() for name, position in positions.items()}
    except StudyError:
        raise
    # pyarrow raises many exception types for invalid Parquet files.
    except Exception as error:
        reason = str(error).rstrip(".")
        raise StudyError(f"{file} cannot be read as a table: {reason}. Is it a complete Parquet file?") from error
    rows: list[tuple[int, Cells | None]] = [
        (row + 1, {name: _strip_text(cells[name][row]) for name in positions}) for row in range(columns.num_rows)
    ]
    return Table(rows, frozenset(positions), _unread_names(header, positions))


def _strip_text(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _matching_positions(name: str, header: Sequence[str]) -> list[int]:
    """Return the positions of a column in a header: exact matches, else matches that ignore case."""
    exact = [position for position, other in enumerate(header) if other == name]
    return exact or [position for position, other in enumerate(header) if _plain(other) == _plain(name)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def _positions(
    header: Sequence[str], needed: Sequence[str], optional: Sequence[str], file: Path, advice: Advice | None
) -> dict[str, int]:
    existing = {name: positions for name in (*needed, *optional) if (positions := _matching_positions(name, header))}
    if not any(header):
        raise StudyError(f"{file} is empty: it needs a header with {', '.join(needed)}, and rows below")
    if missing := [name for name in needed if name not in existing]:
        existing_names = shortlist((name[:40] or "(no name)" for name in header), _SHOWN) or "nothing"
        message = f"{file}, header: there is no column {', '.join(missing)} (there is: {existing_names})"
        raise StudyError(f"{message}. {advice(missing, header)}" if advice else message)
    for name, positions in existing.items():
        if len(positions) > 1:
            columns = " and ".join(str(position + 1) for position in positions)
            raise StudyError(f"{file}, header: columns {columns} are called {name}. Rename or remove all but one")
    return {name: positions[0] for name, positions in existing.items()}


def _unread_names(header: Sequence[str], positions: dict[str, int]) -> tuple[str, ...]:
    read = set(positions.values())
    # pandas stores a table's index in Parquet under such a name.
    unread = (name for position, name in enumerate(header) if position not in read)
    return tuple(name for name in unread if name and not name.startswith("__index_level_"))
