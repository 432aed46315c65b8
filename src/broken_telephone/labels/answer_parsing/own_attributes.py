"""Finds the words of an attribute of the study's own in a text about anything, such as a description.

A word with many uses, such as "black", "no" or "long", counts only where it stands with a noun of the attribute's name:
"black" of `hair_colour` in "black curly hair", and not in "a black shirt".
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from broken_telephone.labels.answer_parsing.demographic_terms import TERMS, MentionedTerm, find_terms
from broken_telephone.labels.answer_parsing.word_search import WordMatch, find_all_words, is_negated, normalise
from broken_telephone.labels.scheme import OTHER, UNSURE, Variable

NEGATED = "(negated)"
"""Category of a mention such as "not wearing glasses", which names the attribute and denies a category."""

_MANY_USES = frozenset(
    (
        f"yes no none nothing any some {OTHER} {UNSURE} visible present absent "
        "black white brown red orange yellow green blue purple violet pink grey gray golden silver colourful "
        "light dark lighter darker fair pale medium bright long short length large big small tiny tall little "
        "thick thin wide narrow full partial old young new good bad high low left right open closed strong weak"
    ).split()
)
_NO_NOUNS = frozenset(
    (
        "colour",
        "color",
        "length",
        "size",
        "shape",
        "type",
        "kind",
        "style",
        "tone",
        "of",
        "the",
        "and",
        "or",
        "is",
        "has",
        "own",
    )
)
# "Black curly hair", "long, brown hair"; not "white shirt with black hair".
_STEP = r"(?:[\s,-]+(?!(?:in|on|of|from|with|without|against|under|for|to|but|than|who|is|are|has|wears)\b)[\w'-]+)"


def names_attribute(text: str, mention: WordMatch, attribute: str) -> bool:
    """Return whether a word is about the attribute in a text about anything.

    Args:
        text: text as `word_search.normalise` returns it.
        mention: the word.
        attribute: the attribute's name, such as `hair_colour`, whose nouns are `hair`.
    """
    words = re.split(r"[\s_-]+", text[mention.start : mention.end].lower())
    if not _MANY_USES.issuperset(words):
        return True
    nouns = "|".join(re.escape(noun) for noun in attribute.lower().split("_") if noun not in _NO_NOUNS)
    if not nouns:
        return False
    before, rest = text[: mention.start], text[mention.end :]
    follows = re.match(rf"{_STEP}{{0,2}}?[\s,-]+(?:{nouns})", rest, re.IGNORECASE)
    precedes = re.search(
        rf"\b(?:{nouns})\w*(?:\s+(?:is|are|looks?|appears?)|'s|:)\s+(?:\w+\s+){{0,2}}$", before, re.IGNORECASE
    )
    return bool(follows or precedes)


def own_mentions(text: str, attributes: Mapping[str, Variable]) -> list[MentionedTerm]:
    """Return the mentions of attributes of the study's own in a text.

    Args:
        text: a description.
        attributes: those of the study's own. Words that `demographic_terms` already finds for one are left out.

    Returns:
        One row for each attribute, category and word; a negated word has the category `NEGATED`.
    """
    plain = normalise(text)
    rows: list[MentionedTerm] = []
    for attribute, variable in attributes.items():
        matches = _matches(plain, attribute, variable)
        terms = Counter(
            (match.category, re.sub(r"\s+", " ", plain[match.start : match.end].lower())) for match in matches
        )
        rows += [MentionedTerm(attribute, category, term, count) for (category, term), count in sorted(terms.items())]
    return rows


def _matches(text: str, attribute: str, variable: Variable) -> Iterator[WordMatch]:
    known = list(find_terms(text, [attribute])) if attribute in TERMS else []
    for match in find_all_words(text, variable.words):
        if any(term.start < match.end and match.start < term.end for term in known):
            continue
        if names_attribute(text, match, attribute):
            yield match._replace(category=NEGATED) if is_negated(text, match.start) else match
