"""Where files are. A path on this machine is taken as it stands, whatever signs are in it."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::[A-Za-z0-9+.-]+)*://")


def located(path: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a path or an address, and the path there.

    fsspec itself would take `::` in the name of a folder for an address inside another.
    """
    if _ADDRESS.match(path):
        filesystem, place = url_to_fs(path)
        return filesystem, place
    return LocalFileSystem(), LocalFileSystem._strip_protocol(path)


class LiteralVersions:
    """A part of catalog types that finds the versions of an entry by listing its folder.

    Kedro's own way takes the whole path for a pattern, so nothing is found below a folder such as `study [a]`.
    """

    _fs: AbstractFileSystem
    _filepath: PurePosixPath
    _get_load_path: Callable[[], PurePosixPath]

    def _get_versions(self) -> list[str]:
        """Return the paths of all versions, the latest first."""
        try:
            entries = self._fs.ls(str(self._filepath), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = sorted((PurePosixPath(entry).name for entry in entries), reverse=True)
        paths = [f"{self._filepath}/{name}/{self._filepath.name}" for name in names]
        return [path for path in paths if self._fs.exists(path)]

    def _exists(self) -> bool:
        return bool(self._fs.exists(str(self._get_load_path())))
