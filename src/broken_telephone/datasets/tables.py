"""A catalog type for tables that other runs may read while they are written again."""

import io
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.locations import located
from broken_telephone.errors import StudyError

_ROWS_AT_ONCE = 50_000
"""Rows that are encoded at once: they are in memory twice then."""


class WholeParquetDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """A table in a Parquet file, saved whole or not at all; kedro-datasets' own type writes in place."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the file, on any file system that fsspec knows."""
        self._filepath = filepath
        self.metadata = metadata
        self._filesystem, self._place = located(filepath)

    def load(self) -> pd.DataFrame:
        """Read the table.

        Raises:
            StudyError: if the file is no table.
        """
        content = self._filesystem.cat_file(self._place)
        try:
            return pd.read_parquet(io.BytesIO(content))
        except (OSError, ValueError) as error:
            raise StudyError(
                f"{self._place} is no table: {error}. Delete it and run the pipeline again that writes it."
            ) from error

    def save(self, data: pd.DataFrame) -> None:
        """Write the table."""
        write_whole(self._filesystem, self._place, data.to_parquet(row_group_size=_ROWS_AT_ONCE))

    def preview(self, nrows: int = 10) -> TablePreview:
        """Show the first rows."""
        return TablePreview(self.load().head(nrows).to_dict(orient="split"))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}

    def _exists(self) -> bool:
        return bool(self._filesystem.isfile(self._place))
