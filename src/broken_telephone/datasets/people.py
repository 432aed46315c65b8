"""A catalog type for raw data sets: a folder as published -> everybody in it."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset

from broken_telephone.sources import read_people


class PeopleDataset(AbstractDataset[None, pd.DataFrame]):
    """A data set's folder, read with the reader for its layout (`sources.SOURCES`)."""

    def __init__(self, *, source: str, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the layout and the folder."""
        self._source = source
        self._path = path
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Read the `people` table."""
        return read_people(self._source, Path(self._path))

    def save(self, data: None) -> None:
        """Refuse: raw data are never written."""
        raise TypeError(f"{self._path} is only read, never written")

    def _describe(self) -> dict[str, Any]:
        return {"source": self._source, "path": self._path}

    def _exists(self) -> bool:
        return Path(self._path).is_dir()
