"""Reads a researcher's own table of labels: one row per person, with an image below the data set's folder.

The study's settings map the table's columns. Cells contain words of the scheme, or other words with a clear meaning
(`labels.table_cells`); every such translation is recorded as a defect "translated".
"""

import decimal
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files import image_lists
from broken_telephone.ingestion.files.listing import DataFolder, is_text
from broken_telephone.ingestion.files.table_files import Table, column_advice, read_table, tables_in
from broken_telephone.ingestion.reader_result import Findings, Row, person_row
from broken_telephone.ingestion.readers.main_person import BOX, read_box
from broken_telephone.labels import MISSING, Cell, Scheme, read_cell, years_or_codes
from broken_telephone.progress import track
from broken_telephone.visible import shortlist

OWN = ("image", "split", "person", "person_id", *BOX)
"""Columns that a table of labels may have in addition to those of the scheme."""
SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Split in tables and folders -> split in `people`."""
_SHOWN = 5
"""Maximum number of names of files in a message."""
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")


def read(folder: Path, scheme: Scheme, labels: str, columns: dict[str, str], findings: Findings) -> list[Row]:
    """Read the people in a table.

    Args:
        folder: the data set's folder.
        scheme: words and codes of the labels.
        labels: path of the table below the folder.
        columns: column of this program -> column of the table, where they differ. `image` (a path below the folder) is
            required; split, person, person_id, x, y, width, height, and the concepts and attributes of the scheme are
            optional.
        findings: collects the defects.

    Raises:
        StudyError: if the table is missing, unreadable or lacks a named column, a path leads out of the folder, or a
            column of ages contains both years and codes.
    """
    known = (*OWN, *scheme.variables)
    if unknown := sorted(set(columns) - set(known)):
        raise StudyError(f"dataset.columns: {', '.join(unknown)} is not a known column (known: {', '.join(known)})")
    disk, is_list = DataFolder(folder), labels.casefold().endswith(image_lists.SUFFIXES)
    if is_list and Path(labels).is_file():
        # Lists of images stand beside the code that uses them, not in the data set.
        file = Path(labels)
    else:
        file = folder / disk.resolve(labels, Path("the setting dataset.labels"), "the table's path")
    if file.is_dir():
        raise StudyError(f"{file} is a folder: dataset.labels names a CSV or Parquet file below data_root")
    if not file.is_file():
        existing = shortlist(tables_in(folder), _SHOWN)
        raise StudyError(
            f"{file} is missing: dataset.labels names the table of labels, below data_root"
            f"{f' (there is: {existing})' if existing else ''}"
        )
    if is_list:
        columns = _columns_of_list(scheme, columns)
    theirs = {name: columns.get(name, name) for name in known}
    needed = tuple(theirs[name] for name in dict.fromkeys(["image", *columns]))
    table = (
        image_lists.read_image_list(file, folder, findings)
        if is_list
        else read_table(file, needed, tuple(theirs.values()), column_advice("dataset.columns", theirs))
    )
    if not table.rows:
        raise StudyError(f"{file} has a header and no rows: write a row for each person below the header")
    if table.unread:
        advice = f"dataset.columns says which column is which of ours ({', '.join(known)})"
        findings.note("kept", "columns that are not read", file, "header", ", ".join(table.unread), advice)
    reader = _Reader(file, disk, scheme, theirs, table, findings)
    people: list[Row] = []
    for number, cells in track(table.rows, f"Reading {file.name}", len(table.rows)):
        findings.rows += 1
        if cells is None:
            advice = "A cell with a delimiter in it, such as a decimal comma, stands in quotes"
            findings.note(
                "dropped", "row has more or fewer cells than the header", file, f"row {number}", advice=advice
            )
        elif row := reader.person(cells, f"row {number}"):
            people.append(row)
    _number_people([row for row in people if row["person_id"] == row["image_id"]])
    return people


def _columns_of_list(scheme: Scheme, columns: dict[str, str]) -> dict[str, str]:
    """Return the columns of a YAML list of images: its labels are those of the scheme's concept.

    Raises:
        StudyError: if the scheme has several concepts, and the settings do not say which one.
    """
    if columns:
        return {"image": image_lists.IMAGE, **columns}
    if len(scheme.concepts) > 1:
        raise StudyError(
            f"dataset.columns: scheme {scheme.name} has several concepts ({', '.join(scheme.concepts)}). Write which "
            f"one the labels of the list are of, such as {{{next(iter(scheme.concepts))}: {image_lists.LABEL}}}; the "
            "integer labels of RAF-DB need dataset.scheme: raf"
        )
    return {"image": image_lists.IMAGE, next(iter(scheme.concepts)): image_lists.LABEL}


def _number_people(people: list[Row]) -> None:
    """Number unnamed people in images with several boxes."""
    counts: Counter[str] = Counter()
    for row in people:
        counts[row["image_path"]] += 1
        if "width" in row and counts[row["image_path"]] > 1:
            row["person_id"] += f"#{counts[row['image_path']]}"


class _Reader:
    """Reads the rows of one table."""

    def __init__(
        self, file: Path, disk: DataFolder, scheme: Scheme, theirs: dict[str, str], table: Table, findings: Findings
    ) -> None:
        self._disk = disk
        self._file, self._scheme, self._theirs, self._table, self._findings = file, scheme, theirs, table, findings
        self._boxed = any(theirs[name] in table.columns for name in BOX)
        self._years = {name: self._has_years(name) for name in scheme.variables if theirs[name] in table.columns}
        self._cells: dict[tuple[str, str], Cell] = {}

    def _has_years(self, name: str) -> bool:
        """Return whether a column's numbers are ages in years instead of codes."""
        variable = self._scheme.variables[name]
        if not variable.years:
            return False
        column = self._theirs[name]
        texts = Counter(_text(cells[column]) for _, cells in self._table.rows if cells and not _empty(cells[column]))
        try:
            has_years = years_or_codes(texts, variable)
        except ValueError as error:
            raise StudyError(
                f"{self._file}, column {column} (dataset.columns.{name}, scheme {self._scheme.name}): {error}"
            ) from None
        codes = [text for text in texts if text.removesuffix(".0") in variable.codes]
        if codes and not has_years:
            advice = f"If they are years, write them as '3 years'. Accepted: {variable.accepted()}"
            self._note("kept", f"{name} in numbers: read as codes", f"column {column}", ", ".join(codes), advice)
        return has_years

    def person(self, cells: dict[str, Any], where: str) -> Row | None:
        """Read one row; None if it has no image."""
        stated = {name: cells[column] for name, column in self._theirs.items() if not _empty(cells.get(column))}
        image = stated.get("image")
        if image is None:
            self._findings.note("dropped", "row without an image", self._file, where)
            return None
        if not isinstance(image, str | bytes | int | float):
            advice = "The column holds paths below data_root; pictures within a table are not read"
            self._findings.note("dropped", "image is not a path", self._file, where, image, advice)
            return None
        path = self._disk.resolve(_text(image), self._file, where)
        split = _text(stated.get("split", "all"))
        if split.casefold() in MISSING:
            self._note("unknown", "split marked as missing", where, split, "read as all")
            split = "all"
        split, image_id = SPLITS.get(split.casefold(), split), self._disk.image_id(path)
        person_id = f"{image_id}#{_text(stated['person'])}" if "person" in stated else image_id
        # A table that was made from another data set keeps the names there, so that chains keep theirs.
        person_id = _text(stated["person_id"]) if "person_id" in stated else person_id
        row = person_row(person_id, image_id, "image_folder", split, path.as_posix(), self._file, where)
        if self._boxed:
            row |= read_box(self._box(stated, where), self._findings, self._file, where)
        return row | {name: self._value(name, stated[name], where) for name in self._years if name in stated}

    def _value(self, name: str, value: Any, where: str) -> str | None:
        text = _text(value)
        if (name, text) not in self._cells:
            self._cells[name, text] = read_cell(text, name, self._scheme.variables[name], self._years[name])
        kind, category, reason = self._cells[name, text]
        if kind == "translated":
            self._note("translated", f"{name} in other words", where, text, f"read as {category}")
        elif kind == "missing":
            self._note("unknown", f"{name} marked as missing", where, text, "read as not stated")
        elif kind == "ambiguous":
            self._note("unknown", f"{name} that is no single category", where, text, reason)
        elif kind == "unknown":
            self._note("unknown", f"{name} outside the scheme", where, text, reason)
        return category

    def _note(self, effect: Any, problem: str, where: str, text: str, advice: str) -> None:
        self._findings.note(effect, problem, self._file, where, text, advice)

    def _box(self, stated: dict[str, Any], where: str) -> list[Any] | None:
        """Return the four cells of a box, as numbers where possible; None if all are missing."""
        given = [stated.get(name) for name in BOX]
        given = [None if isinstance(value, str) and value.casefold() in MISSING else value for value in given]
        if all(value is None for value in given):
            return None
        box = [_number(value, self._table.decimal_comma) for value in given]
        commas = any(isinstance(value, str) and "," in value for value in given)
        if commas and any(isinstance(value, str) and "." in value for value in given):
            return given  # next to a decimal comma, 1.234 could mean 1234
        if commas and not any(isinstance(value, str) for value in box):
            self._note("translated", "box with decimal commas", where, str(given), f"read as {box}")
        return box


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and bool(pd.isna(value)))


def _number(value: Any, decimal_comma: bool) -> Any:
    """Return a coordinate as a number; any other or ambiguous value stays unchanged.

    1,234 is a decimal in a table with decimal commas, and ambiguous in other tables.
    """
    if isinstance(value, decimal.Decimal):
        return float(value)
    if not isinstance(value, str):
        return value
    if _DECIMAL_COMMA.fullmatch(value) and (decimal_comma or not _THOUSANDS.fullmatch(value)):
        return float(value.replace(",", "."))
    return float(value) if _NUMBER.fullmatch(value) else value


def _text(value: Any) -> str:
    """Return a cell as text. A whole number that a table stores as 3.0 becomes the code 3."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace").strip()
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return text if is_text(text) else repr(text)
