"""A catalog type for figures: each saved as PNG, SVG and PDF, in a folder that a run adds to."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from fsspec.core import url_to_fs
from kedro.io import AbstractVersionedDataset, DatasetError, Version

from broken_telephone.datasets.whole import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS = ("png", "svg", "pdf")


class FiguresDataset(AbstractVersionedDataset[Mapping[str, "Figure"], Any]):
    """Figures by name; they are saved for people, and not loaded again."""

    def __init__(
        self, *, filepath: str, version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the folder."""
        self._filesystem, path = url_to_fs(filepath)
        self.metadata = metadata
        super().__init__(PurePosixPath(path), version, self._filesystem.exists, self._filesystem.glob)

    def save(self, data: Mapping[str, "Figure"]) -> None:
        """Write all figures in all formats."""
        from broken_telephone.report.style import picture

        folder = self._get_save_path()
        for name, figure in data.items():
            for kind in _KINDS:
                write_whole(self._filesystem, str(folder / f"{name}.{kind}"), picture(figure, kind))

    def load(self) -> Any:
        """Refuse: a picture is no figure."""
        raise DatasetError(f"{self._filepath}: figures are saved for people; draw them anew from their tables")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}
