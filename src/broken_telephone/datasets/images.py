"""Catalog types for pictures: a folder to read, a folder to fill, a single one. All show in Kedro-Viz."""

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from kedro.io import AbstractVersionedDataset, Version
from kedro_datasets._typing import ImagePreview
from PIL import Image

from broken_telephone.datasets.atomic_write import write_whole
from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.locations import LiteralVersions, located
from broken_telephone.datasets.previews import image_preview
from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.pictures import SUFFIXES, Needed, as_png, open_picture
from broken_telephone.pictures.thumbnails import thumbnails
from broken_telephone.seeds import content_digest

_PREVIEWED, _PREVIEW_SIDE = 24, 512


class ImageFolderDataset(FolderDataset[Image.Image]):
    """Pictures that are only read, as they are displayed, by their path below the folder."""

    def read(self, key: str, longest: int | Needed | None = None, digest: str | None = None) -> Image.Image:
        """Read one picture as RGB; see `pictures.open_picture`.

        Args:
            key: its path below the folder.
            longest: pixels that the reader needs; None for all that there are.
            digest: of the bytes that the file must have; None for any.

        Raises:
            UnreadableError: if the file does not exist, or is no picture that opens.
            ChangedInputError: if its bytes are others.
        """
        place = self.place(key)
        content = self.content(key)
        if digest is not None and content_digest(content) != digest:
            raise ChangedInputError(f"{place} was changed: it is not the picture that results were made from")
        return open_picture(io.BytesIO(content), place, longest)

    def preview(self) -> ImagePreview:
        """Show the first pictures that open."""
        return image_preview(thumbnails(list(islice(self._shown(), _PREVIEWED))))

    def _shown(self) -> Iterator[Image.Image]:
        for key in self.keys():
            if self.place(key).lower().endswith(SUFFIXES):
                with suppress(StudyError):
                    yield self.read(key, _PREVIEW_SIDE)


class ImagePartitionsDataset(ImageFolderDataset):
    """Pictures that a run adds one by one, as the bytes of their PNG files (`as_png`)."""

    suffix = ".png"

    def save(self, data: Mapping[str, bytes | None]) -> None:
        """Add files by key, each whole or not at all; None deletes a file, if it exists."""
        super().save({key: content for key, content in data.items() if content is not None})
        for key in (key for key, content in data.items() if content is None):
            with suppress(FileNotFoundError):
                self._filesystem.rm_file(self.place(key))

    def encode(self, value: bytes) -> bytes:
        """Return the bytes as they are."""
        return value


class WrittenFolderDataset(ImageFolderDataset):
    """A data set that a run writes: the bytes of its pictures and tables, by their path below the folder."""

    def encode(self, value: bytes) -> bytes:
        """Return the bytes as they are."""
        return value


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
        write_whole(self._fs, str(self._get_save_path()), as_png(data))

    def preview(self) -> ImagePreview:
        """Show the picture."""
        return image_preview(self.load())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}
