"""Names labels and categories as people say them: `sad people`, `appear female`."""

from collections.abc import Mapping

from broken_telephone.labels.scheme import APART, Variable
from broken_telephone.reporting.text.wording import shown_as, spoken
from broken_telephone.statistics import ALL

_WITH_ADJECTIVES = "emotion"
"""The concept whose values have adjectives among their synonyms, such as `sad` for sadness."""
_PLAIN = ("gender", "ethnicity")
"""Attributes whose categories need no explanation."""
_SKIN = ("lighter", "darker")
MOSTLY, MORE, LESS = "appear mostly {}", "appear {} more often", "appear {} less often"
"""What people do in a headline. MOSTLY: the category was that of less than half of the images, and is that of most."""


def adjectives(concept: str, variable: Variable) -> dict[str, str]:
    """Return label -> the adjective for its people; labels without one are missing.

    Args:
        concept: name of the study's concept.
        variable: the concept's labels and their synonyms.
    """
    if concept != _WITH_ADJECTIVES:
        return {}
    own = {label: label for label in variable.values if label == "neutral"}
    for word, label in variable.synonyms.items():
        own.setdefault(label, word)
    return own


def changed_people(label: str, attribute: str, category: str, is_rise: bool, words: Mapping[str, str]) -> str:
    """Say in words which share changed: `More sad people appear female`.

    Args:
        label: of the chains.
        attribute: of the category.
        category: whose share changed.
        is_rise: whether the share rose.
        words: as `adjectives` returns them.
    """
    more, shown = "more" if is_rise else "fewer", shown_category(attribute, category)
    if label in words:
        return f"{more.capitalize()} {words[label]} people appear {shown}"
    where = "Over all labels" if label == ALL else f"For {spoken(label)}"
    return f"{where}, {more} appear {shown}"


def in_people(label: str, attribute: str, category: str, number: str, is_rise: bool, words: Mapping[str, str]) -> str:
    """Say how many of 100 people a change is: `of 100 sad people, 22 more appear female`.

    Args:
        label: of the chains.
        attribute: of the category.
        category: whose share changed.
        number: size of the change in points, without its sign.
        is_rise: whether the share rose.
        words: as `adjectives` returns them.
    """
    people = "people of all labels" if label == ALL else f"people of {spoken(label)}"
    shown = shown_category(attribute, category)
    more = "more" if is_rise else "fewer"
    return f"of 100 {people_of(label, words) if label in words else people}, {number} {more} appear {shown}"


def appearance(label: str, attribute: str, category: str, form: str, words: Mapping[str, str]) -> str:
    """Say in words how the people of a label appear: `Happy people appear mostly 20 to 39 years old`.

    Args:
        label: of the chains.
        attribute: of the category.
        category: whose share changed.
        form: MOSTLY, MORE or LESS.
        words: as `adjectives` returns them.
    """
    shown = shown_category(attribute, category).removeprefix("aged ")
    if attribute == "age" and category[:1].isdigit():
        shown = f"{shown.removesuffix('+')} years old{' or older' if category.endswith('+') else ''}"
    if label in words:
        return f"{people_of(label, words).capitalize()} {form.format(shown)}"
    where = "Over all labels" if label == ALL else f"For {spoken(label)}"
    return f"{where}, people {form.format(shown)}"


def people_of(label: str, words: Mapping[str, str]) -> str:
    """Name the people of a label: `happy people`; the label itself if it has no adjective."""
    return f"{words[label]} people" if label in words else spoken(label)


def shown_category(attribute: str, category: str) -> str:
    """Name a category so that it is clear without its attribute, as far as this is short."""
    if attribute == "age" and category not in APART:
        return f"aged {category.replace('-', ' to ')}" if category[:1].isdigit() else category
    if attribute == "skin_tone" and category in _SKIN:
        return f"{category}-skinned"
    return category if attribute in _PLAIN and category not in APART else shown_as(attribute, category)
