"""Files as they occur in the wild: text with a byte-order mark, names in any case, paths that lead elsewhere."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from broken_telephone.errors import StudyError


def read_text(path: Path) -> str:
    """Return a text file's content without a byte-order mark.

    Raises:
        StudyError: if the file is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError(f"{path} is missing: is the data set unpacked completely?") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from error


def read_records(file: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        StudyError: if it is not JSON or holds anything else.
    """
    try:
        records = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise StudyError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from None
    except RecursionError:
        raise StudyError(f"{file} is nested too deeply to be records by picture") from None
    if not isinstance(records, dict):
        raise StudyError(f"{file} holds a {type(records).__name__}, not records by name")
    return records


def read_csv(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column of a CSV file with a header.

    Raises:
        StudyError: if the file is unreadable or lacks one of the columns.
    """
    reader = csv.DictReader(read_text(file).splitlines())
    missing = [name for name in columns if name not in (reader.fieldnames or [])]
    if missing:
        there = ", ".join(map(str, reader.fieldnames or [])) or "nothing"
        raise StudyError(f"{file}, line 1: there is no column {', '.join(missing)} (there is: {there})")
    try:
        for cells in reader:
            yield reader.line_num, {name: (cells[name] or "").strip() for name in columns}
    except csv.Error as error:
        raise StudyError(f"{file}, line {reader.line_num}: {error}") from None


def safe_path(name: str, file: Path, row: str) -> PurePosixPath:
    """Return a relative path found in a data file, refusing one that leads out of its folder.

    Raises:
        StudyError: naming the file, the row and the path.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise StudyError(f"{file}, {row}: {name!r} leads out of the data set's folder, or is no path")
    return path


def safe_name(name: str, file: Path, row: str) -> str:
    """Return a file's plain name found in a data file, refusing a path.

    Raises:
        StudyError: naming the file, the row and the name.
    """
    path = safe_path(name, file, row)
    if len(path.parts) != 1:
        raise StudyError(f"{file}, {row}: {name!r} is a path, not the plain name of a file")
    return path.name


class Listing:
    """The files of a folder by name, whatever the case of their letters."""

    def __init__(self, folder: Path) -> None:
        """List the folder; one that does not exist is empty."""
        self._names: dict[str, str] = {}
        if folder.is_dir():
            # Sorted, so that of two names that differ only in case the same one is found everywhere.
            for name in sorted(entry.name for entry in os.scandir(folder) if not entry.is_dir()):
                self._names.setdefault(name.casefold(), name)

    def find(self, *names: str) -> str | None:
        """Return the first of these names that exists, as it is written on disk."""
        return next((self._names[name.casefold()] for name in names if name.casefold() in self._names), None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)
