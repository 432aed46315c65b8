"""The schemes of data sets: which concepts and attributes they label, and what their codes mean.

A new scheme is one more entry at the end. Leaves out how a file is read (`sources`) and how a
model's answer is read.
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
    years: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    """For ages: first and last year of each category, None for no end."""

    @property
    def categories(self) -> tuple[str, ...]:
        """All values a table may hold: the variable's own, then those kept apart."""
        return self.values + tuple(value for value in APART if value not in self.values)

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


def _numbered(*values: str, start: int = 0) -> dict[str, str]:
    return {str(number): value for number, value in enumerate(values, start)}


_RAF_EMOTIONS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
_RAF_ETHNICITIES = ("Caucasian", "African-American", "Asian")
_RAF_AGES = ("0-3", "4-19", "20-39", "40-69", "70+")

RAF = Scheme(
    name="RAF",
    concepts={"emotion": Variable(_RAF_EMOTIONS, codes=_numbered(*_RAF_EMOTIONS, start=1))},
    attributes={
        "age": Variable(
            _RAF_AGES,
            codes=_numbered(*_RAF_AGES),
            years=dict(zip(_RAF_AGES, [(0, 3), (4, 19), (20, 39), (40, 69), (70, None)], strict=True)),
        ),
        "gender": Variable(("male", "female"), codes=_numbered("male", "female", UNSURE)),
        "ethnicity": Variable(_RAF_ETHNICITIES, codes=_numbered(*_RAF_ETHNICITIES)),
    },
)

PHASE = Scheme(
    name="PHASE",
    concepts={
        "emotion": Variable(
            ("happiness", "sadness", "fear", "anger", "neutral"),
            synonyms={"happy": "happiness", "sad": "sadness"},
        ),
        "activity": Variable(
            (
                "dance and music",
                "eating",
                "helping and caring",
                "household",
                "personal care",
                "posing",
                "sports",
                "transportation",
                "work",
            ),
            synonyms={"caring": "helping and caring", "music": "dance and music", "sport": "sports"},
        ),
    },
    attributes={
        "age": Variable(
            ("baby", "child", "young adult", "adult", "senior"),
            synonyms={"children": "child", "young": "young adult"},
            years={
                "baby": (0, 2),
                "child": (3, 14),
                "young adult": (15, 29),
                "adult": (30, 64),
                "senior": (65, None),
            },
        ),
        "gender": Variable(("male", "female"), synonyms={"man": "male", "woman": "female"}),
        "skin_tone": Variable(("lighter", "darker")),
        "ethnicity": Variable(
            (
                "Black",
                "East Asian",
                "Indian",
                "Latino",
                "Middle Eastern",
                "Southeast Asian",
                "White",
                OTHER,
            )
        ),
    },
)
