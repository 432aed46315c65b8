"""Detects degenerate output: one character, phrase or sentence repeated to the end."""

import re

# Minimum (repeats, bytes) at which the end of a text counts as a loop: for a sentence, and for a word or character.
_CUT_OFF = ((3, 90), (7, 70), (10, 20))
_ENDED = ((10, 40),)
# "1. happy 2. happy 3." is a repetition apart from these numbers.
_NUMBER = re.compile(r"(?<!\S)\d+(?:[.):]+|\Z)")
# Texts of at most so many characters are answers: "No", "11", "...", "aaah".
_SHORT = 4


def is_degenerate(text: str, truncated: bool) -> bool:
    """Return whether a text is one character, phrase or sentence repeated to the end.

    The repetition must fill at least the last half of a truncated text, and nearly all of a complete one. In a
    truncated text, list numbers are ignored, and fewer than 3 different characters are a loop. Case and whitespace are
    ignored. The function compares UTF-8 bytes, so that a Chinese character weighs as much as a short English word.

    Args:
        text: an answer.
        truncated: whether the token limit cut the text.
    """
    # The limit may leave half a character at the end.
    text = " ".join((text.rstrip("\ufffd") or text).casefold().split())
    if truncated and len(text) > _SHORT and len(set(text)) < 3:
        return True
    return _loops(text, truncated) or (truncated and _loops(" ".join(_NUMBER.sub("", text).split()), truncated))


def _loops(text: str, truncated: bool) -> bool:
    reversed_bytes = text.encode()[::-1]
    least = len(reversed_bytes) * (0.5 if truncated else 0.9)
    # The prefix function of the reversed text: the length of the longest prefix that is also a suffix.
    borders = [0] * len(reversed_bytes)
    for index in range(1, len(reversed_bytes)):
        border = borders[index - 1]
        while border and reversed_bytes[index] != reversed_bytes[border]:
            border = borders[border - 1]
        borders[index] = border + (reversed_bytes[index] == reversed_bytes[border])
        length = index + 1
        period = length - borders[index]
        if length >= least and any(
            length >= repeats * period and length >= size for repeats, size in (_CUT_OFF if truncated else _ENDED)
        ):
            return True
    return False
