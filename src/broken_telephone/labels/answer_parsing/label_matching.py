"""Which label a description names: the concept as a describer saw it, read from its own words."""

import re
from typing import Literal, NamedTuple

from broken_telephone.labels.answer_parsing.word_search import Mention, find, plain
from broken_telephone.labels.scheme import Variable

# What is called neutral or happy here is not the person.
_THINGS = re.compile(
    r"[\s-]*(?:-?colou?red|background|backdrop|tone|colou?r|palette|wall|lighting|setting|birthday|hour)s?\b", re.I
)


class Named(NamedTuple):
    """What a description says of the concept."""

    status: Literal["named", "ambiguous", "none"]
    label: str | None
    """Null unless the status is named."""


def named(text: str, concept: Variable) -> Named:
    """Read which label a description names, by the scheme's words for it.

    Negated words do not count ("shows no sign of anger"); several different labels are ambiguous, even if one of
    them is named more often.

    Args:
        text: a description.
        concept: with its values and synonyms.
    """
    labels = {mention.category for mention in _mentions(plain(text), concept)}
    if len(labels) == 1:
        return Named("named", labels.pop())
    return Named("ambiguous" if labels else "none", None)


def naming_words(text: str, concept: Variable) -> list[Mention]:
    """Return the words that name labels, by their places in the text as it was written.

    A word that stands otherwise in the text than in its plain form, such as one in letters of full width, is left out,
    and so is one of which that is so elsewhere in the text.

    Args:
        text: a description.
        concept: with its values and synonyms.
    """
    simple = plain(text)
    found = []
    for mention in _mentions(simple, concept):
        word = re.compile(rf"(?<!\w){re.escape(simple[mention.start : mention.end])}(?!\w)")
        all_of_them, places = list(word.finditer(simple)), list(word.finditer(text))
        if len(places) == len(all_of_them):
            place = places[[match.start() for match in all_of_them].index(mention.start)]
            found.append(Mention(mention.category, place.start(), place.end()))
    return found


def _mentions(text: str, concept: Variable) -> list[Mention]:
    return [mention for mention in find(text, concept.words) if not _THINGS.match(text, mention.end)]
