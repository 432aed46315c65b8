"""Looks at pictures without decoding them: are they there, whole, and how large?

A header gives the size; the end of a JPEG or PNG file says whether it is whole. Only other formats, and a file that
leaves doubt, are decoded.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from broken_telephone.progress import track

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)


def sizes(folder: Path, names: Iterable[str]) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[str, str | None]]]:
    """Look at pictures.

    Args:
        folder: the data set's folder.
        names: paths below it.

    Returns:
        Width and height in pixels of each picture that is whole, as it is displayed (turned as its EXIF record
        says); and what is wrong with each that is not: "image missing" or "image unreadable", and the reason.
    """
    whole: dict[str, tuple[int, int]] = {}
    broken: dict[str, tuple[str, str | None]] = {}
    wanted = list(dict.fromkeys(names))
    for name in track(wanted, "Looking at images", len(wanted)):
        try:
            whole[name] = _size(folder / name)
        except FileNotFoundError:
            broken[name] = "image missing", None
        # Pillow raises many kinds for broken content; all of them mean the same here.
        except Exception as error:
            broken[name] = "image unreadable", str(error)
    return whole, broken


def _size(path: Path) -> tuple[int, int]:
    with path.open("rb") as file, Image.open(file) as image:
        size, end = image.size, _ENDS.get(image.format or "")
        # Asked for a record that is not there, Pillow decodes a PNG to look behind its pixels.
        if (image.format == "JPEG" or "exif" in image.info) and image.getexif().get(_ORIENTATION) in _LYING:
            size = size[1], size[0]
        length = os.fstat(file.fileno()).st_size
        file.seek(max(length - 16, 0))
        if end is None or end not in file.read():
            file.seek(0)
            with Image.open(file) as again:
                again.load()
    return size


def twins(folder: Path, names: Iterable[str]) -> list[list[str]]:
    """Group pictures whose files are identical; only files of one length and one end are read in full."""
    alike = [list(names)]
    for look in (_length, _end, _content):
        suspects = [(number, name) for number, group in enumerate(alike) for name in group]
        groups: defaultdict[tuple[int, object], list[str]] = defaultdict(list)
        for number, name in track(suspects, "Comparing images", len(suspects)):
            groups[number, look(folder / name)].append(name)
        alike = [group for group in groups.values() if len(group) > 1]
    return alike


def _length(path: Path) -> int:
    return path.stat().st_size


def _end(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-min(4096, _length(path)), os.SEEK_END)
        return file.read()


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
