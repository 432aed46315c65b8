"""Files as they occur in the wild: text with a byte-order mark, names in any case, paths that lead elsewhere."""

import json
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from broken_telephone.errors import StudyError
from broken_telephone.pictures import SUFFIXES, is_picture
from broken_telephone.sources.decoding import decode


def read_bytes(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        StudyError: if the file is missing or unreadable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{path} is missing: is the data set unpacked completely?") from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error}") from error


def read_text(path: Path) -> str:
    """Return a text file's content without a byte-order mark.

    Raises:
        StudyError: if the file is missing, unreadable, or no text in a Unicode encoding.
    """
    return decode(read_bytes(path), path)


def read_records(file: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises:
        StudyError: if it is not JSON, holds anything else, or gives one name twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise StudyError(f"{file}: {twice!r} occurs twice in one record, and only one of them would be read")
        return record

    try:
        records = json.loads(read_text(file), object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise StudyError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from None
    except StudyError:
        raise
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise StudyError(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(records, dict):
        raise StudyError(f"{file} holds a {type(records).__name__}, not records by name")
    return records


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is text that can be stored: JSON and file names may hold half a character."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def safe_path(name: str, file: Path, row: str) -> PurePosixPath:
    """Return a relative path found in a data file, refusing one that leads out of its folder.

    Raises:
        StudyError: naming the file, the row and the path.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    elsewhere = path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name)
    if elsewhere or not path.parts or "\0" in name or not is_text(name):
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
    """The files of a folder, found by name whatever the case of their letters and the way accents are stored."""

    def __init__(self, folder: Path) -> None:
        """List the folder; one that does not exist is empty."""
        # Sorted, so that of two names that differ only in case the same one is found everywhere.
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name) if folder.is_dir() else []
        self.files = [entry.name for entry in entries if not entry.is_dir()]
        self.folders = [entry.name for entry in entries if entry.is_dir()]
        self._folder = folder
        self._names: dict[str, str] = {}
        for name in self.files:
            self._names.setdefault(_plain(name), name)

    def find(self, *names: str) -> str | None:
        """Return the first of these names that exists, as it is written on disk."""
        return next((self._names[_plain(name)] for name in names if _plain(name) in self._names), None)

    def picture(self, stem: str) -> str | None:
        """Return the picture of a name without its suffix: with a known suffix, else whichever Pillow identifies."""
        if known := self.find(*(stem + suffix for suffix in SUFFIXES)):
            return known
        alike = (name for name in self._by_stem.get(_plain(stem), []) if is_picture(self._folder / name))
        return next(alike, None)

    @cached_property
    def _by_stem(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.files:
            for stem in {_plain(name), _plain(Path(name).stem)}:
                found[stem].append(name)
        return found


def _plain(name: str) -> str:
    """Fold what differs only in writing: macOS stores accents as characters of their own."""
    return unicodedata.normalize("NFC", name).casefold()
