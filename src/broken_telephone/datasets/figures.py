"""A catalog type for figures: a folder with one file per figure and format, and a hidden file with their digests."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from kedro.io import AbstractVersionedDataset, Version
from kedro_datasets._typing import ImagePreview

from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.locations import LiteralVersions, located
from broken_telephone.datasets.previews import figures_preview
from broken_telephone.figure_files import FigureFiles, Files

DIGESTS = ".drawn_from.json"
"""Figure -> digest of what it was drawn from, and of its files."""


class FiguresDataset(LiteralVersions, AbstractVersionedDataset[Mapping[str, Files], FigureFiles]):
    """Figures by name; each is a mapping from format, such as `png`, to the bytes of its file."""

    def __init__(
        self, *, filepath: str, version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the folder."""
        self._fs, path = located(filepath)
        self.metadata = metadata
        super().__init__(PurePosixPath(path), version, self._fs.exists)

    def save(self, data: Mapping[str, Files]) -> None:
        """Write all figures in all formats."""
        folder = self._get_save_path()
        self._fs.makedirs(str(folder), exist_ok=True)
        for name, files in data.items():
            for kind, content in files.items():
                write_whole(self._fs, str(folder / f"{_file_name(name)}.{kind}"), content)
        if isinstance(data, FigureFiles):
            write_whole(self._fs, str(folder / DIGESTS), json.dumps(data.stated(), indent=1).encode())

    def load(self) -> FigureFiles:
        """Read all figures in all formats, in the order of their names."""
        folder = self._get_load_path()
        figures: dict[str, dict[str, bytes]] = {}
        for path in sorted(map(PurePosixPath, self._fs.ls(str(folder), detail=False))):
            if path.name.startswith("."):
                continue  # the digests, and what a killed write left behind
            figures.setdefault(unquote(path.stem), {})[path.suffix[1:]] = self._fs.cat_file(str(path))
        return FigureFiles.checked(figures, self._digests(folder))

    def _digests(self, folder: PurePosixPath) -> dict[str, tuple[str, str]]:
        """Return what was stated about the figures; nothing for figures that were saved without digests."""
        path = str(folder / DIGESTS)
        if not self._fs.exists(path):
            return {}
        try:
            return _pairs(json.loads(self._fs.cat_file(path)))
        except ValueError:
            # Without it, all figures are drawn again.
            return {}

    def preview(self, first: Sequence[str] = (), count: int = 6) -> ImagePreview:
        """Show some figures side by side: more of them could not be read.

        Args:
            first: beginnings of the names of figures that are shown before others, in this order.
            count: number of figures.
        """
        files = map(PurePosixPath, self._fs.ls(str(self._get_load_path()), detail=False))
        paths = {unquote(path.stem): path for path in files if path.suffix == ".png" and not path.name.startswith(".")}

        def rank(name: str) -> int:
            return next((index for index, beginning in enumerate(first) if name.startswith(beginning)), len(first))

        # Only what is shown is read: a study has hundreds of files.
        shown = sorted(sorted(paths), key=rank)[:count]
        return figures_preview(self._fs.cat_file(str(paths[name])) for name in shown)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}


def _pairs(stated: object) -> dict[str, tuple[str, str]]:
    """Return figure -> digest of its input and of its files.

    Raises:
        ValueError: if the content of the file has another shape.
    """
    if not isinstance(stated, dict):
        raise ValueError("the digests are no mapping")
    for digests in stated.values():
        if not (isinstance(digests, list) and len(digests) == 2 and all(isinstance(one, str) for one in digests)):
            raise ValueError("a figure has two digests")
    return {name: (source, of_files) for name, (source, of_files) in stated.items()}


def _file_name(name: str) -> str:
    """Return a name that every file system accepts: other characters are percent-encoded."""
    return re.sub(r"[^\w .,()+=@~-]", lambda sign: quote(sign[0], safe="", errors="replace"), name)
