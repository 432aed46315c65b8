"""Catalog types for pictures: a folder to read, a folder to fill, a single one. All show in Kedro-Viz."""

import base64
import io
from collections.abc import Mapping
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import fsspec
from kedro.io import AbstractVersionedDataset
from kedro.io.core import Version
from kedro_datasets._typing import ImagePreview
from PIL import Image

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.whole import write_whole
from broken_telephone.errors import ChangedInputError, UnreadableError
from broken_telephone.pictures import as_png
from broken_telephone.report import thumbnails
from broken_telephone.seeds import content_digest

_PREVIEWED = 24
_PICTURES = (".png", ".jpg", ".jpeg")


class ImageFolderDataset(FolderDataset[Image.Image]):
    """Pictures that are only read, as RGB, by their path below the folder."""

    def read(self, key: str, digest: str | None = None) -> Image.Image:
        """Read one picture as RGB.

        Args:
            key: names it.
            digest: of the bytes that it must have; None for any.

        Raises:
            UnreadableError: naming the file, if it is missing or broken.
            ChangedInputError: naming the file, if its bytes are others.
        """
        place = self.place(key)
        content = self.content(key)
        if digest is not None and content_digest(content) != digest:
            raise ChangedInputError(f"{place} was changed: it is not the picture that results were made from")
        try:
            return Image.open(io.BytesIO(content)).convert("RGB")
        # Pillow raises these, too, for broken files and for pictures of an absurd size.
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise UnreadableError(f"{place} is no picture that opens ({error})") from error

    def preview(self) -> ImagePreview:
        """Show the first pictures."""
        pictures = (key for key in self.keys() if self.place(key).lower().endswith(_PICTURES))
        return _preview(thumbnails([self.read(key) for key in islice(pictures, _PREVIEWED)]))


class ImagePartitionsDataset(ImageFolderDataset):
    """Pictures that a run adds one by one as PNG, each saved whole or not at all."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder; keys leave out `.png`."""
        super().__init__(path=path, suffix=".png", metadata=metadata)

    def save(self, data: Mapping[str, bytes]) -> None:
        """Add pictures by key, as the bytes of their PNG files (`as_png`); others stay."""
        for key, content in data.items():
            write_whole(self._filesystem, self.place(key), content)


class ImageDataset(AbstractVersionedDataset[Image.Image, Image.Image]):
    """One picture, saved as PNG, whole or not at all."""

    def __init__(
        self, *, filepath: str, version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the file, on any file system that fsspec knows."""
        self._filesystem, place = fsspec.core.url_to_fs(filepath)
        super().__init__(PurePosixPath(place), version, self._filesystem.exists, self._filesystem.glob)
        self.metadata = metadata

    def load(self) -> Image.Image:
        """Read the picture."""
        with self._filesystem.open(str(self._get_load_path()), "rb") as content:
            image = Image.open(content)
            image.load()
        return image

    def save(self, data: Image.Image) -> None:
        """Write the picture."""
        write_whole(self._filesystem, str(self._get_save_path()), as_png(data))

    def preview(self) -> ImagePreview:
        """Show the picture."""
        return _preview(self.load())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}

    def _exists(self) -> bool:
        return bool(self._version is None or self._get_versions()) and bool(
            self._filesystem.exists(str(self._get_load_path()))
        )


def _preview(image: Image.Image) -> ImagePreview:
    """Return what Kedro-Viz shows of a data set's pictures: a PNG in base64."""
    return ImagePreview(base64.b64encode(as_png(image)).decode())
