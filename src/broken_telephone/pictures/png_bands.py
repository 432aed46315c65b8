"""Reads a large PNG band by band: Pillow would hold all of it, four bytes a pixel.

Rows are stored as differences to the row above. Each band is therefore made a small PNG of its own, uncompressed, that
begins with the last row of the band before; Pillow decodes it. Left out are kinds of PNG that are rare at such sizes,
or that Pillow holds in two bytes a pixel: interlaced and animated ones, palettes, and other than 8 bits a channel.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
_EIGHT_BITS, _INTERLACED = 24, 28
"""Places of two bytes in the file: bits a channel, and whether it is interlaced."""


def has_bands(image: Image.Image, file: IO[bytes]) -> bool:
    """Return whether a picture, as Pillow opened it from a file, can be read by bands."""
    if image.format != "PNG" or image.mode not in _CHANNELS or "transparency" in image.info:
        return False
    file.seek(0)
    head = file.read(_INTERLACED + 1)
    return head[_EIGHT_BITS] == 8 and not head[_INTERLACED] and not getattr(image, "is_animated", False)


def png_bands(image: Image.Image, file: IO[bytes], rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield the first row and the picture of each band.

    Args:
        image: one that `has_bands`.
        file: that it was opened from.
        rows: of a band.

    Raises:
        EOFError: if the file ends before the picture does.
        Exception: whatever zlib or Pillow raise for broken content.
    """
    stride = 1 + image.width * _CHANNELS[image.mode]
    stream = _Stream(file)
    above = b""
    for top in range(0, image.height, rows):
        content = above + stream.read(min(rows, image.height - top) * stride)
        size = struct.pack(">II", image.width, len(content) // stride)
        parts = (b"IHDR", size + stream.header[8:]), (b"IDAT", zlib.compress(content, 0)), (b"IEND", b"")
        with Image.open(io.BytesIO(_SIGNATURE + b"".join(_chunk(*part) for part in parts))) as band:
            whole = band.crop((0, 1 if above else 0, *band.size))
        # As a row that is stored as it is: filter 0.
        above = b"\0" + whole.crop((0, whole.height - 1, *whole.size)).tobytes()
        yield top, whole


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


class _Stream:
    """The rows of a PNG, as they are stored."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inflate = zlib.decompressobj()
        self._left = 0
        """Bytes of the chunk that were not read."""
        file.seek(len(_SIGNATURE))
        length, _ = self._begin()
        self.header = file.read(length)
        file.seek(4, io.SEEK_CUR)
        self._next_piece()

    def read(self, count: int) -> bytes:
        """Return the next bytes, so many."""
        parts: list[bytes] = []
        while count:
            packed = self._inflate.unconsumed_tail or self._file.read(min(self._left, 2**20))
            if not self._inflate.unconsumed_tail:
                self._left -= len(packed)
            if not packed:
                self._file.seek(4, io.SEEK_CUR)
                self._next_piece()
                continue
            part = self._inflate.decompress(packed, count)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _next_piece(self) -> None:
        """Go to the next chunk with rows."""
        while True:
            self._left, name = self._begin()
            if name == b"IDAT":
                return
            if name == b"IEND":
                raise EOFError("image file is truncated")
            self._file.seek(self._left + 4, io.SEEK_CUR)

    def _begin(self) -> tuple[int, bytes]:
        head = self._file.read(8)
        if len(head) < 8:
            raise EOFError("image file is truncated")
        length, name = struct.unpack(">I4s", head)
        return length, name
