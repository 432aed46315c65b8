"""A catalog type for masks: pictures whose pixels are numbers of regions."""

import io

import numpy as np
from kedro_datasets._typing import JSONPreview
from PIL import Image

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.datasets.previews import json_preview
from broken_telephone.errors import UnreadableError
from broken_telephone.pictures import reason


class MaskFolderDataset(FolderDataset[np.ndarray]):
    """Masks that are only read, by their path below the folder."""

    def read(self, key: str) -> np.ndarray:
        """Return the values of a mask's pixels: integers, (height, width). Palettes are not applied.

        Raises:
            UnreadableError: if the file does not exist, does not open, or has several channels.
        """
        place = self.place(key)
        content = self.content(key)
        try:
            with Image.open(io.BytesIO(content)) as image:
                values = np.asarray(image)
        # Pillow raises many exception types for broken content.
        except Exception as error:
            raise UnreadableError(f"{place} is no mask that opens ({reason(error)})") from error
        if values.ndim != 2 or values.dtype.kind == "f":
            raise UnreadableError(f"{place} is no mask: it has colours, and a mask has one integer for each pixel")
        return values.astype(int)

    def preview(self) -> JSONPreview:
        """Show the folder; the pictures in it have an entry of their own."""
        return json_preview(self._describe())
