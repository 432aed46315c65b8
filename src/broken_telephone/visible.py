"""Makes invisible characters in data visible, by their code points.

File names, labels and texts of models may contain control characters, terminal escape sequences, bidirectional marks
and zero-width characters. Logs, pages, tables and figures show each as its code point.
"""

import re
from collections.abc import Iterable

_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, except tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks
    # zero-width characters
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"  # surrogates, noncharacters, tags
)
# Persian, Indic scripts and emoji need joiners between their characters; beside Latin letters joiners only hide.
_JOINERS = "(?<![^\x00-\u024f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u024f])"
_HIDDEN = re.compile(f"(?:[{_UNSEEN}]|{_JOINERS})+")


def visible(text: object) -> str:
    """Replace control and zero-width characters by their code points, such as `<U+202E>`.

    Line ends of all systems become line feeds. Line feeds and tabs stay.
    """
    text = str(text)
    # Nearly all texts of a page. The expressions below take a microsecond for every ten characters.
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda match: code_points(match[0]), _LINE_ENDS.sub("\n", text))


def one_line(text: object) -> str:
    """Return the text of `visible` on one line."""
    return re.sub(r"[\n\t]+", " ", visible(text))


def shortened(text: object, most: int) -> str:
    """Return a text on one line of at most `most` characters; a cut text ends with three dots."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 3]}..."


def code_points(text: str) -> str:
    """Return the code points of characters: `<U+65E5 U+672C>`."""
    return f"<{' '.join(f'U+{ord(sign):04X}' for sign in text)}>"


def shortlist(words: Iterable[object], most: int, joint: str = ", ") -> str:
    """Join the first `most` words, and state how many more there are."""
    texts = [str(word) for word in words]
    return joint.join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")
