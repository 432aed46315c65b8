"""Draws the forest plot of drift: one panel per category, one row per label."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.estimates.panel import first_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL = ["label", "attribute", "category"]
_LOOKS: dict[str, dict[str, Any]] = {
    "significant": {"color": style.INK, "marker": "o", "markerfacecolor": style.INK},
    "not significant": {"color": style.INK, "marker": "o", "markerfacecolor": "white"},
    "too few starts": {"color": style.PALE, "marker": "x", "markeredgewidth": 1.1},
    "not tested": {"color": style.INK, "marker": "D", "markerfacecolor": "white", "markersize": 3},
}
_KEYS = {
    "significant": f"significant drift (adjusted p < {LEVEL})",
    "not significant": f"no significant drift (adjusted p ≥ {LEVEL})",
    "too few starts": "too few starts to detect any drift",
    "not tested": "not tested",
}


def forest_figure(drift: pd.DataFrame, power: pd.DataFrame | None = None, start: str = "image") -> "Figure":
    """Draw one panel per category of each attribute with one row per label: the change of its share.

    The change is from the first image to the last; right of zero, the category became more frequent. The line is the
    95 % interval. A filled mark is significant after adjustment for all tests, a hollow one is not. A grey cross marks
    a cell with too few starts to detect any drift, which says nothing either way.

    Args:
        drift: as `statistics.drift_table` returns it, with p_adjusted.
        power: with is_detectable for each cell; without it no cell is crossed.
        start: of the chains: image or prompt.
    """
    title = f"Drift of shares, {multiples.STARTS[start]}"
    rows = _first_to_last(drift, start)
    if rows.empty:
        return multiples.blank(
            title, f"the table has no change of shares in {multiples.STARTS[start]}, which takes two images"
        )
    rows = _with_looks(rows, power, start)
    labels = style.labels_of(select(drift, start=start))
    attributes = dict.fromkeys(rows["attribute"].astype(str))
    with style.styled():
        cells = [(attribute, name) for attribute in attributes for name in style.categories_of(attribute, rows)]
        figure, all_axes = label_rows.row_panels(labels, lambda left: _arranged(cells, left), below=0.28)
        for axes, (attribute, category) in zip(all_axes, cells, strict=True):
            label_rows.change_axis(axes, rows)
            _draw_marks(axes, select(rows, attribute=attribute, category=category), labels)
        looks = {look: how for look, how in _LOOKS.items() if (rows["look"] == look).any()}
        keys = [multiples.line_key(_KEYS[look], linewidth=1, **how) for look, how in looks.items()]
        since, last = int(rows["since"].iloc[0]), int(rows["iteration"].iloc[0])
        first = "the original" if since == 0 else f"iteration {since}"
        how = (
            f"x-axis: share in iteration {last} minus share in {first}, in the same chains. "
            "Lines: 95 % intervals, not adjusted for multiple tests."
        )
        absent = "values where no chain has a category in both images"
        missing = [
            absent if rows["value"].notna().sum() < len(labels) * len(cells) else "",
            multiples.missing_intervals(rows),
            "power, so cells with too few starts are not marked" if power is None or power.empty else "",
        ]
        return multiples.finish(figure, title, keys, [how], missing)


def _arranged(cells: list[tuple[str, str]], left: float) -> list[list[str]]:
    """Arrange the panels: an attribute begins a row, unless it fits behind the previous one."""
    rows: list[list[str]] = []
    for attribute in dict.fromkeys(attribute for attribute, _ in cells):
        titles = [f"{spoken(own)}: {name}" for own, name in cells if own == attribute]
        for row in multiples.packed(titles, label_rows.WIDE, left):
            if rows and len(multiples.packed([*rows[-1], *row], label_rows.WIDE, left)) == 1:
                rows[-1] += row
            else:
                rows.append(row)
    return rows


def _first_to_last(drift: pd.DataFrame, start: str) -> pd.DataFrame:
    rows = select(drift, start=start, measure="share difference")
    rows = rows.dropna(subset=["category"]) if len(rows) else rows
    rows = rows[rows["since"] == first_picture(start)] if len(rows) else rows
    return rows[rows["iteration"] == rows["iteration"].max()] if len(rows) else rows


def _with_looks(rows: pd.DataFrame, power: pd.DataFrame | None, start: str) -> pd.DataFrame:
    """Add the look of each cell's mark."""
    tested = rows["p_adjusted"] if "p_adjusted" in rows else pd.Series(float("nan"), rows.index)
    look = pd.Series("not tested", rows.index)
    look = look.mask(tested < LEVEL, "significant").mask(tested >= LEVEL, "not significant")
    if power is not None and len(power):
        keys = [*_CELL, "since", "iteration"]
        by_cell = select(power, start=start).drop_duplicates(keys).set_index(keys)["is_detectable"]
        is_detectable = by_cell.reindex(pd.MultiIndex.from_frame(rows[keys]))
        look = look.mask([not pd.isna(value) and not value for value in is_detectable], "too few starts")
    return rows.assign(look=look)


def _draw_marks(axes: "Axes", rows: pd.DataFrame, labels: list[str]) -> None:
    rows = rows.dropna(subset=["value"])
    for place, label in enumerate(labels):
        if label not in set(rows["label"]):
            label_rows.write_no_value(axes, place)
    for row in rows.itertuples(index=False):
        look = _LOOKS[str(row.look)]
        line, mark = {"color": look["color"], "linewidth": 1}, {"label": row.look, **look}
        label_rows.draw_estimate(axes, row, labels.index(str(row.label)), line, mark)
