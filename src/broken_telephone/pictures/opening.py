"""Opens a picture as it is displayed: upright, 8 bits a channel, RGB, at the size that its reader needs.

- **Orientation** is that of the EXIF record; where it says nothing, that of the XMP record. A damaged record counts as
  none.
- **Depth**: 8-bit channels stay as they are. 16-bit pictures are divided by 257, 12-bit TIFF pictures by 4095 / 255.
  Pillow reduces 16-bit colour to 8 bits by itself. A picture of 32-bit integers spans the smallest of 0 to 255,
  0 to 65,535, 0 to 2^31 - 1 and 0 to 2^32 - 1 that holds its largest value. A picture of floats spans the smallest
  of 0 to 1, 0 to 255 and 0 to 65,535 that holds half its largest value: resampling and highlights overshoot, and what
  does is cut off. Other pictures (larger values, or clearly negative ones) span their own least to largest value. NaN
  is black.
- **Transparency** shows a white ground.
- **CMYK, LAB, palettes** are converted by Pillow. Colour profiles are not applied: models get the stored values, and
  people see what models get.
- **Animations** are their first frame.
"""

import math
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from broken_telephone.errors import UnreadableError
from broken_telephone.pictures.png_bands import has_bands, png_bands

PIXELS = 300_000_000
"""Pictures with more pixels are refused: they would take more than 1.2 GB."""
LONGEST = 2048
"""Pixels of the longer side above which pictures are reduced for models, unless a model reads more."""
# Pillow's own limit warns from 89 million pixels on, and refuses twice as many.
Image.MAX_IMAGE_PIXELS = PIXELS

