"""What a scheme is: the concepts and attributes that a data set labels, and how their values are written.

The schemes there are stand in `schemes`. Leaves out how a file is read (`sources`) and how a model's answer
is read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

UNSURE = "unsure"
DISAGREEMENT = "disagreement"
OTHER = "other"
APART = (UNSURE, DISAGREEMENT, OTHER)
"""Values an annotation may have that are no category: kept in the tables, never sampled from."""
_LISTED = 12
"""Values that a message lists at most."""
_LONGEST = 60
"""Characters of a word that a message shows."""


def _plain(value: str) -> str:
    """Fold what differs only in writing: case, underscores, doubled spaces."""
    return re.sub(r"[\s_]+", " ", value).strip().casefold()


@dataclass(frozen=True)
class Variable:
    """A concept or an attribute: its values in their order, and other ways to write them."""

    values: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    """Values as a data set writes them (numbers as text) -> value."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Other words that a data set may use -> value."""
    said: Mapping[str, str] = field(default_factory=dict)
    """Further words -> value that models say, which are heeded in their texts only."""
    years: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    """For ages: first and last year of each category, None for no end."""

    @property
    def words(self) -> dict[str, str]:
        """All words that stand for a value in a text."""
        return {**self.said, **self.synonyms, **{value: value for value in self.values}}

    @property
    def categories(self) -> tuple[str, ...]:
        """All values a table may hold, in their order: the variable's own, then those kept apart."""
        return self.values + tuple(value for value in APART if value not in self.values)

    def read(self, text: str) -> str:
        """Return the value that a code or a word stands for.

        Raises:
            ValueError: if it is neither; the message gives the nearest word and lists codes and values.
        """
        return self.codes[text] if text in self.codes else self.read_word(text)

    def read_code(self, code: str) -> str:
        """Return the value that a data set's code stands for.

        Raises:
            ValueError: if there is no such code; the message lists the codes.
        """
        if code not in self.codes:
            codes = _listed([f"{known} {value}" for known, value in self.codes.items()])
            raise ValueError(f"{code[:_LONGEST]!r} is not one of the codes ({codes})")
        return self.codes[code]

    def read_word(self, word: str) -> str:
        """Return the value that a word stands for, in whatever case or spelling the scheme knows.

        Raises:
            ValueError: if the word is none of them; the message gives the nearest one and lists the values.
        """
        value = self._words.get(_plain(word))
        if value is None:
            near = self.nearest(word)
            question = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{word[:_LONGEST]!r} is not one of the values ({self._listed_values()}){question}")
        return value

    def nearest(self, word: str) -> str | None:
        """Return the value whose name, or another word for it, is written most like a word; None if none is alike."""
        known = {_plain(other): value for other, value in self.words.items()} | self._words
        close = get_close_matches(_plain(word[:_LONGEST]), list(known), n=1, cutoff=0.85)
        return known[close[0]] if close else None

    def accepted(self) -> str:
        """Return the values and codes that a data set may hold, as a message lists them."""
        codes = _listed([f"{code} = {value}" for code, value in self.codes.items()])
        return f"{self._listed_values()}; codes: {codes}" if codes else self._listed_values()

    def _listed_values(self) -> str:
        return _listed(self.categories)

    @cached_property
    def _words(self) -> dict[str, str]:
        known = {_plain(value): value for value in self.categories}
        return known | {_plain(synonym): value for synonym, value in self.synonyms.items()}


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return ", ".join(words[:_LISTED]) + more


@dataclass(frozen=True)
class Scheme:
    """What one data set labels."""

    name: str
    concepts: Mapping[str, Variable]
    attributes: Mapping[str, Variable]

    @property
    def variables(self) -> dict[str, Variable]:
        """Concepts, then attributes: the columns of `people` that a scheme adds."""
        return {**self.concepts, **self.attributes}
