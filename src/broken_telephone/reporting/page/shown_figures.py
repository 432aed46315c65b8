"""Figures as the page shows them: by kind, with one explanation a kind; those of chains from prompts stand behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broken_telephone.reporting.figures.saved_figures import Files
from broken_telephone.reporting.page.embedded_figures import Embedded, embedded
from broken_telephone.reporting.text.captions import FIGURES, Caption, of_figure, of_kind
from broken_telephone.reporting.text.wording import capital


@dataclass(frozen=True)
class ShownFigure:
    """A figure and what it is about."""

    name: str
    about: str
    image: Embedded


@dataclass(frozen=True)
class Kind:
    """Figures that are read alike."""

    name: str
    caption: Caption
    figures: Sequence[ShownFigure]


def shown_figures(figures: Mapping[str, Files]) -> list[Kind]:
    """Arrange figures, the kinds in the order of `captions.FIGURES`, and behind these what nobody knows here."""
    kinds: dict[str, list[str]] = {kind: [] for kind in FIGURES}
    for name in sorted(figures, key=lambda name: of_figure(name)[2] == "prompt"):
        kinds.setdefault(of_figure(name)[0], []).append(name)
    return [
        Kind(kind, of_kind(kind), [ShownFigure(name, _about(name, names), embedded(figures[name])) for name in names])
        for kind, names in kinds.items()
        if names
    ]


def _about(name: str, others: Sequence[str]) -> str:
    """Tell a figure from the others of its kind: by its attribute, and by how its chains start, where that differs."""
    _, attribute, start = of_figure(name)
    whose = f"chains from {start}s" if len({of_figure(other)[2] for other in others}) > 1 else ""
    return capital(", ".join(part for part in (attribute, whose) if part))
