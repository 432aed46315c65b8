"""Defines the style of all figures: fixed colours per category, and sizes for print."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from broken_telephone.labels import APART
from broken_telephone.reporting.fonts import families
from broken_telephone.statistics import ALL, MISSING

WIDTH, NARROW = 7.2, 4.6
"""Inches of the widest figure, which fits an A4 page with margins, and of the narrowest, which has room for notes."""
SMALL, MIDDLE, LARGE = 7.0, 8.0, 9.5
"""Points of ticks, cells and notes; of panel titles; of figure titles. No text is smaller than SMALL."""
INK, PALE, NEVER, STRIPE = "#222222", "#8a8a8a", "#dedede", "#f1f1f1"
"""Colours without a category: lines and marks; inconclusive marks; unobserved cells; every other row."""

_ORANGE, _SKY, _GREEN, _YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
_BLUE, _VERMILLION, _PURPLE = "#0072B2", "#D55E00", "#CC79A7"
OKABE_ITO = (_BLUE, _ORANGE, _GREEN, _PURPLE, _SKY, _VERMILLION, _YELLOW, "#000000")
"""Okabe and Ito (2008), Color Universal Design: distinguishable for people who are colour-blind."""
_GREYS = dict(zip((*APART, MISSING), ("#c4c4c4", "#969696", "#5f5f5f", "#e6e6e6"), strict=True))
_KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "gender": {_BLUE: ("male",), _ORANGE: ("female",)},
    "skin_tone": {"#e6bf9c": ("lighter",), "#7d5237": ("darker",)},
    "ethnicity": {
        _BLUE: ("Caucasian", "White", "white"),
        _ORANGE: ("African-American", "Black"),
        _GREEN: ("Asian", "East Asian", "east Asian"),
        _PURPLE: ("Indian", "south Asian"),
        _SKY: ("Latino",),
        _YELLOW: ("Middle Eastern",),
        _VERMILLION: ("Southeast Asian",),
    },
    # Five colours of viridis, without its end, which is too light for lines on white.
    "age": {
        "#440154": ("0-3", "baby"),
        "#3e4c8a": ("4-19", "child", "child or teenager"),
        "#26828e": ("20-39", "young adult"),
        "#3fbc73": ("40-69", "adult", "middle-aged"),
        "#b0dd2f": ("70+", "senior", "old"),
    },
}
"""Attribute -> colour -> the categories of several schemes with this meaning."""
_ORDERED, _LIGHTEST = "age", 0.88
_NEAR = 0.3
"""Distance in RGB, 0 to 1 each, below which a free colour is not used beside one that the study states."""
EDGE: dict[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.4}
"""Edge of coloured marks, which light ones need on white."""
_MARKERS = "os^DvPX*<>"

_STYLE: dict[str, Any] = {
    "font.size": SMALL,
    "axes.titlesize": MIDDLE,
    "axes.labelsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.titlepad": 3.0,
    "axes.labelpad": 2.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    # Without hinting, text is as wide in a PNG as in an SVG, and as measured here.
    "text.hinting": "none",
    # A dollar sign in the name of a category does not begin a formula.
    "text.parse_math": False,
    # Outlines of letters look the same on every machine; the PDF has letters that can be edited.
    "svg.fonttype": "path",
    "svg.hashsalt": "broken telephone",
    "pdf.fonttype": 42,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save in this style, independent of the caller's settings."""
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context():
        rcdefaults()
        rcParams.update(_STYLE | {"font.family": list(families())})  # type: ignore[arg-type]
        yield


class OwnColours(NamedTuple):
    """The colours of an attribute of the study's own."""

    colours: Mapping[str, str]
    """Category -> colour as `#rrggbb`, for some or all categories."""
    ordered: bool = False
    """Whether the categories are steps of a scale: the others then get steps of one scale of colours."""


def category_colours(attribute: str, categories: Sequence[str], own: OwnColours | None = None) -> dict[str, str]:
    """Return the colour of every category.

    Categories of the built-in schemes have a fixed colour. Categories of other schemes get one by their order, so pass
    all of them, always in the same order.

    Args:
        attribute: name of the attribute.
        categories: of the attribute.
        own: what a study states about an attribute of its own.
    """
    fixed = dict(_GREYS)
    for colour, names in _KNOWN.get(attribute, {}).items():
        fixed |= dict.fromkeys(names, colour)
    if own is not None:
        fixed |= own.colours
    clear = [category for category in categories if category not in _GREYS]
    unknown = [category for category in clear if category not in fixed]
    if unknown and (own.ordered if own is not None else attribute == _ORDERED):
        fixed |= dict(zip(clear, _places(len(clear)), strict=True)) | dict(own.colours if own is not None else {})
    else:
        taken = {fixed[category] for category in clear if category in fixed}
        stated = own.colours.values() if own is not None else ()
        free = [c for c in OKABE_ITO if c not in taken and not any(_is_near(c, one) for one in stated)]
        free = free or list(OKABE_ITO)
        fixed |= {category: _tint(free, place) for place, category in enumerate(unknown)}
    return {category: fixed[category] for category in categories}


def category_markers(categories: Sequence[str]) -> dict[str, str]:
    """Return a marker for every category, for prints without colours."""
    return {category: _MARKERS[place % len(_MARKERS)] for place, category in enumerate(categories)}


def categories_of(attribute: str, *tables: pd.DataFrame) -> list[str]:
    """Return the categories of an attribute in the order of the tables, with unsure and other last."""
    categories: dict[str, None] = {}
    for table in tables:
        if len(table):
            categories |= dict.fromkeys(table.loc[table["attribute"] == attribute, "category"].dropna().astype(str))
    return sorted(categories, key=lambda name: name in _GREYS)


def labels_of(table: pd.DataFrame) -> list[str]:
    """Return the labels in the order of the table, with all labels together last."""
    return sorted(dict.fromkeys(table["label"].astype(str)), key=lambda label: label == ALL)


def wrapped(text: str, inches: float, size: float = SMALL, weight: str = "normal") -> str:
    """Break a text into lines of at most so many inches; a percent sign stays with its number."""
    lines = [""]
    for word in re.split(r"\s+(?!%)", text.strip()):
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if inches_of(longer, size, weight) <= inches else [*filter(None, lines[-1:]), word]
        while inches_of(lines[-1], size, weight) > inches and len(lines[-1]) > 1:
            fits = max(int(len(lines[-1]) * inches / inches_of(lines[-1], size, weight)) - 1, 1)
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return "\n".join(lines)


@lru_cache(4096)
def inches_of(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Return the width of a line."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family=list(families()), size=size, weight=weight)
    return float(TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def _places(count: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](_LIGHTEST * place / max(count - 1, 1))) for place in range(count)]


def _is_near(first: str, second: str) -> bool:
    """Return whether two colours, such as `#0072B2` and `#4682b4`, could be taken for one another."""
    from matplotlib.colors import to_rgb

    return sum((a - b) ** 2 for a, b in zip(to_rgb(first), to_rgb(second), strict=True)) < _NEAR**2


def _tint(colours: Sequence[str], place: int) -> str:
    from matplotlib.colors import to_hex, to_rgb

    again, place = divmod(place, len(colours))
    keep = 0.55**again
    red, green, blue = (keep * part + 1 - keep for part in to_rgb(colours[place]))
    return to_hex((red, green, blue)) if again else colours[place]
