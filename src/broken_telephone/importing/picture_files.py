"""Finds the pictures that results name, although the folders have moved since."""

import os
from pathlib import Path, PureWindowsPath


class PictureFiles:
    """The files below the folder of the results. Nothing outside it is ever named."""

    def __init__(self, root: Path) -> None:
        self._root = root
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
        # Windows paths split at both kinds of slashes.
        parts = [part for part in PureWindowsPath(stated.strip()).parts if part not in ("/", "\\", ".", "..")]
        if PureWindowsPath(stated).drive:
            parts = parts[1:]
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            for folder in (*folders, self._root):
                place = f"{folder}/{end}"
                # 50,000 pathlib objects would take longer than the look itself.
                if os.path.isfile(place):  # noqa: PTH113
                    self.shortened += start > 0
                    return Path(place)
        return None
