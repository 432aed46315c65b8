"""A catalog type for HTML pages that are rewritten during a run."""

from collections.abc import Mapping
from typing import Any

from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.folder import FolderDataset


class PagesDataset(FolderDataset[str]):
    """HTML pages, each saved whole or not at all."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder; keys leave out `.html`."""
        super().__init__(path=path, suffix=".html", metadata=metadata)

    def save(self, data: Mapping[str, str]) -> None:
        """Write pages by key; others stay."""
        for key, page in data.items():
            write_whole(self._filesystem, self.place(key), page.encode())

    def read(self, key: str) -> str:
        """Read one page."""
        return str(self._filesystem.cat_file(self.place(key)).decode())
