"""Embeds a figure into the page: its SVG, or its PNG if the SVG is large and the PNG is smaller.

The SVG stands in an `img` element as a separate document. Its ids therefore cannot clash with those of other figures,
and scripts in it never run.
"""

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from PIL import Image

from broken_telephone.reporting.figures.saved_figures import DOTS, PIXELS, Files

_UNSEEN = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>")
_PLACES = re.compile(r' (?:d|x|y)="[^"]*"|translate\([^)]*\)')
"""Paths and places of an SVG, in points or smaller units. Hundredths of a point cannot be seen."""
_DIGITS = re.compile(r"(\.\d\d)\d+")
_NAMED, _REFERENCES = re.compile(r' id="([^"]*)"'), re.compile(r'(?<=")#([^"]+)(?=")|(?<=url\(#)([^)]+)(?=\))')
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
    vector = "data:image/svg+xml," + quote(compact(files["svg"].decode()), safe=" /:=;,()'!*@$&+?[]")
    dots = "data:image/png;base64," + base64.b64encode(files["png"]).decode()
    width, height = (round(side * PIXELS / DOTS) for side in Image.open(io.BytesIO(files["png"])).size)
    # An SVG is sharp at any size, but one of a hundred thousand lines is too large for a page.
    return Embedded(vector if len(vector) <= max(len(dots), _LARGE) else dots, width, height)


def compact(drawing: str) -> str:
    """Return an SVG that looks the same with fewer characters: shorter numbers and names, nothing that is not seen."""
    text = _UNSEEN.sub("", " ".join(drawing.split()))
    text = _PLACES.sub(lambda match: _DIGITS.sub(r"\1", match[0]), text)
    # Glyphs are named with their font at every use.
    names, used = set(_NAMED.findall(text)), (match[1] or match[2] for match in _REFERENCES.finditer(text))
    short = {name: f"n{number}" for number, name in enumerate(dict.fromkeys(name for name in used if name in names))}
    text = _NAMED.sub(lambda match: f' id="{short[match[1]]}"' if match[1] in short else "", text)
    return _REFERENCES.sub(lambda match: _renamed(match, short), text)


def _renamed(match: re.Match[str], short: Mapping[str, str]) -> str:
    name = match[1] or match[2]
    return match[0].replace(name, short.get(name, name))
