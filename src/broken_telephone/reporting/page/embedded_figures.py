"""A figure as an image inside the page: its SVG, or its PNG where that is smaller.

The SVG stands in an `img` element, where it is a document of its own: its ids clash with no other figure's, and no
script in it would ever run.
"""

import base64
import io
from dataclasses import dataclass
from urllib.parse import quote

from PIL import Image

from broken_telephone.reporting.figures.saved_figures import DOTS, PIXELS, Files

_LARGE = 300_000
"""Letters of an SVG up to which it is taken, whatever the PNG's size."""


@dataclass(frozen=True)
class Embedded:
    """An image with its size on the page, in pixels."""

    source: str
    width: int
    height: int


def embedded(files: Files) -> Embedded:
    """Return a figure, as `saved_figures.saved_figure` returns it, as a data URI."""
    vector = "data:image/svg+xml," + quote(" ".join(files["svg"].decode().split()), safe=" /:=;,()'!*@$&+?[]")
    dots = "data:image/png;base64," + base64.b64encode(files["png"]).decode()
    width, height = (round(side * PIXELS / DOTS) for side in Image.open(io.BytesIO(files["png"])).size)
    # Lines and letters stay sharp at any size in an SVG; one of a hundred thousand lines is too large for a page.
    return Embedded(vector if len(vector) <= max(len(dots), _LARGE) else dots, width, height)
