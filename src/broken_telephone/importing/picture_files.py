"""Finds the pictures that results name, although the folders have moved since."""

import os
import re
from pathlib import Path

_DRIVE = re.compile(r"[A-Za-z]:")


class PictureFiles:
    """The files below the folder of the results. Links in it are followed; nothing else outside it is ever named."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed: dict[str, frozenset[str]] = {}
        self.shortened = 0
        """How many files were found by the last parts of their stated path only."""

    def find(self, stated: object, *folders: Path) -> Path | None:
        """Return the file that a stated path means; None if there is none.

        Results state absolute paths of another machine, or paths relative to a folder of that machine. The file is the
        one with the longest common end: `/home/me/out/run1/3/a.png` is `run1/3/a.png` below the root, else `3/a.png`,
        else `a.png`.

        Args:
            stated: the path.
            folders: folders below the root that are tried for the same end before the root.
        """
        if not isinstance(stated, str) or not stated.strip() or "\0" in stated:
            return None
        # Without pathlib, which would take longer than the search.
        parts = [part for part in stated.strip().replace("\\", "/").split("/") if part not in ("", ".", "..")]
        parts = parts[1:] if _DRIVE.fullmatch(parts[0] if parts else "") else parts
        bases = [str(folder) for folder in (*folders, self._root)]
        for start in range(len(parts)):
            between = "/".join(parts[start:-1])
            for folder in bases:
                place = f"{folder}/{between}" if between else folder
                if parts[-1] in self._files_in(place):
                    self.shortened += start > 0
                    return Path(place, parts[-1])
        return None

    def _files_in(self, folder: str) -> frozenset[str]:
        """Return the names of the files in a folder, which is listed once; none if there is no such folder."""
        if folder not in self._listed:
            try:
                with os.scandir(folder) as entries:
                    self._listed[folder] = frozenset(entry.name for entry in entries if entry.is_file())
            except OSError:
                self._listed[folder] = frozenset()
        return self._listed[folder]
