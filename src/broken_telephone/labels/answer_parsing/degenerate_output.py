"""Detects degenerate output: one character, phrase or sentence repeated to the end."""

import re

# (repeats, bytes) from which the end of a text is a loop: of a sentence, and of a character or a word.
_CUT_OFF = ((3, 90), (7, 70), (10, 20))
_ENDED = ((10, 40),)
# "1. happy 2. happy 3." repeats itself but for these.
_NUMBER = re.compile(r"(?<!\S)\d+(?:[.):]+|\Z)")
# Up to here a few characters are an answer: "No", "11", "...", "aaah".
_SHORT = 4


def is_degenerate(text: str, truncated: bool) -> bool:
    """Return whether a text is one character, phrase or sentence repeated to the end.

    If the limit cut the text off, the repetition must fill at least its last half, the numbers of a list do not count,
    and fewer than 3 different characters are a loop. Otherwise it must fill nearly all of it. Case and whitespace do
    not count. Bytes of UTF-8 are compared, of which a Chinese character has as many as a short English word has
    letters.

    Args:
        text: an answer.
        truncated: whether the limit of tokens came before its end.
    """
    # The limit may leave half a character at the end.
    text = " ".join((text.rstrip("\ufffd") or text).casefold().split())
    if truncated and len(text) > _SHORT and len(set(text)) < 3:
        return True
    return _loops(text, truncated) or (truncated and _loops(" ".join(_NUMBER.sub("", text).split()), truncated))


def _loops(text: str, truncated: bool) -> bool:
    whole = text.encode()[::-1]
    least = len(whole) * (0.5 if truncated else 0.9)
    # How long a beginning of the reversed text is also the end of its first bytes: the prefix function.
    borders = [0] * len(whole)
    for place in range(1, len(whole)):
        border = borders[place - 1]
        while border and whole[place] != whole[border]:
            border = borders[border - 1]
        borders[place] = border + (whole[place] == whole[border])
        length = place + 1
        period = length - borders[place]
        if length >= least and any(
            length >= repeats * period and length >= size for repeats, size in (_CUT_OFF if truncated else _ENDED)
        ):
            return True
    return False
