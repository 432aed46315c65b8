"""Where a bundle is written: a new folder, or a zip file that appears when it is whole."""

import os
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from broken_telephone.errors import StudyError

ZIP = ".zip"
# The earliest time that a zip file can state. Equal contents then give equal files.
_TIME = (1980, 1, 1, 0, 0, 0)


class Destination(Protocol):
    """Takes the files of a bundle."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file, at a path below the bundle's folder."""
        ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, path: str, content: bytes) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, path: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(path, _TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system, entry.external_attr = 3, 0o644 << 16
        self._archive.writestr(entry, content)


@contextmanager
def opened(to: Path) -> Iterator[Destination]:
    """Yield what takes the files. After an error, nothing is left.

    Args:
        to: a zip file, which is replaced, or a folder that does not exist yet or is empty.

    Raises:
        StudyError: if it is a folder with files, or cannot be written.
    """
    is_zip = to.suffix.lower() == ZIP
    if to.is_dir() and (is_zip or any(to.iterdir())):
        raise StudyError(f"--to {to}: this folder has files already. Name a new folder, or a file that ends with {ZIP}")
    if to.is_file() and not is_zip:
        raise StudyError(f"--to {to}: this is a file. Name a new folder, or a file that ends with {ZIP}")
    unfinished = to.with_name(f".{to.name}.{uuid.uuid4().hex}")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        if is_zip:
            with zipfile.ZipFile(unfinished, "w") as archive:
                yield _Zip(archive)
            unfinished.replace(to)
        else:
            unfinished.mkdir()
            yield _Folder(unfinished)
            if to.is_dir():
                to.rmdir()
            unfinished.rename(to)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise StudyError(f"--to {to}: {os.strerror(error.errno or 0)}. Name another folder or file") from error
    finally:
        _remove(unfinished)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it exists."""
    if path.is_dir():
        for below in sorted(path.rglob("*"), reverse=True):
            below.rmdir() if below.is_dir() else below.unlink()
        path.rmdir()
    path.unlink(missing_ok=True)
