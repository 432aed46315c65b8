"""Opens the pictures of an explanation, and decodes each large file as rarely as memory allows."""

from PIL import Image

from broken_telephone.explainability.maps.occlusion import framed
from broken_telephone.pictures import Needed, Picture, StudyPictures, full_size

Opened = tuple[Image.Image, tuple[int, int]]
"""A picture, and the width and height that it has in its file, as displayed."""
_KEPT = 50_000_000
"""Pixels of reduced pictures that are kept, 4 bytes each."""


class OpenedPictures:
    """Opens pictures at the size that a model needs, and keeps those that are larger in their files.

    A word is explained once with the true weights and once with each draw of random weights. The mean colour needs its
    picture, too. Pictures are kept until `_KEPT` pixels are reached. Of the others, only the last one is kept, because
    words about one picture follow each other.
    """

    def __init__(self, study: StudyPictures, frame: tuple[int, int] | None) -> None:
        """Remember where pictures come from, and the frame that all are fitted into, if there is one."""
        self._study, self._frame = study, frame
        self._full_sizes: dict[str, tuple[int, int]] = {}
        self._kept: dict[tuple[str, int], Opened] = {}
        self._last: dict[tuple[str, int], Opened] = {}
        self._pixels = 0

    def __call__(self, picture: Picture, needed: Needed | None) -> Opened:
        """Return a picture, fitted into the frame, and the size of its file. Keep it if its file is larger.

        Raises:
            UnreadableError: if the file is missing or broken.
            ChangedInputError: if the file changed since the study recorded it.
        """
        opened = self.once(picture, needed)
        image, full = opened
        if image.size != full and (key := _key(picture, needed, full)) not in self._kept:
            self._full_sizes[picture.name] = full
            self._last = {key: opened}
            if self._pixels + image.width * image.height <= _KEPT:
                self._pixels += image.width * image.height
                self._kept[key] = opened
        return opened

    def once(self, picture: Picture, needed: Needed | None) -> Opened:
        """Return the same without keeping it, for a picture that is looked at once at this size."""
        if (full := self._full_sizes.get(picture.name)) is not None:
            key = _key(picture, needed, full)
            if (existing := self._kept.get(key) or self._last.get(key)) is not None:
                return existing
        image = self._study.open(picture, needed)
        return framed(image, self._frame), full_size(image)

    def unframed(self, picture: Picture, needed: Needed | None) -> Image.Image:
        """Return a picture without the frame; see `__call__`."""
        return self(picture, needed)[0] if self._frame is None else self._study.open(picture, needed)


def _key(picture: Picture, needed: Needed | None, full: tuple[int, int]) -> tuple[str, int]:
    """Return the picture and its longer side, which two models may need alike."""
    return picture.name, max(full) if needed is None else min(needed.side(full), max(full))
