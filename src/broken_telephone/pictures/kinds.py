"""Recognises picture files by their suffix or, with Pillow, by their content."""

from pathlib import Path

from PIL import Image

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".avifs", ".gif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".jp2", ".j2k", ".jpf", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".mpo"),
    # Pillow alone does not open these. They still count as pictures, so that they are reported as unreadable.
    *(".heic", ".heif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw"),
)
"""Suffixes of picture files in lower case, most frequent first."""


def is_picture(file: Path) -> bool:
    """Return whether a file has a picture's suffix or, failing that, a picture's content."""
    if not file.is_file():
        return False  # reading from a pipe or a device might never end
    if file.suffix.casefold() in SUFFIXES:
        return True
    try:
        with Image.open(file):
            return True
    # Pillow raises many exception types for content that is not a picture.
    except Exception:
        return False