_LYING = (5, 6, 7, 8)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned that is stored with an orientation."""
_LARGE = 32_000_000
"""Pixels of pictures that are decoded one at a time, whatever number of threads opens pictures."""
_one_large = Lock()
_BAND = 4_000_000
"""Pixels that are converted at once, so that a large picture is never held twice."""
_SPARE = 1.5
"""How much larger than its reader needs a picture is at least, before it is scaled with a good filter."""
_NOISE = 6
"""Levels that lossy WebP makes of one colour."""
_LOSSY = {"JPEG", "MPO", "JPEG2000", "AVIF", "HEIF"}
"""Formats whose compression adds levels; WebP is of either kind."""
_INTEGERS = (255, 65_535, 2**31 - 1, 2**32 - 1)
_FLOATS = (1, 255, 65_535)
_BITS_PER_SAMPLE, _SAMPLE_FORMAT, _UNSIGNED, _SIGNED = 258, 339, 1, 2
"""Tags of TIFF and values of the second."""


class Needed(NamedTuple):
    """How many pixels of a picture its reader needs; a smaller picture stays as it is."""

    longer: int
    """Of the longer side, at least."""
    shorter: int
    """Of the shorter side, at least; 0 where only the longer one matters."""
    most: int
    """Of the longer side, at most, whatever the others say."""

    def side(self, size: tuple[int, int]) -> int:
        """Return the longer side to which a picture of that width and height is reduced."""
        return min(max(self.longer, math.ceil(self.shorter * max(size) / min(size))), self.most)


class _Depth(NamedTuple):
    """How the values of a deep picture become 8 bits."""

    low: float
    """What becomes black."""
    high: float
    """What becomes white."""
    kind: Any
    """The type of the values in the file, of the same width as those that Pillow hands out."""


def open_picture(source: Path | IO[bytes], name: str | None = None, longest: int | Needed | None = None) -> Image.Image:
    """Open a picture as it is displayed; see the rules above.

    Args:
        source: a path, or a binary stream at its beginning that can seek.
        name: of the file, for errors; needed for a stream.
        longest: pixels of the longer side that the reader needs, or what it needs of both sides. A larger picture is
            reduced to that; a smaller one stays as it is. None: no picture is reduced.

    Returns:
        An RGB picture. `full_size` returns the size of the file's picture as displayed.

    Raises:
        UnreadableError: naming the file and the reason.
        FileNotFoundError: if there is no such file.
    """
    name = str(source) if name is None else name
    try:
        with Image.open(source) as image:
            return _opened(image, longest)
    except (FileNotFoundError, MemoryError):
        raise
    # Pillow raises many kinds for broken content; all of them mean the same here.
    except Exception as error:
        raise UnreadableError(f"{name} is no picture that opens ({reason(error)})") from error


def reason(error: Exception) -> str:
    """Return why a picture does not open, given what Pillow raised."""
    if isinstance(error, UnidentifiedImageError):
        return "Pillow cannot identify its content as a picture"
    return str(error) or type(error).__name__


def full_size(picture: Image.Image) -> tuple[int, int]:
    """Return the width and height in pixels that an opened picture has in its file, as displayed."""
    width, height = picture.info.get("full_size", picture.size)
    return int(width), int(height)


def bound_for(model: object) -> int:
    """Return the `longest` at which pictures are opened for a model to look at.

    It is `LONGEST`, or the longest side that the model reads if that is larger. Pictures of common size stay unreduced.
    Batches of large ones fit into memory.

    Args:
        model: any; it may have `longest`, see `models/base.py`.
    """
    return max(getattr(model, "longest", None) or 0, LONGEST)


def displayed_size(image: Image.Image, file: IO[bytes]) -> tuple[int, int]:
    """Return width and height in pixels as displayed, of a picture whose header was read; it is rarely decoded.

    Args:
        image: as Pillow opened it.
        file: that it was opened from.
    """
    _refuse_giants(image)
    if _record_is_late(image, file):
        image.load()
    # Pillow turns TIFF by itself, and gives the turned size.
    lying = image.format != "TIFF" and _orientation(image) in _LYING
    return (image.height, image.width) if lying else image.size


def is_single_colour(image: Image.Image) -> bool:
    """Return whether all pixels of a picture, as displayed, have one colour but for what lossy compression adds.

    The picture is decoded.

    Args:
        image: as Pillow opened it.

    Raises:
        Exception: whatever Pillow raises for broken content.
    """
    noise = _NOISE if _is_lossy(image) else 0
    image.load()
    depth = _depth(image)
    least, largest = np.full(3, 255), np.zeros(3)
    for _, band in _bands(image):
        low, high = np.transpose(_rgb(band, depth).getextrema())
        least, largest = np.minimum(least, low), np.maximum(largest, high)
        if (largest - least > noise).any():
            return False
    return True


def _is_lossy(image: Image.Image) -> bool:
    """Return whether a picture that is not decoded yet was compressed so that its levels changed."""
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    if image.format == "WEBP" and file is not None:
        place = file.tell()
        file.seek(12)
        # Chunks are padded to an even length; that of the pixels comes after those of profile and transparency.
        while (head := file.read(8))[:4] not in (b"VP8 ", b"VP8L", b"ANMF") and len(head) == 8:
            length = 10 if head[:4] == b"VP8X" else int.from_bytes(head[4:], "little")
            file.seek(length + length % 2, 1)
        file.seek(place)
        return head[:4] != b"VP8L"
    return image.format in _LOSSY or (image.format == "TIFF" and image.info.get("compression") in ("jpeg", "webp"))


def _record_is_late(image: Image.Image, file: IO[bytes]) -> bool:
    """Return whether a PNG may have its record behind its pixels, so that it must be decoded for it."""
    if image.format != "PNG" or "exif" in image.info:
        return False
    place = file.tell()
    file.seek(0, 2)
    file.seek(max(file.tell() - 70_000, 0))
    tail = file.read()
    file.seek(place)
    return any(mark in tail for mark in (b"eXIf", b"Raw profile type exif", b"tiff:Orientation"))


def _refuse_giants(image: Image.Image) -> None:
    if image.width * image.height > PIXELS:
        raise ValueError(f"it has {image.width:,} x {image.height:,} pixels; at most {PIXELS:,} pixels are opened")


def _orientation(image: Image.Image) -> int:
    # Of a PNG without a record, Pillow's own method decodes the picture to look behind it.
    record = Image.Image.getexif if image.format == "PNG" else type(image).getexif
    with suppress(Exception):
        return int(record(image).get(ExifTags.Base.Orientation, 1))
    return 1


def _opened(image: Image.Image, longest: int | Needed | None) -> Image.Image:
    _refuse_giants(image)
    with _one_large if image.width * image.height > _LARGE else nullcontext():
        return _decoded(image, longest)


def _decoded(image: Image.Image, longest: int | Needed | None) -> Image.Image:
    full = image.size
    if isinstance(longest, Needed):
        longest = longest.side(full)
    if longest is None or longest >= max(full):
        image.load()
        picture = _rgb(image, _depth(image))
    else:
        scale = longest / max(full)
        picture = _reduced(image, (max(1, round(scale * full[0])), max(1, round(scale * full[1]))))
    stored = _orientation(image)
    if stored in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[stored])
    # What the file's record said is done; nothing of it is to be done again where the picture is saved.
    picture.info = {"full_size": (full[1], full[0]) if stored in _LYING else full}
    return picture


def _reduced(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Decode and convert band by band to RGB, averaging whole pixels, then scale to the exact size."""
    # JPEG is decoded at a half, quarter or eighth of its size, still larger than needed.
    image.draft(None, (round(_SPARE * target[0]), round(_SPARE * target[1])))
    width, height = image.size
    factor = max(1, int(min(width / target[0], height / target[1]) / _SPARE))
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    if file is not None and factor > 1 and has_bands(image, file) and not _record_is_late(image, file):
        bands = png_bands(image, file, _rows(image, factor))
    else:
        image.load()
        if factor == 1 and image.mode == "RGB" and not image.has_transparency_data:
            return image.resize(target, Image.Resampling.LANCZOS)
        bands = _bands(image, factor)
    depth = _depth(image)
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top, band in bands:
        small.paste(_rgb(band, depth).reduce(factor), (0, top // factor))
    return small.resize(target, Image.Resampling.LANCZOS, (0, 0, width / factor, height / factor))


def _rows(image: Image.Image, multiple: int) -> int:
    """Return how many rows a band has, a multiple of some number."""
    return max(_BAND // image.width // multiple, 1) * multiple


def _bands(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Yield the first row and the picture of each band of a picture."""
    rows = _rows(image, multiple)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _rgb(image: Image.Image, depth: _Depth | None) -> Image.Image:
    """Convert a picture, or a band of it, to RGB on white; depth is None of pictures with 8 bits a channel."""
    if depth is not None:
        key = image.info.get("transparency") if image.mode.startswith("I;16") else None
        image = Image.fromarray(_eight_bits(_values(image, depth.kind), depth, key))
    if not image.has_transparency_data:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), colours).convert("RGB")


def _values(image: Image.Image, kind: Any) -> np.ndarray:
    values = np.asarray(image)
    return values if kind is None else values.view(kind)


def _eight_bits(values: np.ndarray, depth: _Depth, key: int | None) -> np.ndarray:
    """Scale values to 0 to 255; the key of a transparent grey becomes white."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values.astype(np.float64) - depth.low) * (255 / (depth.high - depth.low))
    levels = np.rint(np.clip(np.nan_to_num(scaled, nan=0, posinf=255, neginf=0), 0, 255)).astype(np.uint8)
    if key is not None:
        levels[values == key] = 255
    return levels


def _depth(image: Image.Image) -> _Depth | None:
    tags = getattr(image, "tag_v2", {})
    signs = tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0]
    if image.mode == "L" and signs == _SIGNED:
        return _Depth(-128, 127, np.int8)
    if image.mode.startswith("I;16"):
        return _Depth(0, 2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1, None)
    if image.mode not in ("I", "F"):
        return None
    # Pillow hands out unsigned integers of 32 bits as signed ones.
    unsigned = image.mode == "I" and tags.get(_BITS_PER_SAMPLE) == (32,) and signs == _UNSIGNED
    kind = np.uint32 if unsigned else None
    low, high = _extremes(image, kind)
    if image.mode == "I":
        fitting = [upper for upper in _INTEGERS if high <= upper and low >= 0]
    else:
        fitting = [upper for upper in _FLOATS if high / 2 <= upper and low >= -high / 2]
    if fitting:
        return _Depth(0, fitting[0], kind)
    return _Depth(low, high if high > low else low + 1, kind)


def _extremes(image: Image.Image, kind: Any) -> tuple[float, float]:
    """Return the least and the largest finite value."""
    low, high = np.inf, -np.inf
    for _, band in _bands(image):
        values = _values(band, kind)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 1.0)
