"""Finds demographic terms in a text. The generator can only draw what the description still mentions.

The terms are English. A negated term counts as a mention, because "not a man" is also about gender.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from broken_telephone.labels.answer_parsing.word_search import normalise

# A colour refers to a person only before one of these words; "white" alone may describe a shirt.
PERSON = (
    r"(?=[\s,-]+(?:(?:young|older?|elderly|middle-aged|adult|teenage|little|smiling|happy|sad|angry)[\s,-]+)*"
    r"(?:m[ae]n|wom[ae]n|boys?|girls?|persons?|people|child|children|kids?|bab(?:y|ies)|infants?|toddlers?|lady|ladies|"
    r"males?|females?|individuals?|adults?|teen(?:ager)?s?|guys?|gentlem[ae]n|couple|family|skinned)\b)"
)
SKIN = r"[\s-]+(?:skin(?:ned)?(?:[\s-]+tones?)?|complexion(?:ed)?|complected)"

NEUTRAL = "neutral"
"""The category of pronouns that state no gender."""
_TENS = "twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties"
_DIGITS = "one|two|three|four|five|six|seven|eight|nine"
_NUMBER = (
    rf"(?:\d{{1,3}}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:{_DIGITS}))?|"
    rf"{_DIGITS}|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen)"
)

TERMS: dict[str, dict[str, str]] = {
    "gender": {
        "female": r"wom[ae]n|girls?|lad(?:y|ies)|females?|feminine|she|her|hers|herself|mothers?|moms?|mums?|"
        r"daughters?|sisters?|wi(?:fe|ves)|girlfriends?|grandmothers?|grandmas?|aunts?|nieces?|queens?|brides?|"
        r"actress(?:es)?|waitress(?:es)?|housewi(?:fe|ves)|schoolgirls?|nuns?|princess(?:es)?|hostess(?:es)?|"
        r"stewardess(?:es)?|lass(?:es)?|(?:police|fire|business|sports|sales|chair)wom[ae]n|mrs|"
        r"(?-i:Ms|Miss(?= [A-Z]))|madam",
        "male": r"m[ae]n|boys?|gentlem[ae]n|guys?|males?|masculine|he|him|his|himself|fathers?|dads?|sons?|brothers?|"
        r"husbands?|boyfriends?|grandfathers?|grandpas?|uncles?|nephews?|kings?|grooms?|waiters?|schoolboys?|monks?|"
        r"princes?|stewards?|lads?|(?:police|fire|business|sports|sales|chair)m[ae]n|mr|mister|sir",
        NEUTRAL: r"(?:they|them|themself|themselves|their|theirs)(?=\b)",
    },
    "age": {
        "baby": r"bab(?:y|ies)|infants?|toddlers?|newborns?",
        "child": r"child(?:ren)?|kids?|boys?|girls?|schoolboys?|schoolgirls?|schoolchild(?:ren)?|childlike",
        "teenager": r"teen(?:age|aged|ager|agers|s)?|adolescents?|youths?",
        "young": r"young(?:er)?|youthful",
        "middle-aged": r"middle[\s-]aged",
        "old": r"(?<!years )(?<!year-)(?<!year )(?:old|older|elderly|senior|seniors|aged)(?![\s-]+fashioned)|"
        r"grand(?:mother|father|ma|pa|parent)s?",
        "adult": r"adults?|grown[\s-]?ups?",
        "years": rf"{_NUMBER}[\s-]years?(?:[\s-]old| of age)|aged (?:about |around )?{_NUMBER}|"
        rf"in (?:his|her|their) (?:(?:early|mid|late)[\s-]+)?(?:\d0'?s|{_TENS}|teens)",
    },
    "ethnicity": {
        "white": rf"caucasians?|europeans?|whites?{PERSON}",
        "Black": rf"african[\s-]americans?|africans?|blacks?{PERSON}",
        "Asian": r"(?:(?:south|east|southeast|central)[\s-]*)?asians?|chinese|japanese|koreans?|vietnamese|filipinos?",
        "south Asian": r"indians?|pakistanis?|bangladeshis?|sri[\s-]lankans?",
        "Latino": r"latin[oax]s?|hispanics?|mexicans?",
        "Middle Eastern": r"middle[\s-]eastern|arabs?|arabic|persians?|turkish",
    },
    "skin_tone": {
        "lighter": rf"(?:light|lighter|fair|pale|white){SKIN}",
        "darker": rf"(?:dark|darker|brown|black|tan|tanned|olive){SKIN}",
    },
}
"""Attribute -> category -> words, as regular expressions. The categories are coarser than those of any scheme."""

_COMPILED = {
    attribute: {category: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) for category, words in groups.items()}
    for attribute, groups in TERMS.items()
}


class TermMatch(NamedTuple):
    """A place in a text where a term stands."""

    start: int
    end: int
    attribute: str
    category: str


class MentionedTerm(NamedTuple):
    """A term in a text."""

    attribute: str
    category: str
    term: str
    """The term in lower case."""
    occurrences: int


def mentions(text: str) -> list[MentionedTerm]:
    """Return the demographic terms of a text.

    Words with two meanings count for both: "girl" is about gender and about age.
    """
    words = normalise(text)
    rows: list[MentionedTerm] = []
    for attribute, groups in _COMPILED.items():
        for category, pattern in groups.items():
            terms = Counter(re.sub(r"\s+", " ", match.group().lower()) for match in pattern.finditer(words))
            rows += [MentionedTerm(attribute, category, term, count) for term, count in sorted(terms.items())]
    return rows


def find_terms(text: str, attributes: Collection[str]) -> Iterator[TermMatch]:
    """Yield where the terms of some attributes stand, attribute by attribute; matches may overlap.

    Args:
        text: text as `word_search.normalise` returns it.
        attributes: those of `TERMS` to look for.
    """
    for attribute in attributes:
        for category, pattern in _COMPILED[attribute].items():
            for match in pattern.finditer(text):
                yield TermMatch(match.start(), match.end(), attribute, category)
