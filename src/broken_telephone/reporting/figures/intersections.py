"""Draws the changes of crossed categories: one matrix of categories by labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import points, spoken
from broken_telephone.statistics import ALL, CROSS
from broken_telephone.statistics.hypothesis_tests.power import MIN_CHANGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW, _COLUMN, _LONGEST = 0.21, 0.68, 1.0
_HATCH = "////"


def intersections_figure(changes: pd.DataFrame, attribute: str, start: str = "image") -> "Figure":
    """Draw a matrix of crossed categories (rows) by labels (columns): the partially pooled change of each share.

    A cell gives the change in points with its sign; the darker, the larger it is. A frame and bold type mark a
    significant change. Hatched cells have too few starts for any test. A category that is hatched for all single
    labels has no row unless its change over all labels is significant; the notes name it.

    Args:
        changes: as `statistics.intersections_table` returns it, with p_adjusted.
        attribute: the crossed attribute to draw, such as `age x gender`.
        start: of the chains: image or prompt.
    """
    title = f"Change of {spoken(attribute)} from the first to the last image, {multiples.STARTS[start]}"
    rows = select(changes, attribute=attribute, start=start)
    if rows.empty or rows["value"].isna().all():
        reason = multiples.reasons(rows, "there is no row of these chains")
        return multiples.blank(title, reason)
    rows = rows.assign(is_shown=(rows["starts_in_category"] >= MIN_CHANGES) & rows["value"].notna())
    labels, categories = style.labels_of(rows), style.categories_of(attribute, rows)
    # A category that only all labels together show is worth a row only if its change is significant.
    alone = rows["label"].nunique() > 1
    counts = rows["is_shown"] & ((rows["label"] != ALL) | (not alone) | (rows["p_adjusted"] < LEVEL))
    occurring = set(rows.loc[counts, "category"].astype(str))
    folded = [category for category in categories if category not in occurring]
    shown = [category for category in categories if category in occurring]
    if not shown:
        return multiples.blank(title, f"no crossed category has {MIN_CHANGES} starts for any label")
    with style.styled():
        figure, axes = _matrix(labels, shown)
        reach = float(rows.loc[rows["is_shown"], "pooled_value"].abs().max())
        for row in rows[rows["category"].isin(shown)].itertuples(index=False):
            _draw_cell(axes, row, labels.index(str(row.label)), shown.index(str(row.category)), reach)
        significant = {"facecolor": "white", "edgecolor": style.INK, "linewidth": 1.4}
        keys = [multiples.patch_key(f"significant change (adjusted p < {LEVEL})", **significant)]
        if not rows.loc[rows["category"].isin(shown), "is_shown"].all():
            few = f"fewer than {MIN_CHANGES} starts in the category"
            keys.append(multiples.patch_key(few, facecolor="white", edgecolor=style.PALE, hatch=_HATCH))
        notes = [
            "Cells: change of the share in percentage points, after partial pooling. Plus signs and orange: more "
            "frequent; minus signs and purple: less frequent. The darker a cell, the larger its change."
        ]
        if folded:
            names = ", ".join(spoken(category) for category in folded)
            notes.append(
                f"Not drawn, because no single label has {MIN_CHANGES} starts in the category, and no change is "
                f"significant: {names}."
            )
        return multiples.finish(figure, title, keys, notes)


def has_cells(changes: pd.DataFrame) -> bool:
    """Return whether any crossed category has enough starts for a test for some label."""
    return bool(((changes["starts_in_category"] >= MIN_CHANGES) & changes["value"].notna()).any())


def _matrix(labels: Sequence[str], categories: Sequence[str]) -> "tuple[Figure, Axes]":
    """Return an empty matrix with its names, and lines between the categories of the first attribute."""
    from matplotlib.figure import Figure

    names = [spoken(category) for category in categories]
    left = max(style.inches_of(name) for name in names) + 0.2
    column = min(max(_COLUMN, (style.NARROW - left) / len(labels)), (style.WIDTH - left) / len(labels))
    room = column - 0.06
    columns = [style.wrapped(spoken(label), room) for label in labels]
    above = multiples.LINE * (max(name.count("\n") for name in columns) + 1) + 0.1
    is_upright = any(style.inches_of(word) > room for label in labels for word in spoken(label).split())
    if is_upright:
        columns = [style.wrapped(spoken(label), _LONGEST) for label in labels]
        above = max(style.inches_of(line) for name in columns for line in name.split("\n")) + 0.1
    width = max(left + column * len(labels), style.NARROW)
    figure = Figure(figsize=(width, _ROW * len(names) + above), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(0, len(labels))
    axes.set_ylim(len(names), 0)
    axes.set_xticks([place + 0.5 for place in range(len(labels))], columns)
    if is_upright:
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_yticks([place + 0.5 for place in range(len(names))], names)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    firsts = [category.split(CROSS)[0] for category in categories]
    for place in range(1, len(firsts)):
        if firsts[place] != firsts[place - 1]:
            axes.axhline(place, color=style.PALE, linewidth=0.6, zorder=3)
    if ALL in labels and len(labels) > 1:
        axes.axvline(labels.index(ALL), color=style.INK, linewidth=0.5, linestyle=":", zorder=3)
    return figure, axes


def _draw_cell(axes: "Axes", row: Any, column: int, line: int, reach: float) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    if not row.is_shown:
        axes.add_patch(
            Rectangle((column, line), 1, 1, facecolor="white", edgecolor=style.NEVER, hatch=_HATCH, linewidth=0)
        )
        return
    strength = row.pooled_value / reach if reach else 0.0
    colour = colormaps["PuOr_r"](0.5 + 0.32 * strength)
    axes.add_patch(Rectangle((column, line), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.6))
    is_significant = not pd.isna(row.p_adjusted) and row.p_adjusted < LEVEL
    if is_significant:
        frame: dict[str, Any] = {"fill": False, "edgecolor": style.INK, "linewidth": 1.2, "zorder": 4}
        axes.add_patch(Rectangle((column + 0.04, line + 0.08), 0.92, 0.84, **frame))
    text = points(row.pooled_value, unit=False)
    text = f"+{text}" if row.pooled_value > 0 and text != "0" else text
    weight = "bold" if is_significant else "normal"
    axes.text(column + 0.5, line + 0.52, text, ha="center", va="center", color=style.INK, weight=weight)
