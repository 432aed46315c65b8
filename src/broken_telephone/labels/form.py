"""Defines forms: questions with options that an annotator chooses from, and the meaning of each option."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from broken_telephone.labels.scheme import UNSURE, Variable


@dataclass(frozen=True)
class Question:
    """One line of a form."""

    variable: str
    """The attribute or concept that the question asks for."""
    title: str
    """The title in the form, such as `Skin tone`."""
    options: Mapping[str, str]
    """Options as written -> category, or `UNSURE`; in the order in which they are offered."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Option -> text in brackets behind it, such as the years of an age."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Further words -> category, which the parser accepts and the form does not offer."""
    years: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    """For ages: first and last year of each category, None for no end."""
    ordered: bool = False
    """Whether the categories are steps of a scale."""

    @property
    def offered(self) -> str:
        """The options as the form shows them."""
        return " / ".join(f"{word} ({self.hints[word]})" if word in self.hints else word for word in self.options)

    @property
    def line(self) -> str:
        """The line of the form, without its number."""
        return f"{self.title}{'' if self.title.endswith('?') else ':'} {self.offered}"


@dataclass(frozen=True)
class Form:
    """Questions about the main person of a picture, asked in one prompt and answered line by line."""

    name: str
    questions: tuple[Question, ...]
    merged: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """Attribute -> groups of categories that a second agreement measurement merges."""

    @property
    def prompt(self) -> str:
        """The default wording of the form."""
        lines = [f"{number}. {q.line}" for number, q in enumerate(self.questions, 1)]
        return f"Fill in this form about the main person. {' '.join(lines)}"


def asked_for(form: Form) -> dict[str, tuple[str, ...]]:
    """Return attribute -> categories of a form, without unsure."""
    return {q.variable: tuple(c for c in q.options.values() if c != UNSURE) for q in form.questions}


def ordered_attributes(form: Form) -> list[str]:
    """Return the attributes whose categories are steps of a scale, such as ages."""
    return [q.variable for q in form.questions if q.ordered]


def question(variable: str, title: str, known: Variable, unsure: bool = True, years: bool = False) -> Question:
    """Return a question that offers all categories of a variable.

    Args:
        variable: name of the attribute.
        title: title of the question in the form.
        known: the attribute.
        unsure: whether the form also offers `unsure`.
        years: whether the form states the years of each age.
    """
    options = {value: value for value in known.values} | ({UNSURE: UNSURE} if unsure else {})
    hints = {age: _span(*span) for age, span in known.years.items()} if years else {}
    return Question(variable, title, options, hints, known.words, known.years, known.ordered or bool(known.years))


def _span(first: int, last: int | None) -> str:
    return f"{first}+" if last is None else f"{first}-{last}"
