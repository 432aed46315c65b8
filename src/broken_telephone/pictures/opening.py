"""Opens a picture as displayed: upright, RGB with 8 bits a channel, at the size that the caller needs.

- **Orientation** comes from the EXIF record, else from the XMP record. A damaged record counts as none.
- **Depth**: 8-bit channels stay as they are. 16-bit pictures are divided by 257, 12-bit TIFF pictures by 4095 / 255.
  Pillow itself reduces 16-bit colour to 8 bits. The range of 32-bit integers is the smallest of 0 to 255, 0 to 65,535,
  0 to 2^31 - 1 and 0 to 2^32 - 1 that contains the largest value. The range of floats is the smallest of 0 to 1,
  0 to 255 and 0 to 65,535 that contains half the largest value; higher values are clipped, because resampling and
  highlights overshoot. Other pictures (larger or clearly negative values) use their own minimum and maximum. NaN is
  black.
- **Transparency** shows a white background.
- **CMYK, LAB, palettes** are converted by Pillow. Colour profiles are not applied: models get the stored values, and
  people see the same pictures.
- **Animations** are reduced to their first frame.
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
"""Maximum number of pixels; a larger picture would need more than 1.2 GB."""
LONGEST = 2048
"""Longer side in pixels to which pictures are reduced for models, unless a model reads more."""
# Pillow's own limit warns above 89 million pixels, and refuses twice as many.
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
"""EXIF orientation -> operation that makes the picture upright."""
_LARGE = 32_000_000
"""Pixels above which only one picture is decoded at a time, across all threads."""
_one_large = Lock()
_BAND = 4_000_000
"""Pixels that are converted at once, so that memory never holds a large picture twice."""
_SPARE = 1.5
"""Minimum factor between the decoded and the needed size, before the final resampling."""
_NOISE = 6
"""Range of levels that lossy WebP adds to a single colour."""
_LOSSY = {"JPEG", "MPO", "JPEG2000", "AVIF", "HEIF"}
"""Formats with lossy compression; WebP may be lossy or lossless."""
_INTEGERS = (255, 65_535, 2**31 - 1, 2**32 - 1)
_FLOATS = (1, 255, 65_535)
_BITS_PER_SAMPLE, _SAMPLE_FORMAT, _UNSIGNED, _SIGNED = 258, 339, 1, 2
"""TIFF tags, and values of the second tag."""


class Needed(NamedTuple):
    """The picture size that a caller needs; a smaller picture stays unchanged."""

    longer: int
    """Minimum pixels of the longer side."""
    shorter: int
    """Minimum pixels of the shorter side; 0 if only the longer side matters."""
    most: int
    """Maximum pixels of the longer side, which takes precedence."""

    def side(self, size: tuple[int, int]) -> int:
        """Return the longer side in pixels to which a picture of this width and height is reduced."""
        return min(max(self.longer, math.ceil(self.shorter * max(size) / min(size))), self.most)


class _Depth(NamedTuple):
    """The scaling of a deep picture to 8 bits."""

    low: float
    """Value that becomes black."""
    high: float
    """Value that becomes white."""
    kind: Any
    """NumPy type of the values in the file, as wide as the type that Pillow returns."""


def open_picture(source: Path | IO[bytes], name: str | None = None, longest: int | Needed | None = None) -> Image.Image:
    """Open a picture as displayed, by the rules of this module.

    Args:
        source: a path, or a seekable binary stream at its beginning.
        name: file name for error messages; required for a stream.
        longest: needed pixels of the longer side, or of both sides. A larger picture is reduced to this size; None
            reduces no picture.

    Returns:
        An RGB picture. `full_size` returns its size before the reduction.

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
    # Pillow raises many exception types for broken content.
    except Exception as error:
        raise UnreadableError(f"{name} is no picture that opens ({reason(error)})") from error


def reason(error: Exception) -> str:
    """Return the reason why a picture does not open, from Pillow's exception."""
    if isinstance(error, UnidentifiedImageError):
        return "Pillow cannot identify its content as a picture"
    return str(error) or type(error).__name__


