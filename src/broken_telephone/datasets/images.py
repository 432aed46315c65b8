"""Catalog types for pictures: a folder to read, a folder to fill, a single one. All show in Kedro-Viz."""

import base64
import io
from collections.abc import Mapping
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, Version
from kedro_datasets._typing import ImagePreview
from PIL import Image

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.places import LiteralVersions, located
from broken_telephone.datasets.whole import write_whole
from broken_telephone.errors import StudyError
from broken_telephone.report import thumbnails

_PREVIEWED = 24
_PICTURES = (".png", ".jpg", ".jpeg")


class ImageFolderDataset(FolderDataset[Image.Image]):
    """Pictures that are only read, as RGB, by their path below the folder."""

    def read(self, key: str) -> Image.Image:
        """Read one picture as RGB."""
        place = self.place(key)
        try:
            with self._filesystem.open(place, "rb") as content:
                return Image.open(content).convert("RGB")
        except FileNotFoundError:
            raise StudyError(f"{place} does not exist") from None
        # Pillow raises these, too, for broken files and for pictures of an absurd size.
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise StudyError(f"{place} is no picture that opens ({error})") from error

    def preview(self) -> ImagePreview:
        """Show the first pictures."""
        pictures = (key for key in self.keys() if self.place(key).lower().endswith(_PICTURES))
        return _preview(thumbnails([self.read(key) for key in islice(pictures, _PREVIEWED)]))


class ImagePartitionsDataset(ImageFolderDataset):
    """Pictures that a run adds one by one as PNG, each saved whole or not at all."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder; keys leave out `.png`."""
        super().__init__(path=path, suffix=".png", metadata=metadata)

    def save(self, data: Mapping[str, Image.Image]) -> None:
        """Add pictures by key; others stay."""
        for key, image in data.items():
            write_whole(self._filesystem, self.place(key), _png(image))


class ImageDataset(LiteralVersions, AbstractVersionedDataset[Image.Image, Image.Image]):
    """One picture, saved as PNG, whole or not at all."""

    def __init__(
        self, *, filepath: str, version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the file, on any file system that fsspec knows."""
        self._fs, place = located(filepath)
        super().__init__(PurePosixPath(place), version, self._fs.exists)
        self.metadata = metadata

    def load(self) -> Image.Image:
        """Read the picture."""
        with self._fs.open(str(self._get_load_path()), "rb") as content:
            image = Image.open(content)
            image.load()
        return image

    def save(self, data: Image.Image) -> None:
        """Write the picture."""
        write_whole(self._fs, str(self._get_save_path()), _png(data))

    def preview(self) -> ImagePreview:
        """Show the picture."""
        return _preview(self.load())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}


def _png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, format="PNG")
    return content.getvalue()


def _preview(image: Image.Image) -> ImagePreview:
    """Return what Kedro-Viz shows of a data set's pictures: a PNG in base64."""
    return ImagePreview(base64.b64encode(_png(image)).decode())
