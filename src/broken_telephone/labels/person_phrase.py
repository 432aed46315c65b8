"""Names a person by categories of attributes, such as "an old woman with dark skin"."""

import re
from collections.abc import Mapping

from broken_telephone.errors import StudyError
from broken_telephone.labels.neutral_terms import PERSON
from broken_telephone.labels.scheme import Variable

# Last middle of an age range in years, and how people up to it are called.
_AGES = ((3.5, "baby"), (12.5, "child"), (19.5, "teenager"), (34.5, "young"), (62.5, "middle-aged"), (200.0, "old"))
_OPEN_END = 20
_NOUNS = {
    "baby": {"male": "baby boy", "female": "baby girl"},
    "child": {"male": "boy", "female": "girl"},
    "teenager": {"male": "teenage boy", "female": "teenage girl"},
}
_GROWN = {"male": "man", "female": "woman"}
# Without an age: "woman" would state that the person is grown up.
_OF_ANY_AGE = {"male": "male person", "female": "female person"}
_SKIN = {"lighter": "light skin", "darker": "dark skin"}
_VOWEL = re.compile(
    r"(?!uni(?!n)|us[aeiu]|u[bcfhjkqrst][aeiou]|eu|ew|one\b|once\b)[aeiou]|hour|honest|heir", re.IGNORECASE
)

Words = Mapping[str, Mapping[str, str]]
"""Attribute -> category -> words."""


def indefinite_article(following: str) -> str:
    """Return "a" or "an", by the letters of the word that follows."""
    return "an" if _VOWEL.match(following) else "a"


def person_phrase(
    categories: Mapping[str, str], variables: Mapping[str, Variable], words: Words, details: Words
) -> str:
    """Return a noun phrase with its article: "a young woman", "a middle-aged Asian man with dark skin".

    Args:
        categories: attribute -> category.
        variables: the attributes of the scheme, with the years of ages.
        words: adjectives to use in place of the default ones; an empty one says nothing.
        details: visible details that are stated with a category, after "with".

    Raises:
        StudyError: if there are no words for a category; `words` or `details` must give them.
    """
    adjectives, parts = [], []
    noun = _OF_ANY_AGE.get(categories.get("gender", ""), PERSON)
    for attribute, category in categories.items():
        own = words.get(attribute, {}).get(category)
        if own is not None:
            adjectives += [own] if own else []
            if attribute == "age" and own:
                noun = _GROWN.get(categories.get("gender", ""), PERSON)
        elif attribute == "age":
            stage = _stage(category, variables[attribute])
            grown = stage not in _NOUNS
            noun = (_GROWN if grown else _NOUNS[stage]).get(categories.get("gender", ""), PERSON if grown else stage)
            adjectives += [stage] if grown else []
        elif attribute == "ethnicity":
            adjectives.append(category)
        elif attribute == "skin_tone":
            parts.append(_SKIN.get(category, f"{category} skin"))
        elif attribute != "gender" and category not in details.get(attribute, {}):
            raise StudyError(
                f"loop.steer: there are no words for {attribute} {category!r}: state them in loop.steer.words or "
                f"loop.steer.details, such as `words: {{{attribute}: {{{category}: …}}}}`"
            )
        if (detail := details.get(attribute, {}).get(category)) is not None:
            parts.append(detail)
    phrase = " ".join([*adjectives, noun])
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
    return f"{indefinite_article(phrase)} {phrase}{f' with {listed}' if listed else ''}"


def _stage(category: str, age: Variable) -> str:
    if category not in age.years:
        raise StudyError(
            f"loop.steer: the age {category!r} has no years; state its word in loop.steer.words, "
            f"such as `words: {{age: {{{category}: old}}}}`"
        )
    first, last = age.years[category]
    middle = (first + (first + _OPEN_END if last is None else last)) / 2
    return next(stage for most, stage in _AGES if middle <= most)
