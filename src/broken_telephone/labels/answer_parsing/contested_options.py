"""Which of several options that a text names is meant, if one is."""

import re
from collections.abc import Sequence
from itertools import pairwise

from broken_telephone.labels.answer_parsing.word_search import Mention

SEVERAL = "(several)"
"""Stands for a category where more than one is named, or one that is not offered."""
_LIST = re.compile(
    r"\s*(?:[/|,;]|\bor\b|\band\b|\bto\b|&|-)+\s*"
    r"(?:or|and|maybe|possibly|perhaps|about|around|approximately|one|an?|(?:the )?other)?\s*",
    re.IGNORECASE,
)
# Between the list of options and the answer: "male / female: male", "male, female. Answer: male".
_ANSWER = re.compile(r"\s*[):\]=>.;-]+\s*(?:(?:(?:my|the)\s+)?(?:answer|choice)(?:\s*[:=]|\s+is)?\s*)?", re.IGNORECASE)


def is_list(text: str, mentions: Sequence[Mention]) -> bool:
    """Return whether options stand side by side, joined by nothing but commas, strokes and such."""
    joined = (_LIST.fullmatch(text[a.end : b.start]) and a.category != b.category for a, b in pairwise(mentions))
    return any(joined)


def choose(text: str, mentions: Sequence[Mention], everywhere: bool) -> str:
    """Return the one category that is meant; the first, if others only occur in what is said about it."""
    categories = {mention.category for mention in mentions}
    if len(categories) == 1:
        return categories.pop()
    # The list of options, and behind it the answer.
    *before, last = mentions
    if is_list(text, before) and _ANSWER.fullmatch(text[before[-1].end : last.start]):
        return last.category
    if everywhere or is_list(text, mentions):
        return SEVERAL
    between = text[mentions[0].end : next(m for m in mentions if m.category != mentions[0].category).start]
    return mentions[0].category if re.search(r"[,;.(\n]|\s-\s|\bbecause\b|\bsince\b|\bas\b", between) else SEVERAL
