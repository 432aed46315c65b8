"""A folder of files as a mapping from key to content: the base of our partitioned catalog types.

Differs from Kedro's `PartitionedDataset`: an empty or missing folder is an empty mapping, what was
saved after loading is seen, and files are read by key without listing the folder.
"""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from kedro.io import AbstractDataset

from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.locations import located
from broken_telephone.errors import UnreadableError
from broken_telephone.seeds import content_digest

T = TypeVar("T")
Stamp = tuple[int, int]
"""Size in bytes, and time of the last change in nanoseconds: a file with another stamp may have other bytes."""
_ABSENT: Stamp = (-1, -1)


class Files(Mapping[str, Callable[..., T]]):
    """A live view of a folder: key -> function that reads the file. Listing it looks at the disk.

    The function takes the options that the folder's `read` has besides the key.
    """

    def __init__(self, folder: "FolderDataset[T]") -> None:
        self._folder = folder

    def __getitem__(self, key: str) -> Callable[..., T]:
        return partial(self._folder.read, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._folder.keys())

    def __len__(self) -> int:
        return len(self._folder.keys())

    def __contains__(self, key: object) -> bool:
        return self._folder.holds(str(key))

    def stamps(self, keys: Sequence[str]) -> list[Stamp]:
        """Return size and time of the last change of files; (-1, -1) of one that does not exist."""
        return self._folder.stamps(keys)

    def content(self, key: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            UnreadableError: naming the file, if it is missing or cannot be read.
        """
        return self._folder.content(key)

    def digest(self, key: str) -> str:
        """Return the digest of a file's bytes (`seeds.content_digest`).

        Raises:
            UnreadableError: naming the file, if it is missing or cannot be read.
        """
        return content_digest(self._folder.content(key))


class FolderDataset(AbstractDataset[Any, Files[T]], Generic[T]):
    """Files below a folder, named `<key><suffix>`; keys may contain slashes."""

    suffix: ClassVar[str] = ""
    """The end of the files' names that is no part of the keys."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder.

        Args:
            path: the folder, on any file system that fsspec knows.
            metadata: for other tools, such as Kedro-Viz.
        """
        self._path = path
        self.metadata = metadata
        self._filesystem, self._root = located(path)
        self._root = self._root.rstrip("/")

    def load(self) -> Files[T]:
        """Return the view; nothing is read or listed yet."""
        return Files(self)

    def save(self, data: Mapping[str, Any]) -> None:
        """Add files by key, each whole or not at all; others stay."""
        for key, value in data.items():
            write_whole(self._filesystem, self.place(key), self.encode(value))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files by key, and local folders that are empty then; a file that does not exist is no error."""
        for key in keys:
            place = self.place(key)
            with suppress(FileNotFoundError):
                self._filesystem.rm_file(place)
            if isinstance(self._filesystem, LocalFileSystem):
                with suppress(OSError):  # other files are in it
                    Path(place).parent.rmdir()

    def encode(self, value: Any) -> bytes:
        """Refuse: a plain folder belongs to someone else. Types that may be written return the bytes of a file."""
        raise TypeError(f"{self._path} is only read, never written")

    @abstractmethod
    def read(self, key: str) -> T:
        """Read one file.

        Raises:
            StudyError: naming the file, if it is missing or broken.
        """

    def content(self, key: str) -> bytes:
        """Return a file's bytes.

        Raises:
            UnreadableError: naming the file, if it is missing or cannot be read.
        """
        place = self.place(key)
        try:
            return bytes(self._filesystem.cat_file(place))
        except FileNotFoundError:
            raise UnreadableError(f"{place} does not exist") from None
        except OSError as error:
            raise UnreadableError(f"{place} cannot be read ({error})") from error

    def stamps(self, keys: Sequence[str]) -> list[Stamp]:
        """Return size and time of the last change of files; (-1, -1) of one that does not exist."""
        stamp = _local_stamp if isinstance(self._filesystem, LocalFileSystem) else self._stamp
        return [stamp(f"{self._root}/{key}{self.suffix}") for key in keys]

    def _stamp(self, place: str) -> Stamp:
        try:
            info = self._filesystem.info(place)
            changed = self._filesystem.modified(place).timestamp()
        except FileNotFoundError:
            return _ABSENT
        except NotImplementedError:  # this file system keeps no times
            changed = 0.0
        return int(info["size"] or 0), int(changed * 1e9)

    def keys(self) -> list[str]:
        """List the keys in order; hidden files (unfinished ones, too) and other suffixes are left out."""
        names = file_names(self._filesystem, self._root)
        end = len(self.suffix)
        return sorted(
            [
                name[:-end] if end else name
                for name in names
                if name.endswith(self.suffix) and name[name.rfind("/") + 1] != "."
            ]
        )

    def holds(self, key: str) -> bool:
        """Return whether a key's file exists."""
        return bool(self._filesystem.isfile(self.place(key)))

    def place(self, key: str) -> str:
        """Return the path of a key's file."""
        return f"{self._root}/{key}{self.suffix}"

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path, "suffix": self.suffix}

    def _exists(self) -> bool:
        return bool(self._filesystem.isdir(self._root))


def _local_stamp(place: str) -> Stamp:
    # With 300,000 pictures, a Path each would take longer than looking.
    try:
        found = os.stat(place)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT
    except OSError as error:
        raise UnreadableError(f"{place} cannot be read ({error})") from error
    # The second time changes with every write, also where a copy keeps the first.
    return found.st_size, max(found.st_mtime_ns, found.st_ctime_ns)


def file_names(filesystem: AbstractFileSystem, folder: str) -> Iterator[str]:
    """Yield the paths of all files below a folder, relative to it; nothing if there is no such folder."""
    if isinstance(filesystem, LocalFileSystem):
        return _local_names(folder)
    return (path[len(folder) + 1 :] for path in filesystem.find(folder))


def _local_names(folder: str) -> Iterator[str]:
    # fsspec asks for every file's size and date, which takes six times as long with 300,000 pictures.
    left = [(folder, "")]
    while left:
        place, prefix = left.pop()
        try:
            entries = os.scandir(place)
        except FileNotFoundError:
            continue
        with entries:
            for entry in entries:
                if entry.is_dir():
                    left.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    yield prefix + entry.name
