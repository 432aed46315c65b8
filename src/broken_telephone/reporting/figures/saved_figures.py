"""Figures as files: each drawn once, in every format, several of them side by side.

Matplotlib draws a figure by one processor, in a second or so for all its formats; that is most of the time that a large
study's report takes.
"""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from broken_telephone.progress import track
from broken_telephone.reporting.figures.style import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS = 144
"""Of the page, an inch: one and a half times the size in print, because screens are read from farther away."""
DOTS = 2 * PIXELS
"""Of a PNG, an inch: as many as good screens show."""
FORMATS = ("png", "svg", "pdf")
Files = Mapping[str, bytes]
"""A figure's content, by format."""
_UNDATED: Mapping[str, Mapping[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}
_MOST_WORKERS = 4
"""Each takes some 200 MB."""


def saved_figures(plans: "Mapping[str, Callable[[], Figure]]") -> dict[str, Files]:
    """Draw figures and save each as PNG, SVG and PDF, in as many processes as there are processors, up to four.

    Args:
        plans: what draws each figure, by its name, as `figures.figures` returns them.

    Returns:
        Name -> format -> content. The same figure has the same content on any day.
    """
    from joblib import Parallel, cpu_count, delayed

    workers = max(min(_MOST_WORKERS, cpu_count(), len(plans)), 1)
    done = Parallel(n_jobs=workers, return_as="generator")(delayed(_drawn)(plan) for plan in plans.values())
    return dict(zip(plans, track(done, "Drawing figures", len(plans)), strict=True))


def saved_figure(figure: "Figure") -> Files:
    """Save a figure in all formats, without a date and with ids that do not change."""
    with styled():
        # Arranged once, not anew for every format, which takes as long as writing it.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return {kind: _saved(figure, kind) for kind in FORMATS}


def _drawn(plan: "Callable[[], Figure]") -> Files:
    return saved_figure(plan())


def _saved(figure: "Figure", kind: str) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=DOTS, metadata=dict(_UNDATED[kind]))
    return content.getvalue()
