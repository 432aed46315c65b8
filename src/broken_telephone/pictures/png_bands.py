"""Reads a large PNG band by band, because Pillow would keep all of it in memory at four bytes a pixel.

PNG stores rows as differences from the row above. Each band therefore becomes a small uncompressed PNG that begins with
the last row of the previous band, and Pillow decodes it. The module does not support interlaced and animated pictures,
palettes, and depths other than 8 bits a channel.
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
"""File offsets of the bit depth and the interlace flag."""


def has_bands(image: Image.Image, file: IO[bytes]) -> bool:
    """Return whether a picture that Pillow opened from a file can be read by bands."""
    if image.format != "PNG" or image.mode not in _CHANNELS or "transparency" in image.info:
        return False
    file.seek(0)
    head = file.read(_INTERLACED + 1)
    return head[_EIGHT_BITS] == 8 and not head[_INTERLACED] and not getattr(image, "is_animated", False)


def png_bands(image: Image.Image, file: IO[bytes], rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield the first row and the picture of each band.

    Args:
        image: a picture for which `has_bands` is true.
        file: the file that Pillow opened.
        rows: number of rows of a band.

    Raises:
        EOFError: if the file ends before the picture does.
        Exception: any exception of zlib or Pillow for broken content.
    """
    stride = 1 + image.width * _CHANNELS[image.mode]
    stream = _Stream(file)
    above = b""
    for top in range(0, image.height, rows):
        content = above + stream.read(min(rows, image.height - top) * stride)
        size = struct.pack(">II", image.width, len(content) // stride)
        parts = (b"IHDR", size + stream.header[8:]), (b"IDAT", zlib.compress(content, 0)), (b"IEND", b"")
        with Image.open(io.BytesIO(_SIGNATURE + b"".join(_chunk(*part) for part in parts))) as band:
            rows_below = band.crop((0, 1 if above else 0, *band.size))
        # Filter 0 marks a row that is stored without differences.
        above = b"\0" + rows_below.crop((0, rows_below.height - 1, *rows_below.size)).tobytes()
        yield top, rows_below


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


class _Stream:
    """Decompresses the stored rows of a PNG."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inflate = zlib.decompressobj()
        self._left = 0
        """Unread bytes of the chunk."""
        file.seek(len(_SIGNATURE))
        length, _ = self._chunk_header()
        self.header = file.read(length)
        file.seek(4, io.SEEK_CUR)
        self._next_piece()

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes."""
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
        """Move to the next chunk with pixel data."""
        while True:
            self._left, name = self._chunk_header()
            if name == b"IDAT":
                return
            if name == b"IEND":
                raise EOFError("image file is truncated")
            self._file.seek(self._left + 4, io.SEEK_CUR)

    def _chunk_header(self) -> tuple[int, bytes]:
        head = self._file.read(8)
        if len(head) < 8:
            raise EOFError("image file is truncated")
        length, name = struct.unpack(">I4s", head)
        return length, name
