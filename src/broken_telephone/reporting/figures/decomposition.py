"""Draws the decomposition of the published comparison into annotator error and drift."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.tables.decomposition import DRIFT_PART, INSTRUMENT, PUBLISHED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _HIGH = 0.34, 0.24
# These differ from all colours of categories.
_PARTS: dict[str, str] = {INSTRUMENT: "#d3d6dc", DRIFT_PART: "#8276d1"}
_PLACES = {INSTRUMENT: -0.28, DRIFT_PART: 0.0, PUBLISHED: 0.28}
_SUM: dict[str, Any] = {"color": style.INK, "marker": "D", "markersize": 3.2}
_EDGE: dict[str, Any] = {"edgecolor": style.INK, "linewidth": 0.4}
_LINE: dict[str, Any] = {"color": style.INK, "linewidth": 0.7}


def decomposition_figure(decomposition: pd.DataFrame, attribute: str) -> "Figure":
    """Draw one panel per category with one row per label, for the last iteration.

    The light bar is the instrument effect: the annotator's deviation from the data set on the originals. The dark bar
    is drift. The mark below them is their sum, the comparison as the study published it. A mark far from zero below a
    short dark bar means that the comparison shows the annotator, not the loop.

    Args:
        decomposition: as `statistics.decomposition_table` returns it.
        attribute: the attribute to draw.
    """
    title = f"Published comparison of {spoken(attribute)} = instrument effect + drift"
    rows = select(decomposition, attribute=attribute)
    if rows.empty:
        return multiples.blank(title, f"the data set labels no chain from an image with {spoken(attribute)}")
    last = int(rows["iteration"].max())
    rows = rows[rows["iteration"] == last]
    categories, labels = style.categories_of(attribute, rows), style.labels_of(rows)
    if not categories:
        return multiples.blank(title, multiples.reasons(rows, "the table has no values"))
    with style.styled():
        figure, all_axes = label_rows.row_panels(labels, categories, row=_ROW, below=0.28)
        for axes, category in zip(all_axes, categories, strict=True):
            label_rows.change_axis(axes, rows)
            for place, label in enumerate(labels):
                _draw_parts(axes, select(rows, category=category, label=label), place)
        keys = [multiples.patch_key(part, facecolor=colour, **_EDGE) for part, colour in _PARTS.items()]
        keys.append(multiples.line_key(f"{PUBLISHED}: their sum", linewidth=0.7, **_SUM))
        how = (
            f"x-axis: change of the share from the originals to iteration {last}, in chains from images that have all "
            "three labels. Lines: 95 % intervals of each part."
        )
        no_value = "values where no chain has all three labels" if rows["value"].isna().any() else ""
        return multiples.finish(figure, title, keys, [how], [no_value, multiples.missing_intervals(rows)])


def _draw_parts(axes: "Axes", rows: pd.DataFrame, place: int) -> None:
    parts = {str(row.part): row for row in rows.itertuples(index=False) if not pd.isna(row.value)}
    if not parts:
        label_rows.write_no_value(axes, place)
    for part, colour in _PARTS.items():
        if part in parts:
            row, level = parts[part], place + _PLACES[part]
            axes.barh(level, row.value, _HIGH, color=colour, label=part, **_EDGE)
            axes.plot([row.ci_low, row.ci_high], [level] * 2, **_LINE)
    if PUBLISHED in parts:
        mark = {"label": PUBLISHED, **_SUM}
        label_rows.draw_estimate(axes, parts[PUBLISHED], place + _PLACES[PUBLISHED], _LINE, mark)
