"""Arranges the figures for the page: by kind, with one explanation per kind; chains from prompts come last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broken_telephone.reporting.figures.saved_figures import Files
from broken_telephone.reporting.page.embedded_figures import Embedded, embedded
from broken_telephone.reporting.text.captions import FIGURES, Caption, of_figure, of_kind
from broken_telephone.reporting.text.wording import capital


@dataclass(frozen=True)
class ShownFigure:
    """Holds a figure and its subtitle."""

    name: str
    subtitle: str
    image: Embedded


@dataclass(frozen=True)
class Kind:
    """Holds the figures that share a caption."""

    name: str
    caption: Caption
    figures: Sequence[ShownFigure]
    folded: Sequence[ShownFigure] = ()
    """Figures of chains that have too few data to tell anything. The page opens them on request."""
    why: str = ""
    """Why figures are folded."""


def shown_figures(
    figures: Mapping[str, Files], folded: Mapping[str, str] | None = None, words: Sequence[str] = ()
) -> list[Kind]:
    """Arrange figures by kind, in the order of `captions.FIGURES`; unknown kinds come last.

    Args:
        figures: by name, as `saved_figures` returns them.
        folded: start -> why figures of its chains are folded, see `sections.uninformative_starts`.
        words: attributes and labels in the order of the form, which figures of a kind follow.
    """
    order = [capital(word.replace("_", " ")) for word in words]

    def place(name: str) -> tuple[bool, int]:
        _, word, start = of_figure(name)
        return start == "prompt", order.index(word) if word in order else len(order)

    kinds: dict[str, list[str]] = {kind: [] for kind in FIGURES}
    for name in sorted(figures, key=place):
        kinds.setdefault(of_figure(name)[0], []).append(name)
    return [_kind(kind, names, figures, folded or {}) for kind, names in kinds.items() if names]


def _kind(kind: str, names: Sequence[str], figures: Mapping[str, Files], folded: Mapping[str, str]) -> Kind:
    apart = [name for name in names if of_figure(name)[2] in folded]
    shown = [name for name in names if name not in apart]
    reasons = {start: folded[start] for name in apart for start in [of_figure(name)[2]]}
    why = "; ".join(f"Chains from {start}s. {capital(reason)}" for start, reason in reasons.items())
    drawn = [ShownFigure(name, _subtitle(name, shown), embedded(figures[name])) for name in shown]
    # Their subtitles name the start, so that no two figures of a kind have the same one.
    hidden = [ShownFigure(name, _subtitle(name, names), embedded(figures[name])) for name in apart]
    return Kind(kind, of_kind(kind), drawn, hidden, why)


def _subtitle(name: str, others: Sequence[str]) -> str:
    """Return the attribute, and the start of the chains if it differs between the figures of a kind."""
    _, attribute, start = of_figure(name)
    chains = f"chains from {start}s" if len({of_figure(other)[2] for other in others}) > 1 else ""
    return capital(", ".join(part for part in (attribute, chains) if part))
