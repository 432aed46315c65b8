"""Embeds a figure into the page: its SVG, or its PNG if the SVG is large and the PNG is smaller.

The SVG stands in an `img` element as a separate document. Its ids therefore cannot clash with those of other figures,
and scripts in it never run.
"""

import base64
import io
from dataclasses import dataclass
from urllib.parse import quote

from PIL import Image

from broken_telephone.reporting.figures.saved_figures import DOTS, PIXELS, Files

_LARGE = 300_000
"""Characters up to which an SVG is used without regard to the PNG's size."""


@dataclass(frozen=True)
class Embedded:
    """Holds a figure with its size on the page, in pixels."""

    source: str
    width: int
    height: int


def embedded(files: Files) -> Embedded:
    """Return the data URI of a figure that `saved_figures.saved_figure` made."""
    vector = "data:image/svg+xml," + quote(" ".join(files["svg"].decode().split()), safe=" /:=;,()'!*@$&+?[]")
    dots = "data:image/png;base64," + base64.b64encode(files["png"]).decode()
    width, height = (round(side * PIXELS / DOTS) for side in Image.open(io.BytesIO(files["png"])).size)
    # An SVG is sharp at any size, but one of a hundred thousand lines is too large for a page.
    return Embedded(vector if len(vector) <= max(len(dots), _LARGE) else dots, width, height)
