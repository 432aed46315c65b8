"""A catalog type for HTML pages that are rewritten during a run."""

from broken_telephone.datasets.folder import FolderDataset


class PagesDataset(FolderDataset[str]):
    """HTML pages."""

    suffix = ".html"

    def encode(self, value: str) -> bytes:
        """Return a page as UTF-8."""
        return value.encode()

    def read(self, key: str) -> str:
        """Read one page."""
        return str(self._filesystem.cat_file(self.place(key)).decode())
