"""Kedro's own catalog types for versioned files, usable in folders of any name."""

from kedro_datasets.json import JSONDataset as KedroJSON
from kedro_datasets.matplotlib import MatplotlibDataset as KedroMatplotlib
from kedro_datasets.pandas import ParquetDataset as KedroParquet
from kedro_datasets.text import TextDataset as KedroText

from broken_telephone.datasets.locations import LiteralVersions


class JSONDataset(LiteralVersions, KedroJSON):
    """A record in a JSON file."""


class MatplotlibDataset(LiteralVersions, KedroMatplotlib):
    """A figure."""


class ParquetDataset(LiteralVersions, KedroParquet):
    """A table in a Parquet file."""


class TextDataset(LiteralVersions, KedroText):
    """A text."""
