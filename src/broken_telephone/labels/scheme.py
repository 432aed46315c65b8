"""Defines schemes: the concepts and attributes that a data set labels, and the spellings of their values.

`schemes` lists all schemes, `ingestion` reads data sets, and `answer_parsing` parses answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from broken_telephone.visible import shortlist

UNSURE = "unsure"
DISAGREEMENT = "disagreement"
OTHER = "other"
APART = (UNSURE, DISAGREEMENT, OTHER)
"""Values of an annotation that are not categories. Tables keep them; sampling excludes them."""
_LISTED = 12
"""Maximum number of values that a message lists."""
_LONGEST = 60
"""Maximum number of characters of a word that a message shows."""


def _plain(value: str) -> str:
    """Fold case, underscores and repeated spaces."""
    return re.sub(r"[\s_]+", " ", value).strip().casefold()


@dataclass(frozen=True)
class Variable:
    """A concept or an attribute: its values in order, and their other spellings."""

    values: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    """Code in a data set (numbers as text) -> value."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Other word in a data set -> value."""
    model_words: Mapping[str, str] = field(default_factory=dict)
    """Further word -> value. Models use these words; the parser accepts them in texts, not in data sets."""
    years: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    """For ages: first and last year of each category, None for no end."""
    ordered: bool = False
    """Whether the categories are steps of a scale, from the first to the last. Ages are so without it."""

    @property
    def words(self) -> dict[str, str]:
        """All words that stand for a value in a text, with the value."""
        return {**self.model_words, **self.synonyms, **{value: value for value in self.values}}

    @property
    def categories(self) -> tuple[str, ...]:
        """All values in a table, in order: the variable's own, then those of `APART`."""
        return self.values + tuple(value for value in APART if value not in self.values)

    def read(self, text: str) -> str:
        """Return the value that a code or a word stands for.

        Raises:
            ValueError: if it is neither; the message gives the nearest word and lists the values.
        """
        return self.codes[text] if text in self.codes else self.read_word(text)

    def read_code(self, code: str) -> str:
        """Return the value that a data set's code stands for.

        Raises:
            ValueError: if there is no such code; the message lists the codes.
        """
        if code not in self.codes:
            codes = shortlist([f"{known} {value}" for known, value in self.codes.items()], _LISTED)
            raise ValueError(f"{code[:_LONGEST]!r} is not one of the codes ({codes})")
        return self.codes[code]

    def read_word(self, word: str) -> str:
        """Return the value that a word stands for, in any case and known spelling.

        Raises:
            ValueError: if the word is unknown; the message gives the nearest word and lists the values.
        """
        value = self._words.get(_plain(word))
        if value is None:
            near = self.nearest(word)
            question = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{word[:_LONGEST]!r} is not one of the values ({self._listed_values()}){question}")
        return value

    def nearest(self, word: str) -> str | None:
        """Return the value whose name or synonym is spelled most like a word; None if no spelling is similar."""
        known = {_plain(other): value for other, value in self.words.items()} | self._words
        close = get_close_matches(_plain(word[:_LONGEST]), list(known), n=1, cutoff=0.85)
        return known[close[0]] if close else None

    def accepted(self) -> str:
        """Return a list of the accepted values and codes for a message."""
        codes = shortlist([f"{code} = {value}" for code, value in self.codes.items()], _LISTED)
        return f"{self._listed_values()}; codes: {codes}" if codes else self._listed_values()

    def _listed_values(self) -> str:
        return shortlist(self.categories, _LISTED)

    @cached_property
    def _words(self) -> dict[str, str]:
        known = {_plain(value): value for value in self.categories}
        return known | {_plain(synonym): value for synonym, value in self.synonyms.items()}


@dataclass(frozen=True)
class Scheme:
    """The concepts and attributes that one data set labels."""

    name: str
    concepts: Mapping[str, Variable]
    attributes: Mapping[str, Variable]
    own_titles: Mapping[str, str] = field(default_factory=dict)
    """Attribute of the study's own -> the title of its question. The form asks for these, too."""

    @property
    def variables(self) -> dict[str, Variable]:
        """Concepts, then attributes. They are the columns that a scheme adds to `people`."""
        return {**self.concepts, **self.attributes}
