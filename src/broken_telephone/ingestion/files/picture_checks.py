"""Checks pictures: that they exist, are complete, have more than one colour, and what size they have.

The header states the size, and the end of a JPEG or PNG file shows whether it is complete. Such a file is decoded only
if it may have a single colour. A single colour repeats a short pattern, so that the last kilobyte of the file can be
compressed further. All other files are decoded.
"""

import hashlib
import os
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from broken_telephone.pictures import displayed_size, is_single_colour, reason
from broken_telephone.progress import track

_ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_SHORT, _PLAIN = 256, 0.9
"""A file may have a single colour if it has fewer bytes, or if its end compresses to a smaller share.

The end of other JPEG and PNG files compresses to 1.01 of its size."""


def picture_sizes(
    folder: Path, names: Iterable[str]
) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[str, str | None]]]:
    """Check pictures by their paths below the data set's folder.

    Returns:
        Width and height in pixels of each usable picture as displayed, and the problem of each other picture:
        "image missing", "image unreadable" with the reason, or "image of a single colour".
    """
    usable: dict[str, tuple[int, int]] = {}
    broken: dict[str, tuple[str, str | None]] = {}
    wanted = list(dict.fromkeys(names))
    for name in track(wanted, "Looking at images", len(wanted)):
        try:
            size = _size(folder / name)
        except FileNotFoundError:
            broken[name] = "image missing", None
        # Pillow raises many exception types for broken content.
        except Exception as error:
            broken[name] = "image unreadable", reason(error)
        else:
            if size is None:
                broken[name] = "image of a single colour", None
            else:
                usable[name] = size
    return usable, broken


def _size(path: Path) -> tuple[int, int] | None:
    """Return width and height; None for a picture of a single colour."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as file, Image.open(file) as image:
        size, end = displayed_size(image, file), _ENDS.get(image.format or "")
        length = os.fstat(file.fileno()).st_size
        file.seek(max(length - 1024, 0))
        tail = file.read()
        whole = end is not None and end in tail[-16:]
        plain = length < _SHORT or len(zlib.compress(tail, 1)) < _PLAIN * len(tail)
        # Deep and transparent pictures may display a single colour although the stored values vary.
        stored_as_shown = image.mode in ("RGB", "L", "CMYK") and not image.has_transparency_data
        if whole and not plain and stored_as_shown:
            return size
        file.seek(0)
        with Image.open(file) as again:
            return None if is_single_colour(again) else size


def identical_pictures(folder: Path, names: Iterable[str]) -> list[list[str]]:
    """Group pictures with identical files. Only files of equal length and equal end are read in full."""
    groups_so_far = [list(names)]
    for compared_by in (_length, _end, _content):
        suspects = [(number, name) for number, group in enumerate(groups_so_far) for name in group]
        groups: defaultdict[tuple[int, object], list[str]] = defaultdict(list)
        for number, name in track(suspects, "Comparing images", len(suspects)):
            groups[number, compared_by(folder / name)].append(name)
        groups_so_far = [group for group in groups.values() if len(group) > 1]
    return groups_so_far


def _length(path: Path) -> int:
    return path.stat().st_size


def _end(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-min(4096, _length(path)), os.SEEK_END)
        return file.read()


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
