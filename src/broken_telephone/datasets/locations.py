"""File systems and paths. A path on this machine is taken literally, whatever characters are in it."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::[A-Za-z0-9+.-]+)*://")


def located(path: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a path or an address, and the path there.

    fsspec itself reads `::` in the name of a folder as an address inside another address.
    """
    if _ADDRESS.match(path):
        filesystem, place = url_to_fs(path)
        return filesystem, place
    return LocalFileSystem(), LocalFileSystem._strip_protocol(path)


class LiteralVersions:
    """A mixin that finds the versions of a catalog entry by listing its folder.

    Kedro reads the whole path as a pattern, so it finds nothing below a folder such as `study [a]`. It has no public
    way to replace that in the types of kedro-datasets, which pass their own `glob_function`.
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
