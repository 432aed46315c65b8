"""Chooses the intended option where a text names several."""

import re
from collections.abc import Sequence
from itertools import pairwise

from broken_telephone.labels.answer_parsing.word_search import WordMatch

SEVERAL = "(several)"
"""Marks a text that names more than one option, or an option that the form does not offer."""
_LIST = re.compile(
    r"\s*(?:[/|,;]|\bor\b|\band\b|\bto\b|&|-)+\s*"
    r"(?:or|and|maybe|possibly|perhaps|about|around|approximately|one|an?|(?:the )?other)?\s*",
    re.IGNORECASE,
)
# Between the list of options and the answer: "male / female: male", "male, female. Answer: male".
_ANSWER = re.compile(r"\s*[):\]=>.;-]+\s*(?:(?:(?:my|the)\s+)?(?:answer|choice)(?:\s*[:=]|\s+is)?\s*)?", re.IGNORECASE)


def is_list(text: str, mentions: Sequence[WordMatch]) -> bool:
    """Return whether two different options are joined by separators only, such as commas or slashes."""
    joined = (_LIST.fullmatch(text[a.end : b.start]) and a.category != b.category for a, b in pairwise(mentions))
    return any(joined)


def choose_option(text: str, mentions: Sequence[WordMatch], everywhere: bool) -> str:
    """Return the intended category: the first one if the others occur only in an explanation of it."""
    categories = {mention.category for mention in mentions}
    if len(categories) == 1:
        return categories.pop()
    # The text repeats the list of options, and the answer follows.
    *before, last = mentions
    if is_list(text, before) and _ANSWER.fullmatch(text[before[-1].end : last.start]):
        return last.category
    if everywhere or is_list(text, mentions):
        return SEVERAL
    between = text[mentions[0].end : next(m for m in mentions if m.category != mentions[0].category).start]
    return mentions[0].category if re.search(r"[,;.(\n]|\s-\s|\bbecause\b|\bsince\b|\bas\b", between) else SEVERAL
