"""Defines attributes of a study's own, such as glasses or a head covering, by the settings `attributes`."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from PIL import ImageColor
from pydantic import BeforeValidator, Field

from broken_telephone.errors import StudyError
from broken_telephone.labels import APART, OTHER, Variable
from broken_telephone.study_config.settings_group import Settings

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_WORD = re.compile(r"[^\W_](?:[\w '+&.-]{0,58}[\w'+.])?")
_TITLE = re.compile(r"[^\W_][^\n:/|()\[\]{}]{0,118}[^\s:/|()\[\]{}]")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_RESERVED = frozenset((*APART, "all", "label", "category", "attribute", "concept", "iteration"))
_PROMPT = "_prompt"
"""Ending of the names of figures of chains from prompts."""
_NONE = re.compile(r"(?:no|without) (?!doubt)", re.IGNORECASE)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("is yes, no, on or off without quotes, which YAML reads as true or false. Put it in quotes")
    return value


Text = Annotated[str, BeforeValidator(_text)]


class OwnAttribute(Settings):
    """One attribute of a study's own."""

    categories: Annotated[list[Text], Field(min_length=2, max_length=9)]
    """What the form offers, in this order, and what all tables and figures show."""
    question: str | None = None
    """Title of its line in the form, such as `Head covering`, or a question that ends with a question mark. Null: its
    name, without underscores."""
    synonyms: dict[Text, list[Text]] = {}
    """Category -> other words for it, in answers, descriptions and tables of labels."""
    ordered: bool = False
    """Whether the categories are steps of a scale, from the first to the last."""
    colours: dict[Text, str] = {}
    """Category -> its colour in figures: a name of CSS or `#rrggbb`. Others get one by their order."""

    def title(self, name: str) -> str:
        """Return the title of its line in the form."""
        return self.question or name.replace("_", " ").capitalize()

    @property
    def variable(self) -> Variable:
        """Its categories and words."""
        synonyms = {word: category for category, words in self.synonyms.items() for word in words}
        return Variable(
            tuple(self.categories),
            synonyms=synonyms,
            model_words={word: value for word, value in self._implied.items() if word not in map(_folded, synonyms)},
            ordered=self.ordered,
        )

    @property
    def _implied(self) -> dict[str, str]:
        """Short answers: "none" to "no hat / hat" is "no hat", and "yes" is the only other category."""
        none = [category for category in self.categories if _NONE.match(category)]
        if len(none) != 1 or {"yes", "no", "none"} & set(map(_folded, self.categories)):
            return {}
        others = [category for category in self.categories if category not in none]
        return dict.fromkeys(("no", "none"), none[0]) | ({"yes": others[0]} if len(others) == 1 else {})


def check_own(own: Mapping[str, OwnAttribute], taken: Iterable[str], stated: Iterable[str], source: str) -> None:
    """Check the attributes of a study's own.

    Args:
        own: by name.
        taken: names of concepts and columns.
        stated: attributes that the data set states with categories of its own.
        source: the data set's layout.

    Raises:
        StudyError: naming the setting that is wrong.
    """
    for name, attribute in own.items():
        if not _NAME.fullmatch(name) or name in _RESERVED or name.endswith(_PROMPT):
            raise StudyError(
                f"attributes: {name!r} is no name of an attribute. A name has 2 to 40 lower-case letters (a to z), "
                f"digits and underscores, begins with a letter, does not end in {_PROMPT}, and is none of "
                f"{', '.join(sorted(_RESERVED))}"
            )
        if name in stated:
            raise StudyError(
                f"attributes.{name}: the data set ({source}) states {name} already, with its own categories. "
                f"Give yours another name, such as own_{name}"
            )
        if name in taken:
            raise StudyError(f"attributes.{name}: {name} is the name of a concept or a column already")
        _check_words(name, attribute)
        _check_colours(name, attribute)
        _check_title(name, attribute.title(name))


def _check_words(name: str, attribute: OwnAttribute) -> None:
    words: dict[str, str] = {}
    if unknown := [category for category in attribute.synonyms if category not in attribute.categories]:
        raise StudyError(_unknown(name, "synonyms", unknown[0], attribute))
    pairs = [(category, category, "categories") for category in attribute.categories]
    pairs += [(word, category, "synonyms") for category, words_of in attribute.synonyms.items() for word in words_of]
    for word, category, setting in pairs:
        if not _WORD.fullmatch(word) or not re.search(r"[^\W\d_]{2}", word):
            raise StudyError(
                f"attributes.{name}.{setting}: {word!r} is no word that answers can be read by. It has at most 60 "
                "letters, digits, spaces and signs of - ' + & . and two letters in a row"
            )
        folded = _folded(word)
        if folded in APART and (folded != OTHER or setting == "synonyms"):
            raise StudyError(
                f"attributes.{name}.{setting}: {word!r} is an answer of every question, not a category. Leave it out"
            )
        if folded in words:
            other = words[folded]
            problem = f"stands there twice for {category!r}" if other == category else f"stands for {other!r} already"
            raise StudyError(f"attributes.{name}.{setting}: {word!r} {problem}. Each word stands for one category")
        words[folded] = category


def _check_colours(name: str, attribute: OwnAttribute) -> None:
    if unknown := [category for category in attribute.colours if category not in attribute.categories]:
        raise StudyError(_unknown(name, "colours", unknown[0], attribute))
    seen: dict[str, str] = {}
    for category, colour in attribute.colours.items():
        code = hex_colour(colour)
        if code is None:
            raise StudyError(
                f"attributes.{name}.colours.{category}: {colour!r} is no colour. Write a name of CSS, such as "
                "steelblue, or a code in quotes, such as '#4682b4'"
            )
        if code in seen:
            raise StudyError(f"attributes.{name}.colours: {seen[code]!r} and {category!r} have the same colour")
        seen[code] = category


def _check_title(name: str, title: str) -> None:
    if not _TITLE.fullmatch(title):
        raise StudyError(
            f"attributes.{name}.question: {title!r} is no title of a line. It has at most 120 characters, and no "
            "colon, slash, bracket or line break"
        )


def hex_colour(colour: str) -> str | None:
    """Return the code of a colour, such as `#4682b4` of `steelblue`; None if there is no such colour."""
    if _HEX.fullmatch(colour):
        return colour.lower()
    code = ImageColor.colormap.get(colour.lower())
    return code.lower() if isinstance(code, str) else None


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().casefold()


def _unknown(name: str, setting: str, category: str, attribute: OwnAttribute) -> str:
    return (
        f"attributes.{name}.{setting}: {category!r} is none of its categories (there are: "
        f"{', '.join(attribute.categories)})"
    )
