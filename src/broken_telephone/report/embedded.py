"""A figure as an image inside the page: as SVG, or as a sharp PNG where that is smaller.

The SVG stands in an `img` element, where it is a document of its own: its ids clash with no other figure's, and no
script in it would ever run.
"""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from broken_telephone.report.style import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PIXELS = 144
"""Of the page, an inch: one and a half times the size in print, because screens are read from farther away."""
_DOTS = 2 * _PIXELS
"""Of the PNG, an inch: as many as good screens show."""
_LARGE = 300_000
"""Letters of an SVG from which on a PNG is tried: it takes as long to draw again."""


@dataclass(frozen=True)
class Embedded:
    """An image with its size on the page, in pixels."""

    source: str
    width: int
    height: int


def embedded(figure: "Figure") -> Embedded:
    """Draw a figure as a data URI."""
    from matplotlib import rc_context

    # Letters as paths look the same wherever they are read: an image may not bring its own font.
    with styled(), rc_context({"svg.fonttype": "path"}):
        vector = _saved(figure, format="svg", metadata={"Date": None}).decode()
    source = "data:image/svg+xml," + quote(" ".join(vector.split()), safe=" /:=;,()'!*@$&+?[]")
    width, height = (round(side * _PIXELS) for side in figure.get_size_inches())
    if len(source) > _LARGE:
        with styled():
            dots = _saved(figure, format="png", dpi=_DOTS)
        source = min(source, f"data:image/png;base64,{base64.b64encode(dots).decode()}", key=len)
    return Embedded(source, width, height)


def _saved(figure: "Figure", **how: object) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, **how)  # type: ignore[arg-type]
    return content.getvalue()
