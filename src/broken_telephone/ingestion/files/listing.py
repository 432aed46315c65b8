"""Reads files, and finds files by names in any case and Unicode form, without leaving the data set's folder."""

import errno
import json
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.decoding import decode
from broken_telephone.pictures import SUFFIXES, is_picture


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
        StudyError: if the file is missing, unreadable, or not Unicode text.
    """
    return decode(read_bytes(path), path)


def read_records(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        StudyError: if the file is not JSON, not an object, or repeats a name in one record.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise StudyError(f"{file}: {twice!r} occurs twice in one record, and only one of them would be read")
        return record

    records = parsed_json(file, once)
    if not isinstance(records, dict):
        raise StudyError(f"{file} holds a {type(records).__name__}, not records by name")
    return records


def parsed_json(file: Path, pairs_hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> Any:
    """Return the content of a JSON file.

    Args:
        file: the file.
        pairs_hook: makes a record of the names and values of an object.

    Raises:
        StudyError: if the file is unreadable or not JSON, with its line.
    """
    try:
        return json.loads(read_text(file), object_pairs_hook=pairs_hook)
    except json.JSONDecodeError as error:
        raise StudyError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from None
    except StudyError:
        raise
    except (ValueError, RecursionError) as error:  # thousands of digits or nested brackets
        raise StudyError(f"{file} cannot be read as JSON: {error}") from None


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is storable text; JSON and file names may contain unpaired surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def safe_path(name: str, file: Path, row: str) -> PurePosixPath:
    """Return a relative path from a data file; refuse a path that leads out of the folder.

    Raises:
        StudyError: with the file, the row and the path.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    elsewhere = path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name)
    if elsewhere or not path.parts or "\0" in name or not is_text(name):
        raise StudyError(
            f"{file}, {row}: {name!r} leads out of the data set's folder, or is no path. A path is relative to "
            "data_root, or absolute and inside it"
        )
    return path


def safe_name(name: str, file: Path, row: str) -> str:
    """Return a plain file name from a data file; refuse a path.

    Raises:
        StudyError: with the file, the row and the name.
    """
    path = safe_path(name, file, row)
    if len(path.parts) != 1:
        raise StudyError(f"{file}, {row}: {name!r} is a path, not the plain name of a file")
    return path.name


def fold_name(name: str) -> str:
    """Return a name for comparison, without differences of case and Unicode normal form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Listing:
    """Finds files and folders in a folder by name, ignoring case and Unicode normal form."""

    def __init__(self, folder: Path) -> None:
        """List the folder; a missing folder is empty."""
        # Sorted, so that the same of two names that differ only in case is found on every system.
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name) if _is_folder(folder) else []
        self.files = [entry.name for entry in entries if not entry.is_dir()]
        self.folders = [entry.name for entry in entries if entry.is_dir()]
        self._folder = folder
        self._files, self._folders = _by_folded(self.files), _by_folded(self.folders)

    def find(self, *names: str) -> str | None:
        """Return the first of these names that exists as a file, as written on disk."""
        return next((match for name in names if (match := _find(self._files, name)) is not None), None)

    def find_folder(self, name: str) -> str | None:
        """Return the name of a folder as written on disk; None if it does not exist."""
        return _find(self._folders, name)

    def picture(self, stem: str) -> str | None:
        """Return the picture with this stem: first by known suffixes, else any file that Pillow identifies."""
        if known := self.find(*(stem + suffix for suffix in SUFFIXES)):
            return known
        alike = (name for name in self._by_stem.get(fold_name(stem), []) if is_picture(self._folder / name))
        return next(alike, None)

    @cached_property
    def _by_stem(self) -> Mapping[str, list[str]]:
        by_stem: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.files:
            for stem in {fold_name(name), fold_name(Path(name).stem)}:
                by_stem[stem].append(name)
        return by_stem


class DataFolder:
    """Finds files below a folder by the paths in tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._roots = (folder.absolute(), folder.resolve())
        self._listings: dict[PurePosixPath, Listing] = {}

    def resolve(self, name: str, file: Path, row: str) -> PurePosixPath:
        """Return a table's path relative to the folder, as written on disk if the file exists.

        An absolute path must lie in the folder. A backslash is part of a name if such a file exists; else it separates
        folders, as on Windows.

        Raises:
            StudyError: with file, row and path, if the path leads out of the folder.
        """
        inside = self._inside(name)
        if "\\" in inside and (match := self.find(PurePosixPath(inside))) is not None:
            return match
        path = safe_path(inside, file, row)
        return self.find(path) or path

    def find(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return the path of a file as written on disk; None if there is no such file."""
        location = PurePosixPath()
        for part in path.parts[:-1]:
            folder = self._listing(location).find_folder(part)
            if folder is None:
                return None
            location /= folder
        name = self._listing(location).find(path.name)
        return None if name is None else location / name

    def image_id(self, path: PurePosixPath) -> str:
        """Return the ID of a picture in tables: its path without the suffix.

        Only suffixes of pictures are removed, not .0001 in IMG.0001. The ID has the Unicode form NFC, because file
        systems and archives change the form. Two files whose paths differ only in this form keep their own forms.
        """
        plain = PurePosixPath(unicodedata.normalize("NFC", str(path)))
        named = path if plain != path and self.find(plain) == plain else plain
        return (named.with_suffix("") if named.suffix.casefold() in SUFFIXES else named).as_posix()

    def _listing(self, location: PurePosixPath) -> Listing:
        if location not in self._listings:
            self._listings[location] = Listing(self._folder / location)
        return self._listings[location]

    def _inside(self, name: str) -> str:
        path = Path(name)
        if not path.is_absolute() or ".." in path.parts or "\0" in name:
            return name
        # The folder may be a link, so its resolved path counts too. A picture may be a link to any location.
        for spelled in (path, Path(os.path.realpath(path.parent), path.name)):
            for root in self._roots:
                if spelled.is_relative_to(root):
                    return spelled.relative_to(root).as_posix()
        return name


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise


def _by_folded(names: list[str]) -> dict[str, str]:
    """Return folded name -> name, and each name -> itself."""
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(fold_name(name), name)
    return by_name | {name: name for name in names}


def _find(names: dict[str, str], name: str) -> str | None:
    return names.get(name) or names.get(fold_name(name))
