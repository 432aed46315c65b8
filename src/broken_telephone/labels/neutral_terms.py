"""Lists what a demographic term is replaced by, attribute by attribute.

The terms are those of `demographic_terms`. A noun keeps what the other attributes say: without gender a girl is a
child, without age a female person, without both a person. Adjectives have no entry: they are dropped.
"""

from collections.abc import Iterable

PERSON, PEOPLE = "person", "people"
TITLES = ("mr", "mister", "mrs", "ms", "miss", "sir", "madam")


def _with_plurals(*pairs: tuple[str, str]) -> dict[str, str]:
    """Add the regular plurals of "singular of the term" and "singular of its replacement"."""
    words = dict(pairs)
    return words | {plural(term): plural(word) for term, word in pairs}


def plural(noun: str) -> str:
    """Return the plural of a noun of this lexicon."""
    head, _, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith(("man", "wife")):
        last = f"{last[:-2]}en" if last.endswith("man") else f"{last[:-2]}ves"
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = f"{last[:-1]}ies"
    else:
        last += "es" if last.endswith(("s", "ss")) else "s"
    return f"{head} {last}".strip()


_IRREGULAR = {"person": "people", "child": "children", "schoolchild": "schoolchildren"}

_GENDERED = (
    _with_plurals(
        *((term, PERSON) for term in ("woman", "lady", "female", "man", "gentleman", "guy", "male", "lad", "lass")),
        *((term, "child") for term in ("girl", "boy")),
        *((term, "schoolchild") for term in ("schoolgirl", "schoolboy")),
        *((term, "parent") for term in ("mother", "mom", "mum", "father", "dad")),
        *((term, "grandparent") for term in ("grandmother", "grandma", "grandfather", "grandpa")),
        *((term, "sibling") for term in ("sister", "brother")),
        # Not "child", which would state an age.
        *((term, "relative") for term in ("daughter", "son", "aunt", "niece", "uncle", "nephew")),
        *((term, "spouse") for term in ("wife", "husband")),
        *((term, "partner") for term in ("girlfriend", "boyfriend")),
        *((term, "monarch") for term in ("queen", "king")),
        *((term, "royal") for term in ("princess", "prince")),
        *((term, "newlywed") for term in ("bride", "groom")),
        *((term, "cleric") for term in ("nun", "monk")),
        *((term, "server") for term in ("waitress", "waiter")),
        *((term, "attendant") for term in ("stewardess", "steward")),
        ("actress", "actor"),
        ("hostess", "host"),
        ("housewife", "homemaker"),
        *((f"police{ending}", "police officer") for ending in ("woman", "man")),
        *((f"fire{ending}", "firefighter") for ending in ("woman", "man")),
        *((f"business{ending}", "business person") for ending in ("woman", "man")),
        *((f"sports{ending}", "athlete") for ending in ("woman", "man")),
        *((f"sales{ending}", "salesperson") for ending in ("woman", "man")),
        *((f"chair{ending}", "chairperson") for ending in ("woman", "man")),
    )
    | dict.fromkeys(("mr", "mister", "mrs", "ms", "miss"), "")
    | {"sir": "", "madam": ""}
)

_AGED = _with_plurals(
    *((term, PERSON) for term in ("baby", "infant", "toddler", "newborn", "child", "kid", "teenager", "teen")),
    *((term, PERSON) for term in ("adolescent", "youth", "adult", "grown-up", "grownup", "senior")),
    ("grandparent", PERSON),
    ("girl", "female person"),
    ("boy", "male person"),
    ("schoolgirl", "female student"),
    ("schoolboy", "male student"),
    ("schoolchild", "student"),
    *((term, "female relative") for term in ("grandmother", "grandma")),
    *((term, "male relative") for term in ("grandfather", "grandpa")),
)

REPLACEMENTS = {"gender": _GENDERED, "age": _AGED}
"""Attribute -> noun in lower case -> noun that no longer states the attribute; an empty text drops it."""

ALSO_ADJECTIVES = frozenset(
    ("female", "male", "adult", "senior", "teen", "teenage", "adolescent", "newborn", "grown-up", "grownup")
)
"""Nouns with an entry that are adjectives before another noun."""

PRONOUNS = {
    "she": "they",
    "he": "they",
    "him": "them",
    "hers": "theirs",
    "herself": "themselves",
    "himself": "themselves",
}
"""Pronouns of one form; `her` and `his` have two."""

UNSTATED = {
    "gender": "of some gender",
    "age": "of some age",
    "ethnicity": "of some origin",
    "skin_tone": "of some skin tone",
}
"""What stands for an adjective after a verb: "is young" becomes "is of some age"."""


def replacement(term: str, attributes: Iterable[str]) -> str | None:
    """Return the noun that stands for a term without some attributes; None if the term is no noun of this lexicon."""
    words = known = term
    for attribute in attributes:
        words = REPLACEMENTS.get(attribute, {}).get(words, words)
    return None if words == known else words
