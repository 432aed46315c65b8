"""A catalog type for raw data sets: it reads a folder as published into a table of people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from broken_telephone.datasets.previews import json_preview
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings, DatasetTables, read_dataset


class RawDataset(AbstractDataset[None, DatasetTables]):
    """A data set's folder, read with the reader for its layout."""

    def __init__(self, *, settings: Mapping[str, Any], path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder, and the settings that describe its layout (`DatasetSettings`)."""
        if not isinstance(path, str) or not path:
            raise StudyError(f"data_root is {path!r}, not the path of a folder")
        self._settings = settings
        self._path = path
        self.metadata = metadata

    def load(self) -> DatasetTables:
        """Read the data set."""
        return read_dataset(DatasetSettings.model_validate(dict(self._settings)), Path(self._path))

    def save(self, data: None) -> None:
        """Refuse: raw data are never written."""
        raise TypeError(f"{self._path} is only read, never written")

    def preview(self) -> JSONPreview:
        """Show the settings of the data set."""
        return json_preview({**self._describe(), "settings": dict(self._settings)})

    def _describe(self) -> dict[str, Any]:
        return {"source": self._settings.get("source"), "path": self._path}

    def _exists(self) -> bool:
        return Path(self._path).is_dir()
