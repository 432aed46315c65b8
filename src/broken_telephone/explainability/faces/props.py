"""Masks of the props of originals, such as a ball or a table, where a data set has such masks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.explainability.maps.occlusion import Fitted, scaled
from broken_telephone.explainability.settings import PropMaskSettings

Size = tuple[int, int]
"""Width and height in pixels."""
_KEPT = 50_000_000
"""Bytes of masks that are kept, 8 pixels each."""
_LISTED = 3
"""Masks that a message names at most."""


class MaskFiles(Protocol):
    """The masks below the data set's folder, by their path."""

    def __getitem__(self, key: str) -> Callable[..., np.ndarray]:
        """Return a function that reads the pixels of a mask: integers, (height, width)."""
        ...

    def __contains__(self, key: object) -> bool:
        """Return whether a mask exists."""
        ...

    def digest(self, key: str) -> str:
        """Return the digest of a mask's bytes."""
        ...


@dataclass(frozen=True)
class PropMasks:
    """The masks of a study's originals."""

    files: MaskFiles
    keys: Mapping[str, str]
    """Picture -> path of its mask, where there is one."""
    values: Sequence[int]
    """Values of pixels that show props."""
    without: int
    """Number of originals without a mask."""
    _kept: dict[tuple[str, Size], np.ndarray] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Picture and size -> its mask with 8 pixels a byte. Masks are as large as originals, and asked for many times."""
    _last: dict[tuple[str, Size], np.ndarray] = field(default_factory=dict, init=False, compare=False, repr=False)
    """The mask that was read last, because words about one picture follow each other."""

    def digest(self, name: str) -> str | None:
        """Return the digest of a picture's mask, and of what its values mean; None without a mask."""
        key = self.keys.get(name)
        return None if key is None else f"{self.files.digest(key)} {sorted(self.values)}"

    def mask(self, name: str, content: PictureContent) -> np.ndarray | None:
        """Return the pixels of a picture that show props: bool (height, width) in the size of `content`.

        Returns:
            None without a mask.

        Raises:
            StudyError: if the mask does not open, or has another size than its original.
        """
        if (key := self.keys.get(name)) is None:
            return None
        width, height = content.size
        bits = np.unpackbits(self._packed(name, key, content), count=width * height)
        return bits.reshape(height, width).astype(bool)

    def _packed(self, name: str, key: str, content: PictureContent) -> np.ndarray:
        """Return a mask with 8 pixels a byte; keep it until `_KEPT` bytes are reached, and then only the last one."""
        own = name, content.size
        if (existing := self._kept.get(own, self._last.get(own))) is not None:
            return existing
        packed = np.packbits(self._mask(key, content))
        self._last.clear()
        self._last[own] = packed
        if sum(mask.nbytes for mask in self._kept.values()) + packed.nbytes <= _KEPT:
            self._kept[own] = packed
        return packed

    def _mask(self, key: str, content: PictureContent) -> np.ndarray:
        shown = np.isin(_values(self.files, key, content.original_size), list(self.values))
        fitted = Fitted.into(content.original_size, content.size)
        mask = np.zeros(content.size[::-1], bool)
        small = scaled(shown.astype(np.uint8), (fitted.width, fitted.height)).astype(bool)
        mask[fitted.top : fitted.top + fitted.height, fitted.left : fitted.left + fitted.width] = small
        return mask

    def counts(self) -> dict[str, int]:
        """Return the number of originals, and of those without a mask."""
        return {"originals": len(self.keys) + self.without, "without_mask": self.without}


def prop_masks_of(
    chains: pd.DataFrame, settings: PropMaskSettings | None, files: MaskFiles, size_of: Callable[[str], Size | None]
) -> PropMasks:
    """Return the masks of the originals of chains, all of which are checked.

    Args:
        chains: that are explained.
        settings: which folder has masks, and which values are props; None for no masks.
        files: the masks.
        size_of: path of an original -> its width and height in pixels; None if it does not open.

    Raises:
        StudyError: if no original has a mask, or a mask does not open or has another size than its original.
    """
    if settings is None:
        return PropMasks(files, {}, (), 0)
    from_images = chains[chains["image_path"].notna()].drop_duplicates("image_path")
    paths, image_ids = (from_images[name].astype(str) for name in ("image_path", "image_id"))
    wanted = {f"0/{path}": settings.key_of(image_id) for path, image_id in zip(paths, image_ids, strict=True)}
    keys = {name: key for name, key in wanted.items() if key in files}
    if wanted and not keys:
        raise StudyError(
            f"explain.prop_masks: none of {len(wanted)} originals has a mask below data_root, such as "
            f"{next(iter(wanted.values()))}. Correct explain.prop_masks.folder, or leave prop_masks out"
        )
    problems = [problem for name, key in keys.items() if (problem := _problem(files, key, size_of(name[2:])))]
    if problems:
        listed = "; ".join(problems[:_LISTED])
        raise StudyError(
            f"explain.prop_masks: {len(problems)} of {len(keys)} masks cannot be used: {listed}. Mend the masks, or "
            "take them out of the folder: their originals then have no props"
        )
    return PropMasks(files, keys, settings.values, len(wanted) - len(keys))


def _problem(files: MaskFiles, key: str, size: Size | None) -> str | None:
    """Return why a mask cannot be used; None if it can, or if its original does not open."""
    try:
        if size is not None:
            _values(files, key, size)
    except StudyError as error:
        return str(error)
    return None


def _values(files: MaskFiles, key: str, size: Size) -> np.ndarray:
    """Read a mask: integers, (height, width).

    Raises:
        StudyError: if it does not open, or has another size than its original.
    """
    values = files[key]()
    (high, wide), (width, height) = values.shape, size
    if (wide, high) != (width, height):
        raise StudyError(f"{key} has {wide} x {high} pixels, and its original has {width} x {height}")
    return values


def sentence_of(counts: Mapping[str, Any]) -> str:
    """Say for how many originals props are known, and what that means for drawn images.

    Args:
        counts: as `PropMasks.counts` returns them.
    """
    if not counts["originals"]:
        return "No original is explained, so the masks of props are not used."
    known = counts["originals"] - counts["without_mask"]
    return (
        f"Props are a region of their own in {known} of {counts['originals']} explained originals, by the data set's "
        "masks. Drawn images have no masks: there, props are part of the background, and their share is unknown."
    )
