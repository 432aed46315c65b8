"""Arranges the content of a page in sections, one for each question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from broken_telephone.reporting.page.motif_pictures import ShownMotif
from broken_telephone.reporting.page.shown_figures import Kind
from broken_telephone.reporting.page.shown_tables import ShownTable
from broken_telephone.reporting.text.questions import METHODS, Question
from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA, of_family
from broken_telephone.reporting.text.wording import counted

_MOST_ANSWERS = 3
"""Topics whose first sentence stands in a closed section."""

_MOST_OPEN = 6
"""Topics that stand open below each other."""


@dataclass(frozen=True)
class Topic:
    """Holds the sentences of a topic."""

    title: str
    sentences: Sequence[str]
    motifs: Sequence[ShownMotif] = ()


@dataclass(frozen=True)
class Section:
    """Holds the answers to a question."""

    name: str
    short: str
    title: str
    topics: Sequence[Topic] = ()
    figures: Sequence[Kind] = ()
    tables: Sequence[ShownTable] = ()
    is_further: bool = False
    """Whether the navigation has it in a menu of its own."""

    @property
    def has_answers(self) -> bool:
        """Return whether there is anything in it."""
        return bool(self.topics or self.figures or self.tables)

    @property
    def answers(self) -> list[str]:
        """Return the first sentence of each topic, for the closed section."""
        return [topic.sentences[0] for topic in self.topics if topic.sentences][:_MOST_ANSWERS]

    @property
    def folds(self) -> bool:
        """Return whether there are so many topics that each has to be opened."""
        return len(self.topics) > _MOST_OPEN

    @property
    def contents(self) -> str:
        """Count what the section holds."""
        counts = {
            "sentence": sum(len(topic.sentences) for topic in self.topics),
            "figure": sum(len(kind.figures) + len(kind.folded) for kind in self.figures),
            "table": len(self.tables),
        }
        return ", ".join(counted(number, noun) for noun, number in counts.items() if number)


def sections(
    questions: Sequence[Question],
    summary: Mapping[str, Sequence[str]],
    figures: Sequence[Kind] = (),
    tables: Sequence[ShownTable] = (),
    motifs: Mapping[str, Sequence[ShownMotif]] | None = None,
) -> dict[str, Section]:
    """Return the section of every question, by its name; a section may be empty.

    Topics, figures and tables that no question names stand in the section on methods, so that nothing is lost.

    Args:
        questions: of the page, in its order.
        summary: topic -> sentences, in the order of the page.
        figures: as `shown_figures.shown_figures` returns them.
        tables: as `shown_tables.shown_table` returns them.
        motifs: topic -> motifs with their images.
    """
    topics = {title: Topic(title, sentences, (motifs or {}).get(title, ())) for title, sentences in summary.items()}
    arranged = {}
    for question in questions:
        own = [topics.pop(title) for title in list(topics) if any(_is_of(title, name) for name in question.topics)]
        arranged[question.name] = Section(
            question.name,
            question.short,
            question.title,
            own,
            [kind for name in question.figures for kind in figures if kind.name == name],
            [table for name in question.tables for table in tables if table.name == name],
            question.is_further,
        )
    drawn = {kind.name for section in arranged.values() for kind in section.figures}
    listed = {table.name for section in arranged.values() for table in section.tables}
    rest = arranged[METHODS]
    arranged[METHODS] = Section(
        rest.name,
        rest.short,
        rest.title,
        [*rest.topics, *topics.values()],
        [*rest.figures, *(kind for kind in figures if kind.name not in drawn)],
        [*rest.tables, *(table for table in tables if table.name not in listed)],
    )
    return arranged


def uninformative_starts(findings: pd.DataFrame | None, starts: Sequence[str] = ("image", "prompt")) -> dict[str, str]:
    """Return start -> why its figures are folded: all its shares have too few data, but another start has enough.

    Args:
        findings: the `findings` table.
        starts: kinds of starts.
    """
    changes = of_family(findings)
    judged = {start: changes[changes["start"] == start] for start in starts}
    undecided = {start: int((rows["verdict"] == NOT_ENOUGH_DATA).sum()) for start, rows in judged.items()}
    decided = [start for start, rows in judged.items() if undecided[start] < len(rows)]
    if not decided:
        return {}
    return {
        start: (
            f"Not enough data to tell: {undecided[start]} of {counted(len(rows), 'share')}"
            if len(rows)
            else "No chain has two images to compare"
        )
        for start, rows in judged.items()
        if start not in decided
    }


def _is_of(title: str, topic: str) -> bool:
    return title == topic or title.startswith(f"{topic}: ")
