"""Encodes pictures as files."""

import io

from PIL import Image


def as_png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    content = io.BytesIO()
    image.save(content, format="PNG")
    return content.getvalue()
