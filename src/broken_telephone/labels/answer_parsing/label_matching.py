"""Finds the label of a concept that a description names."""

import re
from typing import Literal, NamedTuple

from broken_telephone.labels.answer_parsing.word_search import WordMatch, find_words, normalise
from broken_telephone.labels.scheme import Variable

# "Neutral" or "happy" before one of these words does not describe the person.
_THINGS = re.compile(
    r"[\s-]*(?:-?colou?red|background|backdrop|tone|colou?r|palette|wall|lighting|setting|birthday|hour)s?\b", re.I
)


class LabelMatch(NamedTuple):
    """The label that a description names, if it names one."""

    status: Literal["named", "ambiguous", "none"]
    label: str | None
    """Null unless the status is named."""


def match_label(text: str, concept: Variable) -> LabelMatch:
    """Find the label that a description names, by the scheme's words.

    Negated words do not count ("shows no sign of anger"). Several different labels are ambiguous, even if one of
    them occurs more often.
    """
    labels = {mention.category for mention in _mentions(normalise(text), concept)}
    if len(labels) == 1:
        return LabelMatch("named", labels.pop())
    return LabelMatch("ambiguous" if labels else "none", None)


def find_label_words(text: str, concept: Variable) -> list[WordMatch]:
    """Return the words that name labels, with their positions in the original text.

    Words whose spelling differs between the original and the normalised text, such as full-width letters, are left out.
    So are all other occurrences of such a word.
    """
    plain = normalise(text)
    words = []
    for mention in _mentions(plain, concept):
        word = re.compile(rf"(?<!\w){re.escape(plain[mention.start : mention.end])}(?!\w)")
        plain_matches, original_matches = list(word.finditer(plain)), list(word.finditer(text))
        if len(original_matches) == len(plain_matches):
            original = original_matches[[match.start() for match in plain_matches].index(mention.start)]
            words.append(WordMatch(mention.category, original.start(), original.end()))
    return words


def _mentions(text: str, concept: Variable) -> list[WordMatch]:
    return [mention for mention in find_words(text, concept.words) if not _THINGS.match(text, mention.end)]
