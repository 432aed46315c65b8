"""Draws the agreement of several annotators, on originals and on drawn images apart."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.multiples import write_title
from broken_telephone.reporting.figures.style import OKABE_ITO, PALE, SMALL, styled, wrapped
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.agreement import RELIABLE, TENTATIVE
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.tables.agreement_by_kind import DRAWN, ORIGINALS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKS = {ORIGINALS: (-0.14, "o", OKABE_ITO[0]), DRAWN: (0.14, "s", OKABE_ITO[1])}
"""Kind of pictures -> offset from the pair's line, marker and colour."""
_MOST = 16
"""Pairs that are drawn; the table has all."""


def annotators_figure(annotator_agreement: pd.DataFrame) -> "Figure":
    """Draw alpha of every pair of annotators, one column per attribute.

    Args:
        annotator_agreement: as `statistics.agreement_by_kind` returns it, with rows.
    """
    with styled():
        return _drawn(drawable_table(annotator_agreement))


def _drawn(table: pd.DataFrame) -> "Figure":
    from matplotlib.figure import Figure

    table = table[table["categories"] == "all"]
    pairs = list(dict.fromkeys(zip(table["annotator_a"], table["annotator_b"], strict=True)))[:_MOST]
    attributes = list(dict.fromkeys(table["attribute"]))
    figure = Figure(figsize=(max(3.0 * len(attributes), 6), 1.6 + 0.5 * len(pairs)), layout="constrained")
    write_title(figure, "Agreement of several annotators")
    for axes, attribute in zip(
        figure.subplots(1, len(attributes), squeeze=False, sharey=True)[0], attributes, strict=True
    ):
        for place, (annotator_a, annotator_b) in enumerate(pairs):
            pair = {"annotator_a": annotator_a, "annotator_b": annotator_b}
            for row in select(table, **pair, attribute=attribute).itertuples(index=False):
                _draw_alpha(axes, row, place)
        for level in (TENTATIVE, RELIABLE):
            axes.axvline(level, color=PALE, linewidth=0.8, linestyle="--")
        axes.set_yticks(range(len(pairs)), [wrapped(f"{a} | {b}", 2.5) for a, b in pairs])
        axes.set_ylim(len(pairs) - 0.4, -0.6)
        axes.set_xlim(-0.25, 1.03)
        axes.set_title(spoken(attribute))
    figure.supxlabel(
        f"Krippendorff's alpha with 95 % interval (ordinal for age). Circles: {ORIGINALS}. Squares: {DRAWN}.\nDashed: "
        f"{TENTATIVE} (tentative) and {RELIABLE} (reliable)",
        fontsize=SMALL,
    )
    return figure


def _draw_alpha(axes: Any, row: Any, place: int) -> None:
    offset, marker, colour = _MARKS[row.pictures]
    value, low, high = row.alpha, row.alpha_low, row.alpha_high
    if pd.notna(row.ordinal_alpha):
        value, low, high = row.ordinal_alpha, row.ordinal_low, row.ordinal_high
    axes.plot([low, high], [place + offset] * 2, color=colour, linewidth=2)
    axes.plot(value, place + offset, marker, color=colour, markersize=5)
