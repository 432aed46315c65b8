"""Saves figures as files: each is drawn once, in every format, several in parallel.

Matplotlib uses one processor and takes about a second for all formats of a figure. This is most of the time that the
report of a large study takes. A figure whose input did not change since an earlier run is therefore not drawn again.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from broken_telephone.figure_files import FigureFiles, Files
from broken_telephone.progress import track
from broken_telephone.reporting.figures.input_digest import InputDigests
from broken_telephone.reporting.figures.style import styled

if TYPE_CHECKING:
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.figure import Figure

PIXELS = 144
"""Pixels of the page per inch: 1.5 times the printed size, because screens are read from farther away."""
DOTS = 2 * PIXELS
"""Pixels of a PNG per inch: as many as high-resolution screens show."""
FORMATS = ("png", "svg", "pdf")
_UNDATED: Mapping[str, Mapping[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}
_MOST_WORKERS = 4
"""A worker takes about 200 MB."""
_OF_A_WORKER = 4
"""Figures that take as long as a worker's start."""


def saved_figures(
    plans: "Mapping[str, Callable[[], Figure]]", earlier: Mapping[str, Files] | None = None
) -> FigureFiles:
    """Draw figures and save each as PNG, SVG and PDF, in one process per processor, at most four.

    Args:
        plans: name -> function that draws the figure, as `all_figures.figures` returns them.
        earlier: the figures of an earlier run. Those with the same digest of their input are taken from there.

    Returns:
        Name -> format -> content, which does not depend on the date; and the digests of the inputs.
    """
    digests = InputDigests()
    inputs = {name: digests.of(plan) for name, plan in plans.items()}
    kept = _unchanged(inputs, earlier)
    drawn = _all_drawn({name: plan for name, plan in plans.items() if name not in kept})
    files = {name: kept[name] if name in kept else drawn[name] for name in plans}
    return FigureFiles(files, {name: digest for name, digest in inputs.items() if digest is not None})


def _unchanged(inputs: Mapping[str, str | None], earlier: Mapping[str, Files] | None) -> dict[str, Files]:
    """Return the figures of an earlier run whose input is the same."""
    if not isinstance(earlier, FigureFiles):
        return {}
    known = earlier.drawn_from
    return {name: earlier[name] for name, digest in inputs.items() if digest is not None and known.get(name) == digest}


def _all_drawn(plans: "Mapping[str, Callable[[], Figure]]") -> dict[str, Files]:
    from joblib import Parallel, cpu_count, delayed

    workers = max(min(_MOST_WORKERS, cpu_count(), len(plans) // _OF_A_WORKER), 1)
    done = Parallel(n_jobs=workers, return_as="generator")(delayed(_drawn)(plan) for plan in plans.values())
    return dict(zip(plans, track(done, "Drawing figures", len(plans)), strict=True))


def saved_figure(figure: "Figure", formats: Sequence[str] = FORMATS) -> Files:
    """Save a figure, without a date and with constant ids."""
    with styled():
        # `Figure.savefig` would draw the figure twice for each format, the first time for its layout. The layout is the
        # same for all formats.
        if layout := figure.get_layout_engine():
            layout.execute(figure)
            figure.set_layout_engine("none")
        return {kind: _saved(figure, kind) for kind in formats}


def _drawn(plan: "Callable[[], Figure]") -> Files:
    return saved_figure(plan())


def _saved(figure: "Figure", kind: str) -> bytes:
    content = io.BytesIO()
    figure.set_dpi(DOTS)
    getattr(_canvas(kind)(figure), f"print_{kind}")(content, metadata=dict(_UNDATED[kind]))
    return content.getvalue()


def _canvas(kind: str) -> "type[FigureCanvasBase]":
    from matplotlib.backend_bases import get_registered_canvas_class

    canvas: type[FigureCanvasBase] = get_registered_canvas_class(kind)
    return canvas
