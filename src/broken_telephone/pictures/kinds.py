"""Which files are pictures: those with a picture's suffix, and those that Pillow identifies by their content."""

from pathlib import Path

from PIL import Image

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".avifs", ".gif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".jp2", ".j2k", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".mpo"),
    # Pillow alone does not open these; a file that does not open is a picture that is missing.
    *(".heic", ".heif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw"),
)
"""Suffixes, in lower case, of files that are meant to be pictures. The likeliest come first."""


def is_picture(file: Path) -> bool:
    """Return whether a file is a picture or is meant to be one; the content is read if the suffix does not say.

    Args:
        file: the file.
    """
    if not file.is_file():
        return False  # reading a pipe or a device would never end
    if file.suffix.casefold() in SUFFIXES:
        return True
    try:
        with Image.open(file):
            return True
    # Pillow raises many kinds for content that is no picture; all of them mean the same here.
    except Exception:
        return False
