"""Draws significant contrasts as a dumbbell plot: the change of the reference and that of the arm on one line."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.figures.label_rows import ROW, change_axis
from broken_telephone.reporting.figures.matrix import signed_points
from broken_telephone.reporting.text.contrast_names import FAMILIES, has_points, judged, row_name
from broken_telephone.reporting.text.wording import points, spoken
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 24
"""Contrasts that the figure shows."""
_ARM: dict[str, Any] = {"color": style.INK, "marker": "D", "markersize": 4.2}
_REFERENCE: dict[str, Any] = {"color": style.INK, "marker": "o", "markersize": 4.2, "markerfacecolor": "white"}
_LEFT, _RIGHT, _AXIS = 2.3, 2.3, 2.6
"""Inches of the names, the numbers and the axis."""
_COLUMNS = (6, 92)
"""Where the two columns of numbers begin, in points right of the axis."""


def claimed_contrasts(contrasts: pd.DataFrame, arm: str, start: str = "image") -> pd.DataFrame:
    """Return the significant contrasts of an arm by family, the largest first. Similarities have another unit."""
    rows = judged(contrasts, arm=arm, start=start)
    rows = rows[rows["verdict"].isin([HIGHER, LOWER]) & rows["family"].map(has_points).astype(bool)]
    rows = rows.assign(place=rows["family"].map(FAMILIES.index), reach=-rows["value"].astype(float).abs())
    return rows.sort_values(["place", "reach"], kind="stable")


def claimed_contrasts_figure(contrasts: pd.DataFrame, arm: str, start: str = "image") -> "Figure":
    """Draw a row for each significant contrast: the change in the reference (circle) and in the arm (diamond).

    At the right stand the measured difference with its interval, and the difference corrected for selection.

    Args:
        contrasts: the `contrasts` table.
        arm: to compare with the reference.
        start: of the chains: image or prompt.
    """
    claims = claimed_contrasts(contrasts, arm, start)
    title = f"Significant differences of {arm}, {multiples.STARTS[start]}"
    if claims.empty:
        return multiples.blank(title, "no difference is significant")
    from matplotlib.figure import Figure

    rows, reference = claims.head(MOST), str(claims["reference"].iloc[0])
    with style.styled():
        names = [
            style.wrapped(f"{spoken(row.label)}, {row_name(row.family, row.attribute, row.category)}", _LEFT - 0.2)
            for row in rows.itertuples(index=False)
        ]
        lines = max(name.count("\n") + 1 for name in names)
        height = max(1.3 * ROW, lines * multiples.LINE * 1.05) * len(rows) + 0.35
        figure = Figure(figsize=(_LEFT + _AXIS + _RIGHT, height), layout="constrained")
        axes = figure.add_subplot()
        _set_up(axes, _of_all_arms(contrasts, start), names)
        for place, row in enumerate(rows.itertuples(index=False)):
            _draw_row(axes, place, row)
        keys = [
            multiples.line_key(arm, linestyle="", **_ARM),
            multiples.line_key(reference, linestyle="", **_REFERENCE),
        ]
        how = [
            "x-axis: change since the first image, in chains that both studies have; where images have no first value, "
            "the value itself; one axis for all studies. Right: differences in points. 95 % intervals are adjusted for "
            "selection."
        ]
        if len(claims) > MOST:
            how.append(f"Further significant differences are in the table: {len(claims) - MOST}.")
        return multiples.finish(figure, title, keys, how)


def _of_all_arms(contrasts: pd.DataFrame, start: str) -> pd.DataFrame:
    """Return the rows that the figures of all arms show, whose axis is common."""
    arms = dict.fromkeys(contrasts["arm"].astype(str))
    return pd.concat([claimed_contrasts(contrasts, arm, start).head(MOST) for arm in arms])


def _set_up(axes: "Axes", rows: pd.DataFrame, names: list[str]) -> None:
    reach = pd.concat([rows["value_arm"], rows["value_reference"]]).astype(float)
    change_axis(axes, pd.DataFrame({"value": reach, "ci_low": reach, "ci_high": reach}))
    for place in range(0, len(names), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=style.STRIPE, linewidth=0, zorder=0)
    axes.axvline(0, color=style.INK, linewidth=0.5, zorder=0.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    for place, head in zip(_COLUMNS, ("measured difference\n(95 % interval)", "corrected\nfor selection"), strict=True):
        axes.annotate(head, (1, 1), (place, 2), xycoords="axes fraction", textcoords="offset points", va="bottom")


def _draw_row(axes: "Axes", place: int, row: Any) -> None:
    axes.plot([row.value_reference, row.value_arm], [place, place], color=style.PALE, linewidth=1.4, zorder=1)
    axes.plot(row.value_reference, place, linestyle="", **_REFERENCE)
    axes.plot(row.value_arm, place, linestyle="", **_ARM)
    low, high = (points(value, unit=False) for value in (row.ci_low, row.ci_high))
    numbers = (f"{signed_points(row.value)} ({low} to {high})", signed_points(row.shrunken_value))
    for x, text in zip(_COLUMNS, numbers, strict=True):
        where: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(text, (1, place), (x, 0), **where, va="center", annotation_clip=False)
