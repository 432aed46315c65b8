"""Writes true sentences about pictures with their content, to train the embedder on true and false pairs.

Of the sentences of `language`, those a study meets (descriptions, starts), and shorter ones about one or two
attributes, which the embedder's own checks use.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.miniature.world import language
from broken_telephone.miniature.world.activities import STAGINGS
from broken_telephone.miniature.world.colours import HAIR_COLOURS
from broken_telephone.miniature.world.people import BACKGROUNDS, CATEGORIES, CLOTHES, HAIR_WORDS

Row = Mapping[str, Any]

SAID = (
    "kind",
    "emotion",
    "activity",
    "doing",
    "gender",
    "age",
    "skin_tone",
    "hair",
    "hair_colour",
    "clothes",
    "background",
)
"""Attributes in sentences; `hair` is the style as far as words distinguish styles."""

AGE_WORDS = {"baby": "baby", "child": "child", "young": "young", "adult": "middle-aged", "senior": "old"}
GENDER_WORDS = {"male": "man or boy", "female": "woman or girl"}
SKIN_WORDS = {"lighter": "light", "darker": "dark"}

TEMPLATES: dict[str, Sequence[str]] = {
    "gender": ("A {gender}.", "A picture of a {gender}."),
    "age": ("A {age} person.", "A picture of a {age} person."),
    "skin_tone": ("A person with {skin} skin.", "A picture of a person with {skin} skin."),
    "emotion": ("A {emotion} person.", "A portrait of a {emotion} person."),
    "activity": ("{activity}.", "A picture of {activity}."),
}
"""Short sentences about one attribute."""


def short(attribute: str, category: str, template: int) -> str:
    """Return a short sentence about one attribute."""
    words = {
        "gender": GENDER_WORDS.get(category),
        "age": AGE_WORDS.get(category),
        "skin": SKIN_WORDS.get(category),
        "emotion": language.ADJECTIVES.get(category),
        "activity": category,
    }
    return TEMPLATES[attribute][template].format(**words)


def full(row: Row) -> tuple[str, tuple[str, ...]]:
    """Return the sentence about all attributes, and its content."""
    content: tuple[str, ...] = ("kind", "gender", "age", "skin_tone", "hair", "hair_colour", "clothes")
    if row["hair_style"] == "bald":
        content = tuple(name for name in content if name != "hair_colour")
    content += ("activity", "doing") if row["kind"] == "scenes" else ("emotion", "background")
    return language.free_sentence(row), content


def partial(row: Row, rng: np.random.Generator) -> tuple[str, tuple[str, ...]]:
    """Return a sentence about some attributes, and its content."""
    scene = row["kind"] == "scenes"
    choice = rng.random()
    if choice < 0.35:
        if scene:
            return language.activity_sentence(row, rng), ("activity", "doing")
        return language.emotion_sentence(row, rng), ("kind", "emotion")
    if choice < 0.5:
        # A start may name only the activity, so the content includes only that.
        return language.start_sentence(row, rng), ("kind", "activity" if scene else "emotion")
    if choice < 0.65:
        noun = language.NOUNS[row["age"], row["gender"]]
        return f"{'An' if noun[0] in 'aeiou' else 'A'} {noun}.", ("gender", "age")
    attribute = str(rng.choice(["gender", "age", "skin_tone", "activity" if scene else "emotion"]))
    content = ("kind", attribute) if attribute == "emotion" else (attribute,)
    return short(attribute, str(row[attribute]), int(rng.integers(2))), content


def codes(people: pd.DataFrame) -> np.ndarray:
    """Return the attributes of each picture as codes: int64, (n, len(SAID)); -1 if unknown."""
    hair = people["hair_style"].map(HAIR_WORDS)
    columns = {**{name: people[name] for name in SAID if name != "hair"}, "hair": hair}
    return np.stack([pd.Categorical(columns[name], values(name)).codes.astype(np.int64) for name in SAID], 1)


def values(name: str) -> list[str]:
    """Return the values of an attribute of SAID, in the order of their codes."""
    fixed: dict[str, Sequence[str]] = {
        **CATEGORIES,
        "kind": ("portraits", "scenes"),
        "doing": [staging.words for both in STAGINGS.values() for staging in both],
        "hair": list(dict.fromkeys(HAIR_WORDS.values())),
        "hair_colour": tuple(HAIR_COLOURS),
        "clothes": CLOTHES,
        "background": (*BACKGROUNDS, "outdoors"),
    }
    return list(fixed[name])
