"""Files as they occur in the wild: text with a byte-order mark, names in any spelling, paths that lead elsewhere."""

import errno
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
        raise StudyError(
            f"{file}, {row}: {name!r} leads out of the data set's folder, or is no path. A path is relative to "
            "data_root, or absolute and inside it"
        )
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


def folded(name: str) -> str:
    """Return a name in the form in which names are compared: by Unicode normalisation, whatever the case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Listing:
    """The files and folders in a folder, found by name whatever the case and the normal form of their letters."""

    def __init__(self, folder: Path) -> None:
        """List the folder; one that does not exist is empty."""
        # Sorted, so that of two names that differ only in case the same one is found everywhere.
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name) if _is_folder(folder) else []
        self.files = [entry.name for entry in entries if not entry.is_dir()]
        self.folders = [entry.name for entry in entries if entry.is_dir()]
        self._folder = folder
        self._files, self._folders = _by_folded(self.files), _by_folded(self.folders)

    def find(self, *names: str) -> str | None:
        """Return the first of these names that is a file's, as it is written on disk."""
        return next((found for name in names if (found := _find(self._files, name)) is not None), None)

    def find_folder(self, name: str) -> str | None:
        """Return the name of a folder as it is written on disk."""
        return _find(self._folders, name)

    def picture(self, stem: str) -> str | None:
        """Return the picture of a name without its suffix: with a known suffix, else whichever Pillow identifies."""
        if known := self.find(*(stem + suffix for suffix in SUFFIXES)):
            return known
        alike = (name for name in self._by_stem.get(folded(stem), []) if is_picture(self._folder / name))
        return next(alike, None)

    @cached_property
    def _by_stem(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.files:
            for stem in {folded(name), folded(Path(name).stem)}:
                found[stem].append(name)
        return found


class Disk:
    """Files below a folder, found by the paths that tables state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._roots = (folder.absolute(), folder.resolve())
        self._listings: dict[PurePosixPath, Listing] = {}

    def stated(self, name: str, file: Path, row: str) -> PurePosixPath:
        """Return the path below the folder that a table states, as it is written on disk if there is such a file.

        An absolute path is taken if it lies in the folder. A backslash is part of a name where a file has that name;
        else it separates folders, as on Windows.

        Raises:
            StudyError: naming file, row and path, if the path leads out of the folder.
        """
        inside = self._inside(name)
        if "\\" in inside and (found := self.find(PurePosixPath(inside))) is not None:
            return found
        path = safe_path(inside, file, row)
        return self.find(path) or path

    def find(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return the path of a file as it is written on disk; None if there is no such file."""
        place = PurePosixPath()
        for part in path.parts[:-1]:
            folder = self._listing(place).find_folder(part)
            if folder is None:
                return None
            place /= folder
        name = self._listing(place).find(path.name)
        return None if name is None else place / name

    def identity(self, path: PurePosixPath) -> str:
        """Return what a picture is called in tables: its path without the suffix.

        What follows a dot is no suffix in a name such as IMG.0001. File systems and archives change the normal form
        of letters, and the name stays the same. Two files whose paths differ in nothing else keep the forms that they
        have.
        """
        plain = PurePosixPath(unicodedata.normalize("NFC", str(path)))
        named = path if plain != path and self.find(plain) == plain else plain
        return (named.with_suffix("") if named.suffix.casefold() in SUFFIXES else named).as_posix()

    def _listing(self, place: PurePosixPath) -> Listing:
        if place not in self._listings:
            self._listings[place] = Listing(self._folder / place)
        return self._listings[place]

    def _inside(self, name: str) -> str:
        path = Path(name)
        if not path.is_absolute() or ".." in path.parts or "\0" in name:
            return name
        # The folder may be stated by a link; a picture may be one that leads anywhere.
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
    """Return names by the form in which they are compared, and by themselves."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(folded(name), name)
    return found | {name: name for name in names}


def _find(names: dict[str, str], name: str) -> str | None:
    return names.get(name) or names.get(folded(name))
