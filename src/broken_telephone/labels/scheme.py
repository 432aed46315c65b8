"""What a scheme is: the concepts and attributes that a data set labels, and how their values are written.

The schemes there are stand in `schemes`. Leaves out how a file is read (`sources`) and how a model's answer
is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

UNSURE = "unsure"
DISAGREEMENT = "disagreement"
OTHER = "other"
APART = (UNSURE, DISAGREEMENT, OTHER)
"""Values an annotation may have that are no category: kept in the tables, never sampled from."""


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
            ValueError: if it is neither; the message lists codes and values.
        """
        return self.codes[text] if text in self.codes else self.read_word(text)

    def read_code(self, code: str) -> str:
        """Return the value that a data set's code stands for.

        Raises:
            ValueError: if there is no such code; the message lists the codes.
        """
        if code not in self.codes:
            known = ", ".join(f"{known} {value}" for known, value in self.codes.items())
            raise ValueError(f"{code!r} is not one of the codes ({known})")
        return self.codes[code]

    def read_word(self, word: str) -> str:
        """Return the value that a word stands for, in whatever case or spelling the scheme knows.

        Raises:
            ValueError: if the word is none of them; the message lists the values.
        """
        value = self._words.get(_plain(word))
        if value is None:
            raise ValueError(f"{word!r} is not one of the values ({', '.join(self.categories)})")
        return value

    @cached_property
    def _words(self) -> dict[str, str]:
        known = {_plain(value): value for value in self.categories}
        return known | {_plain(synonym): value for synonym, value in self.synonyms.items()}


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
