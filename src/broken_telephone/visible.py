"""Data as text that people read: characters that act on a screen, or that nobody sees, are written out.

File names, labels and texts of models hold control characters, escape sequences of terminals, marks that turn the
reading order, and signs without width. Logs, pages, tables and figures show each as its code point.
"""

import re

_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, except tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of the reading order
    # Of no width:
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"  # halves of characters, none at all, tags
)
# Persian, Indic scripts and emoji need joiners between their characters; beside Latin letters they only hide.
_JOINERS = "(?<![^\x00-\u024f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u024f])"
_HIDDEN = re.compile(f"(?:[{_UNSEEN}]|{_JOINERS})+")


def visible(text: object) -> str:
    """Write out every character that acts on the reader's screen or has no width, such as `<U+202E>`.

    Line ends of all systems become line feeds; these and tabs stay.
    """
    return _HIDDEN.sub(lambda found: code_points(found[0]), _LINE_ENDS.sub("\n", str(text)))


def one_line(text: object) -> str:
    """Write a text as `visible` does, on one line."""
    return re.sub(r"[\n\t]+", " ", visible(text))


def shortened(text: object, most: int) -> str:
    """Write a text on one line of at most so many characters; three dots say that it is cut."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 3]}..."


def code_points(text: str) -> str:
    """Name characters in ASCII: `<U+65E5 U+672C>`."""
    return f"<{' '.join(f'U+{ord(sign):04X}' for sign in text)}>"
