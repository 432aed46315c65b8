"""Kedro's own catalog types for versioned files, usable in folders of any name."""

from kedro_datasets._typing import HTMLPreview
from kedro_datasets.json import JSONDataset as KedroJSON
from kedro_datasets.matplotlib import MatplotlibDataset as KedroMatplotlib
from kedro_datasets.pandas import ParquetDataset as KedroParquet
from kedro_datasets.text import TextDataset as KedroText

from broken_telephone.datasets.locations import LiteralVersions
from broken_telephone.datasets.previews import TextPreview, page_preview, text_preview


class JSONDataset(LiteralVersions, KedroJSON):
    """A record in a JSON file."""


class MatplotlibDataset(LiteralVersions, KedroMatplotlib):
    """A figure."""


class ParquetDataset(LiteralVersions, KedroParquet):
    """A table in a Parquet file."""


class TextDataset(LiteralVersions, KedroText):
    """A text."""

    def preview(self) -> TextPreview:
        """Show the first lines."""
        return text_preview(self.load())


class PageDataset(LiteralVersions, KedroText):
    """An HTML page in one file."""

    def preview(self) -> HTMLPreview:
        """Show what the page says first."""
        return page_preview(self.load(), "The beginning of the text. The file itself has all of it, with figures.")
