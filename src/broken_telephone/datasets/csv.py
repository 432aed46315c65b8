"""A catalog type for CSV tables that people open in a spreadsheet program."""

from typing import Any

import pandas as pd
from kedro_datasets import pandas as tables

from broken_telephone.datasets.locations import LiteralVersions
from broken_telephone.spreadsheet import guarded, unguarded

IDENTIFIERS = ("chain_id", "image_id", "person_id", "item")
"""Columns that are always texts: the image 007 is not the image 7."""


class CSVDataset(LiteralVersions, tables.CSVDataset):
    """Kedro's CSV table without an index; no cell is read as a formula, and `None` stays a word."""

    def __init__(
        self,
        *,
        load_args: dict[str, Any] | None = None,
        save_args: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        """Take the arguments of Kedro's own type."""
        reads = {"keep_default_na": False, "na_values": [""], "dtype": dict.fromkeys(IDENTIFIERS, "string")}
        reads |= load_args or {}
        super().__init__(load_args=reads, save_args={"index": False} | (save_args or {}), **others)

    def load(self) -> pd.DataFrame:
        """Read the table."""
        return unguarded(super().load())

    def save(self, data: pd.DataFrame) -> None:
        """Write the table."""
        super().save(guarded(data))
