"""What Kedro-Viz shows of a catalog entry: pictures, texts, and what a page says.

Kedro-Viz reads the kind of a preview from the annotation of the method `preview`.
"""

import base64
import html
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from itertools import islice
from typing import Any, NewType

import numpy as np
from kedro_datasets._typing import HTMLPreview, ImagePreview, JSONPreview
from PIL import Image

from broken_telephone.pictures import as_png

TextPreview = NewType("TextPreview", str)
"""Plain text; kedro-datasets has no such type, and Kedro-Viz shows it."""

_LINES, _LONGEST_LINE = 60, 400
_WIDTH, _GAP, _COLUMNS = 720, 16, 3
_WIDEST = 1.6
"""Width of a sheet by its height: Kedro-Viz fits the height to the window, and cuts off what is too wide."""
_LONGEST_TEXT = 600
_SHOWN = {"h1": "h3", "h2": "h4", "h3": "h5", "p": "p", "li": "li"}
"""Elements whose text is shown -> what they become in the narrow panel."""
_HIDDEN = frozenset({"script", "style", "svg", "nav", "table", "figure", "template", "noscript", "title", "head"})
_PARTS = 40
"""Headings, paragraphs and items of a page that are shown."""
_MOST_ITEMS = 12
"""Items of a list in a record that are shown."""


def image_preview(image: Image.Image) -> ImagePreview:
    """Return a picture."""
    return ImagePreview(base64.b64encode(as_png(image)).decode())


def figures_preview(figures: Iterable[bytes]) -> ImagePreview:
    """Return figures of one width in columns; one blank square without figures."""
    shown = []
    for content in figures:
        with Image.open(io.BytesIO(content)) as figure:
            opened = figure.convert("RGB")
        scale = min(1.0, _WIDTH / opened.width)
        size = (max(1, round(opened.width * scale)), max(1, round(opened.height * scale)))
        shown.append(opened.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))
    columns = max(1, min(_COLUMNS, len(shown)))
    (width, height), places = _layout(shown, columns)
    while columns > 1 and width > _WIDEST * height:
        columns -= 1
        (width, height), places = _layout(shown, columns)
    sheet = Image.new("RGB", (width, max(height, round(width / _WIDEST))), "#ffffff")
    for image, place in zip(shown, places, strict=True):
        sheet.paste(image, place)
    return image_preview(sheet)


def _layout(images: Sequence[Image.Image], columns: int) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Return the size of a sheet, and the place of each image: below the shortest column, as heights differ much."""
    heights, places = [_GAP] * columns, []
    for image in images:
        column = heights.index(min(heights))
        places.append((_GAP + column * (_WIDTH + _GAP), heights[column]))
        heights[column] += image.height + _GAP
    return (_GAP + columns * (_WIDTH + _GAP), max(heights)), places


def text_preview(text: str) -> TextPreview:
    """Return the first lines of a text."""
    lines = text.splitlines()
    shown = [line[:_LONGEST_LINE] + ("…" if len(line) > _LONGEST_LINE else "") for line in lines[:_LINES]]
    return TextPreview("\n".join([*shown, *(["…"] if len(lines) > _LINES else [])]))


def page_preview(page: str, note: str = "") -> HTMLPreview:
    """Return the first headings and sentences of an HTML page.

    Args:
        page: the page.
        note: how to open the page itself.
    """
    reader = _Sentences()
    reader.feed(page)
    reader.close()
    shown = [f"<{kind}>{html.escape(text)}</{kind}>" for kind, text in islice(reader.parts, _PARTS)]
    return HTMLPreview("".join([*([f"<p><i>{html.escape(note)}</i></p>"] if note else []), *shown]))


def json_preview(record: Any) -> JSONPreview:
    """Return a record in JSON; arrays become their type and shape, and long lists and texts are cut."""
    return JSONPreview(json.dumps(_short(record), ensure_ascii=False, indent=2, default=str))


def folder_preview(keys: Sequence[str], first: Mapping[str, Any] | None) -> JSONPreview:
    """Return the number of files of a folder and the content of the first one."""
    return json_preview({"files": len(keys), **({keys[0]: first} if keys else {})})


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _short(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array of {' x '.join(map(str, value.shape))}"
    if isinstance(value, list | tuple):
        left = len(value) - _MOST_ITEMS
        return [*(_short(each) for each in value[:_MOST_ITEMS]), *([f"… and {left} more"] if left > 0 else [])]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}…"
    return value


class _Sentences(HTMLParser):
    """Collects headings, paragraphs and list items, outside of figures, tables and scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, str]] = []
        self._hidden: list[str] = []
        self._kind: str | None = None
        self._texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _SHOWN and not self._hidden:
            self._end()
            self._kind = _SHOWN[tag]

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        elif tag in _SHOWN and not self._hidden:
            self._end()

    def handle_data(self, data: str) -> None:
        if self._kind and not self._hidden:
            self._texts.append(data)

    def _end(self) -> None:
        if self._kind and (text := " ".join("".join(self._texts).split())):
            self.parts.append((self._kind, text))
        self._kind, self._texts = None, []
