"""The published comparison taken apart: how much of it is the annotator's error, and how much is drift."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.label_rows import WIDE, lay, named, nothing, reach_of
from broken_telephone.reporting.figures.multiples import blank, finish, lone, missing, packed, panels, reasons, some
from broken_telephone.reporting.figures.style import INK, categories_of, labels_of, spoken, styled
from broken_telephone.statistics.tables.decomposition import DRIFT_PART, INSTRUMENT, PUBLISHED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _HIGH = 0.34, 0.24
# None of the colours of categories.
_PARTS: dict[str, str] = {INSTRUMENT: "#d3d6dc", DRIFT_PART: "#8276d1"}
_PLACES = {INSTRUMENT: -0.28, DRIFT_PART: 0.0, PUBLISHED: 0.28}
_SUM: dict[str, Any] = {"color": INK, "marker": "D", "markersize": 3.2}
_LINE: dict[str, Any] = {"color": INK, "linewidth": 0.7}


def decomposition_figure(decomposition: pd.DataFrame, attribute: str) -> "Figure":
    """Draw a panel a category, a row a label, at the last iteration: two bars from zero, and a mark at their sum.

    The light bar is the instrument effect: what the annotator alone changes, on the very originals. The dark bar is
    drift. The mark below them: the comparison as the study published it. A mark far from zero below a short dark bar:
    the comparison shows the annotator, not the loop.

    Args:
        decomposition: as `measures.decomposition.decomposition_table` returns it.
        attribute: which.
    """
    title = f"Published comparison of {spoken(attribute)} = instrument effect + drift"
    shown = some(decomposition, attribute=attribute)
    if shown.empty:
        said = f"Nothing to draw: no chain from an image has labels of {spoken(attribute)} by the data set."
        return blank(title, said)
    last = int(shown["iteration"].max())
    shown = shown[shown["iteration"] == last]
    categories = categories_of(attribute, shown)
    if not categories:
        return blank(title, f"Nothing to draw: {reasons(shown, 'the table has no values')}.")
    labels = labels_of(shown)
    with styled():
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        names, beside, high = named(labels, _ROW)
        figure, found = panels(packed(categories, WIDE, beside), WIDE, high + 0.28, beside)
        for axes, category in zip(found, categories, strict=True):
            lay(axes, labels, names, reach_of(shown))
            for place, label in enumerate(labels):
                _row(axes, some(shown, category=category, label=label), place)
        keys = [
            *(Patch(facecolor=colour, edgecolor=INK, linewidth=0.4, label=part) for part, colour in _PARTS.items()),
            Line2D([], [], linewidth=0.7, label=f"{PUBLISHED}: their sum", **_SUM),
        ]
        how = (
            f"Across: change of the share from the originals to iteration {last}, in chains from images that have all "
            "three labels; lines: 95 % intervals of each part."
        )
        none = "values where no chain has all three labels" if shown["value"].isna().any() else ""
        return finish(figure, title, keys, [how, missing(none, lone(shown))])


def _row(axes: "Axes", rows: pd.DataFrame, place: int) -> None:
    parts = {str(row.part): row for row in rows.itertuples(index=False) if not pd.isna(row.value)}
    if not parts:
        nothing(axes, place)
    for part, colour in _PARTS.items():
        if part in parts:
            row, level = parts[part], place + _PLACES[part]
            axes.barh(level, row.value, _HIGH, color=colour, edgecolor=INK, linewidth=0.4, label=part)
            axes.plot([row.ci_low, row.ci_high], [level] * 2, **_LINE)
    if PUBLISHED in parts:
        row, level = parts[PUBLISHED], place + _PLACES[PUBLISHED]
        axes.plot([row.ci_low, row.ci_high], [level] * 2, **_LINE)
        axes.plot(row.value, level, label=PUBLISHED, **_SUM)
