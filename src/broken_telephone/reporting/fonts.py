"""Draws text of any script into images: labels, file names and descriptions.

DejaVu Sans, which matplotlib includes, covers Latin, Greek, Cyrillic, Hebrew, Arabic and punctuation. A system font
covers Chinese, Japanese and Korean if one is installed. Characters without a glyph are written as code points.
"""

from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from itertools import groupby

import pandas as pd
from PIL import ImageDraw, ImageFont

from broken_telephone.visible import code_points, one_line

FONT = "DejaVu Sans"
_EAST_ASIAN = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK TC", "Noto Sans SC", "Noto Sans JP"),
    *("Noto Sans KR", "Noto Sans TC", "Source Han Sans SC", "Source Han Sans", "WenQuanYi Zen Hei"),
    *("WenQuanYi Micro Hei", "Droid Sans Fallback", "IPAexGothic", "IPAGothic", "VL Gothic", "TakaoGothic"),
    *("NanumGothic", "Microsoft YaHei", "Yu Gothic", "MS Gothic", "Malgun Gothic", "SimHei", "PingFang SC"),
    *("Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo", "Arial Unicode MS"),
)
_LONGEST = 100
"""Characters of a name in a figure."""


@cache
def families() -> tuple[str, ...]:
    """Return the fonts of all figures, in the order in which they are searched for a glyph."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return FONT, *(name for name in _EAST_ASIAN if name in installed)


def drawable(text: object) -> str:
    """Return a text on one line; characters without a glyph become `<U+65E5 U+672C>`."""
    parts = groupby(one_line(text), key=lambda sign: _font_of(sign) is not None)
    return "".join("".join(signs) if has_glyph else code_points("".join(signs)) for has_glyph, signs in parts)


def drawable_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with drawable texts; those above 100 characters are cut and get a hash, so that they differ."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    return table.assign(**{str(name): table[name].astype(object).map(_name) for name in texts})


def draw_line(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, fill: str) -> None:
    """Draw a line of `drawable` text from its upper left corner, each character in the first font that has it."""
    x, y = at
    # All fonts share one base line, although their heights differ.
    base = y + _loaded(FONT, size).getmetrics()[0]
    for part, font in _runs(text, size):
        draw.text((x, base), part, fill=fill, font=font, anchor="ls")
        x += font.getlength(part)


def width(text: str, size: int) -> float:
    """Return the width of a line in pixels."""
    return sum(font.getlength(part) for part, font in _runs(text, size))


def wrapped(text: object, room: float, size: int, most: int) -> list[str]:
    """Break a text into at most `most` lines of `room` pixels; a text that does not fit ends in an ellipsis."""
    lines = [""]
    for word in drawable(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines = [*filter(None, lines), *_pieces(word, room, size, most)]
        if len(lines) > most:
            return [*lines[: most - 1], _ended(lines[most - 1], room, size)]
    return lines


def _pieces(word: str, room: float, size: int, most: int) -> Iterator[str]:
    """Yield a word in pieces that fit into the room, at most one more than `most`."""
    for _ in range(most):
        fits = len(word)
        while fits > 1 and width(word[:fits], size) > room:
            # Most words need one step; a very long one needs several.
            fits = min(fits - 1, max(1, int(fits * 1.1 * room / width(word[:fits], size))))
        yield word[:fits]
        word = word[fits:]
        if not word:
            return
    yield word


def _ended(line: str, room: float, size: int) -> str:
    while line and width(f"{line} …", size) > room:
        line = line.rpartition(" ")[0] or line[:-1]
    return f"{line} …".strip()


def _name(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = drawable(value)
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({blake2b(text.encode(), digest_size=2).hexdigest()})"


def _runs(text: str, size: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
    """Yield parts of a text with the font that covers them; a space belongs to the part before it."""
    run, family = "", FONT
    for sign in text:
        own = family if sign == " " else _font_of(sign) or FONT
        if own != family and run:
            yield run, _loaded(family, size)
            run = ""
        run, family = run + sign, own
    if run:
        yield run, _loaded(family, size)


@cache
def _font_of(sign: str) -> str | None:
    return next((name for name in families() if ord(sign) in _characters(name)), None)


@cache
def _characters(family: str) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=family))).get_charmap())


@cache
def _loaded(family: str, size: int) -> ImageFont.FreeTypeFont:
    from matplotlib.font_manager import FontProperties, findfont

    path = findfont(FontProperties(family=family))
    return ImageFont.truetype(str(path), size, index=getattr(path, "face_index", 0))
