"""Draws the contrasts of an arm with the reference: one matrix of categories by labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.figures.matrix import (
    FRAME,
    draw_change,
    draw_hatched,
    hatched_key,
    matrix,
    signed_points,
    write_cell,
)
from broken_telephone.reporting.text.contrast_names import judged, row_name
from broken_telephone.reporting.text.verdicts import LEVEL, NOT_ENOUGH_DATA
from broken_telephone.reporting.text.wording import NO_VALUE
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER, NO_DIFFERENCE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NONE, _UNKNOWN = "\N{ALMOST EQUAL TO}", "?"
"""Mark cells without a relevant difference, and cells without enough data."""


def contrasts_figure(contrasts: pd.DataFrame, arm: str, families: Sequence[str], start: str = "image") -> "Figure":
    """Draw a matrix of outcomes (rows) by labels (columns): the contrast of an arm with the reference, in points.

    A cell gives the sign and the size as measured. A frame and bold type mark a significant difference. A cell with an
    almost-equal sign shows that the difference is smaller than the margin. A hatched cell with a question mark does not
    have enough data.

    Args:
        contrasts: the `contrasts` table.
        arm: to compare with the reference.
        families: of the rows, in their order.
        start: of the chains: image or prompt.
    """
    rows = judged(contrasts, arm=arm, start=start)
    rows = rows[rows["family"].isin(families)]
    title = f"{arm} against {rows['reference'].iloc[0] if len(rows) else 'the reference'}, {multiples.STARTS[start]}"
    if rows["value"].isna().all():
        return multiples.blank(title, "no contrast has a value")
    keys = list(dict.fromkeys(rows[["family", "attribute", "category"]].itertuples(index=False, name=None)))
    keys.sort(key=lambda key: families.index(key[0]))
    labels = style.labels_of(rows)
    known = _known_values(contrasts, families, start)
    reach = float(known.abs().max()) if len(known) else 0.0
    with style.styled():
        groups = [f"{family} {attribute}" for family, attribute, _ in keys]
        figure, axes = matrix(labels, [row_name(*key) for key in keys], groups)
        for row in rows.itertuples(index=False):
            place = labels.index(str(row.label)), keys.index((row.family, row.attribute, row.category))
            _draw_cell(axes, row, *place, reach)
        verdicts = set(rows["verdict"])
        legend = []
        if verdicts & {HIGHER, LOWER}:
            text = f"significant difference (adjusted p < {LEVEL})"
            legend.append(multiples.patch_key(text, **FRAME))
        if NO_DIFFERENCE in verdicts:
            legend.append(multiples.line_key(f"{_NONE} smaller than the margin", linestyle=""))
        if NOT_ENOUGH_DATA in verdicts:
            legend.append(hatched_key(f"{_UNKNOWN} not enough data"))
        how = (
            f"Cells: {arm} minus the reference as measured, in percentage points: changes of shares and of missing "
            "answers, last values of the others. Differences corrected for selection are in the figure of significant "
            f"differences and in the table. Plus signs and orange: higher in {arm}; minus signs and purple: lower. The "
            "darker a cell, the larger the difference, on one scale for all studies."
        )
        return multiples.finish(figure, title, legend, [how])


def _known_values(contrasts: pd.DataFrame, families: Sequence[str], start: str) -> pd.Series:
    """Return the values of all arms, so that a colour means the same in the figures of all of them."""
    rows = judged(contrasts, start=start)
    rows = rows[rows["family"].isin(families) & (rows["verdict"] != NOT_ENOUGH_DATA)]
    return rows["value"].astype(float)


def _draw_cell(axes: "Axes", row: Any, column: int, line: int, reach: float) -> None:
    if pd.isna(row.value):
        write_cell(axes, column, line, NO_VALUE)
    elif row.verdict == NOT_ENOUGH_DATA:
        draw_hatched(axes, column, line)
        write_cell(axes, column, line, f"{signed_points(row.value)} {_UNKNOWN}")
    elif row.verdict == NO_DIFFERENCE:
        write_cell(axes, column, line, f"{_NONE} {signed_points(row.value)}")
    else:
        draw_change(axes, column, line, row.value, reach, row.verdict in (HIGHER, LOWER))
