"""A catalog type for HTML pages that are rewritten during a run."""

from kedro_datasets._typing import HTMLPreview

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.previews import page_preview


class PagesDataset(FolderDataset[str]):
    """HTML pages."""

    suffix = ".html"

    def encode(self, value: str) -> bytes:
        """Return a page as UTF-8."""
        return value.encode()

    def read(self, key: str) -> str:
        """Read one page."""
        return str(self._filesystem.cat_file(self.place(key)).decode())

    def preview(self) -> HTMLPreview:
        """Show what the first page says."""
        keys = self.keys()
        return page_preview(self.read(keys[0]) if keys else "<p>There is no page yet.</p>")
