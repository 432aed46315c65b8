"""Works out who the generator of a world should draw from a description: the planted chances of each category.

A description that names a person states the attributes. Of a description that names only a label, the world states the
shares. This is the truth that the validation measures against.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from broken_telephone.miniature.checks.readings import named
from broken_telephone.miniature.world.language import NOUNS
from broken_telephone.miniature.world.people import CATEGORIES, DARKER_SHARE, ETHNICITIES, SKIN_TONES, World

STATED = ("label", "gender", "age", "skin_tone")
UNCLEAR = "(unclear)"
"""Stands for an attribute of which a text states two categories."""
_SKIN = {"light skin": "lighter", "dark skin": "darker"}
_PEOPLE = {noun: person for person, noun in NOUNS.items()}
# Longer nouns first: "baby boy" contains "boy".
_NOUN = re.compile(rf"\b(?:{'|'.join(sorted(_PEOPLE, key=len, reverse=True))})\b", re.IGNORECASE)


def stated_people(texts: Sequence[str], concept: str) -> pd.DataFrame:
    """Return what descriptions in the language of the miniature state.

    Args:
        texts: n descriptions.
        concept: emotion or activity.

    Returns:
        Columns STATED, n rows; None where a text does not state it (a label also where it states two), and UNCLEAR.
    """
    rows = []
    for text in texts:
        people = {_PEOPLE[noun.lower()] for noun in _NOUN.findall(text)}
        ages, genders = {age for age, _ in people}, {gender for _, gender in people}
        tones = {tone for words, tone in _SKIN.items() if words in text.lower()}
        rows.append((named(text, concept), *(_single(values) for values in (genders, ages, tones))))
    return pd.DataFrame(rows, columns=list(STATED), dtype=object)


def _single(values: set[str]) -> str | None:
    if len(values) > 1:
        return UNCLEAR
    return next(iter(values), None)


def planted_chances(stated: pd.DataFrame, world: World, attribute: str, before: np.ndarray | None = None) -> np.ndarray:
    """Return the chance of each category of an attribute for pictures that are drawn from descriptions.

    Args:
        stated: n rows, as `stated_people` returns them.
        world: of the generator.
        attribute: gender, age, skin_tone or ethnicity.
        before: (n, C), chances of the person that is described. Where a description states the attribute, these chances
            hold, because the describer reads the person. None: the stated category has the chance 1.

    Returns:
        (n, C), rows of sum 1; null where the attribute is unclear, or where neither attribute nor label is stated.
    """
    if attribute == "ethnicity":
        return _ethnicities(stated, world, before)
    names = CATEGORIES[attribute]
    chances = np.full((len(stated), len(names)), np.nan)
    for row, (label, category) in enumerate(zip(stated["label"], stated[attribute], strict=True)):
        if category == UNCLEAR:
            continue
        if not pd.isna(category):
            chances[row] = [name == category for name in names] if before is None else before[row]
        elif not pd.isna(label):
            chances[row] = world.shares(attribute, label)
    return chances


def _ethnicities(stated: pd.DataFrame, world: World, before: np.ndarray | None) -> np.ndarray:
    """Return the chances of ethnicities, which follow from those of skin tones."""
    darker = np.array([DARKER_SHARE[name] for name in ETHNICITIES])
    odds = np.stack([1 - darker if tone == "lighter" else darker for tone in SKIN_TONES])
    chances = planted_chances(stated, world, "skin_tone") @ (odds / odds.sum(1, keepdims=True))
    if before is not None:
        is_stated = (stated["skin_tone"].notna() & (stated["skin_tone"] != UNCLEAR)).to_numpy()
        chances[is_stated] = before[is_stated]
    return chances


def even_chances(n: int, attribute: str) -> np.ndarray:
    """Return the chances of the originals, (n, C): the miniature's data sets are even."""
    size = len(CATEGORIES[attribute])
    return np.full((n, size), 1 / size)


def own_categories(attributes: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Return attribute -> category of the world -> the scheme's category, for the attributes that the world has.

    Schemes list their categories in the order of the world.

    Args:
        attributes: attribute -> categories of the annotator's form.
    """
    return {
        name: dict(zip(CATEGORIES[name], categories, strict=True))
        for name, categories in attributes.items()
        if name in CATEGORIES
    }
