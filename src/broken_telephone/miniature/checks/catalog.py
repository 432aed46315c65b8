"""Defines catalog types of the miniature pipeline: sets of pictures, and folders that a function writes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from broken_telephone.errors import StudyError
from broken_telephone.miniature.world.pictures import PictureSet


class PictureSetDataset(AbstractDataset[PictureSet, PictureSet]):
    """Stores a `PictureSet` in a folder, and opens it memory-mapped."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> PictureSet:
        """Open the set.

        Raises:
            StudyError: if it was not rendered.
        """
        if not self._exists():
            raise StudyError(
                f"{self._path} does not hold rendered pictures, which are not shipped. `kedro run --pipeline miniature "
                "--nodes worlds.render_even` renders those of the even world. worlds.render_biased, "
                "worlds.render_twins and worlds.render_heldout render the others; `--tags shortcut` those of shortcuts."
            )
        return PictureSet.load(self._path)

    def save(self, data: PictureSet) -> None:
        """Write the set."""
        data.save(self._path)

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}

    def _exists(self) -> bool:
        return (self._path / "people.parquet").is_file()


class WrittenFolderDataset(AbstractDataset[Callable[[Path], None], Path]):
    """Lets a function write a folder, and loads its path, for models with their own format.

    Nothing is put into the folder before the function has ended, and nothing else in it is touched.
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder."""
        return self._path

    def save(self, data: Callable[[Path], None]) -> None:
        """Call the function with an empty folder, then put each of its files in the place of the old one."""
        fresh = self._path.with_name(f".{self._path.name}.unfinished")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        data(fresh)
        for file in sorted(path for path in fresh.rglob("*") if path.is_file()):
            target = self._path / file.relative_to(fresh)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
        shutil.rmtree(fresh)

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}

    def _exists(self) -> bool:
        return self._path.is_dir()