def full_size(picture: Image.Image) -> tuple[int, int]:
    """Return width and height in pixels of an opened picture before its reduction, as displayed."""
    width, height = picture.info.get("full_size", picture.size)
    return int(width), int(height)


def bound_for(model: object) -> int:
    """Return the `longest` at which pictures are opened for a model.

    This is the larger of `LONGEST` and the model's own `longest`, if it has one. Pictures of common size stay
    unreduced, and batches of large pictures fit into memory.
    """
    return max(getattr(model, "longest", None) or 0, LONGEST)


def displayed_size(image: Image.Image, file: IO[bytes]) -> tuple[int, int]:
    """Return width and height in pixels as displayed; the picture is rarely decoded for this.

    Args:
        image: the picture as opened by Pillow.
        file: the file that Pillow opened.
    """
    _refuse_giants(image)
    if _record_is_late(image, file):
        image.load()
    # Pillow itself rotates TIFF pictures, and returns the rotated size.
    lying = image.format != "TIFF" and _orientation(image) in _LYING
    return (image.height, image.width) if lying else image.size


def is_single_colour(image: Image.Image) -> bool:
    """Decode a picture, and return whether all pixels have one colour apart from compression noise.

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
    """Return whether the compression of a picture is lossy. The picture must not be decoded yet."""
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    if image.format == "WEBP" and file is not None:
        position = file.tell()
        file.seek(12)
        # Chunks are padded to an even length. The pixels follow the colour profile and transparency.
        while (head := file.read(8))[:4] not in (b"VP8 ", b"VP8L", b"ANMF") and len(head) == 8:
            length = 10 if head[:4] == b"VP8X" else int.from_bytes(head[4:], "little")
            file.seek(length + length % 2, 1)
        file.seek(position)
        return head[:4] != b"VP8L"
    return image.format in _LOSSY or (image.format == "TIFF" and image.info.get("compression") in ("jpeg", "webp"))


def _record_is_late(image: Image.Image, file: IO[bytes]) -> bool:
    """Return whether a PNG may store its EXIF record behind its pixels, so that reading it needs decoding."""
    if image.format != "PNG" or "exif" in image.info:
        return False
    position = file.tell()
    file.seek(0, 2)
    file.seek(max(file.tell() - 70_000, 0))
    tail = file.read()
    file.seek(position)
    return any(mark in tail for mark in (b"eXIf", b"Raw profile type exif", b"tiff:Orientation"))


def _refuse_giants(image: Image.Image) -> None:
    if image.width * image.height > PIXELS:
        raise ValueError(f"it has {image.width:,} x {image.height:,} pixels; at most {PIXELS:,} pixels are opened")


def _orientation(image: Image.Image) -> int:
    # For a PNG without a record, Pillow's own method would decode the picture to search behind it.
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
    # The orientation was applied; saving the picture must not keep the record and apply it again.
    picture.info = {"full_size": (full[1], full[0]) if stored in _LYING else full}
    return picture


def _reduced(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Decode and convert to RGB band by band, average blocks of pixels, then resample to the exact size."""
    # JPEG can be decoded at a half, quarter or eighth of its size.
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
    """Return the number of rows of a band, a multiple of `multiple`."""
    return max(_BAND // image.width // multiple, 1) * multiple


def _bands(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Yield the first row and the picture of each band."""
    rows = _rows(image, multiple)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _rgb(image: Image.Image, depth: _Depth | None) -> Image.Image:
    """Convert a picture or a band to RGB on white; `depth` is None for 8 bits a channel."""
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
    """Scale values to 0 to 255. Pixels of the transparent grey level `key` become white."""
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
    # Pillow returns unsigned 32-bit integers as signed ones.
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
    """Return the smallest and the largest finite value."""
    low, high = np.inf, -np.inf
    for _, band in _bands(image):
        values = _values(band, kind)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 1.0)
