"""Draws the forest plot of drift: one panel per category, one row per label."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.verdicts import (
    ANNOTATOR,
    FALL,
    LEVEL,
    NOT_ENOUGH_DATA,
    NOT_SIGNIFICANT,
    RISE,
    of_family,
)
from broken_telephone.reporting.text.wording import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS: dict[str, dict[str, Any]] = {
    "significant": {"color": style.INK, "marker": "o", "markerfacecolor": style.INK},
    "not significant": {"color": style.INK, "marker": "o", "markerfacecolor": "white"},
    "not enough data": {"color": style.PALE, "marker": "x", "markeredgewidth": 1.1},
    "not tested": {"color": style.INK, "marker": "D", "markerfacecolor": "white", "markersize": 3},
}
_KEYS = {
    "significant": f"significant drift (adjusted p < {LEVEL})",
    "not significant": NOT_SIGNIFICANT,
    "not enough data": NOT_ENOUGH_DATA,
    "not tested": "not tested",
}
_CORRECTED: dict[str, Any] = {"color": style.INK, "marker": "o", "markersize": 2.5, "markerfacecolor": "white"}
"""A significant change, corrected for selection."""
_LEAST = 0.02
"""Smallest correction for selection that is drawn."""
_ALONE: dict[str, Any] = {"color": style.PALE, "marker": "|", "markersize": 6, "linestyle": ""}
"""The annotator's own change beside a corrected one."""


def forest_figure(findings: pd.DataFrame, start: str = "image", note: str = "") -> "Figure":
    """Draw one panel per category of each attribute with one row per label: the change of its share.

    Marks stand at the measured change from the first image to the last; right of zero, the category became more
    frequent. The line is the 95 % interval. A filled mark is significant after adjustment for all tests of the study,
    and its interval is adjusted for the selection. A small hollow mark on it is the change corrected for selection. A
    hollow mark is not significant. A grey cross marks a cell without enough data, which says nothing either way. A
    grey bar is the annotator's own change beside one that ratings correct.

    Args:
        findings: as `statistics.findings_table` returns it.
        start: of the chains: image or prompt.
        note: further note below the figure; empty for none.
    """
    title = f"Drift of shares, {multiples.STARTS[start]}"
    rows = select(of_family(findings), start=start)
    if rows.empty:
        return multiples.blank(
            title, f"the table has no change of shares in {multiples.STARTS[start]}, which takes two images"
        )
    rows = _with_looks(rows)
    labels = style.labels_of(rows)
    attributes = dict.fromkeys(rows["attribute"].astype(str))
    with style.styled():
        cells = [(attribute, name) for attribute in attributes for name in style.categories_of(attribute, rows)]
        figure, all_axes = label_rows.row_panels(labels, lambda left: _arranged(cells, left), below=0.28)
        for axes, (attribute, category) in zip(all_axes, cells, strict=True):
            label_rows.change_axis(axes, rows.assign(value=rows["annotator_value"].fillna(rows["value"])))
            _draw_marks(axes, select(rows, attribute=attribute, category=category), labels)
        looks = {look: how for look, how in _LOOKS.items() if (rows["look"] == look).any()}
        keys = [multiples.line_key(_KEYS[look], linewidth=1, **how) for look, how in looks.items()]
        if rows["is_corrected"].any():
            keys.append(multiples.line_key("the same, corrected for selection", linestyle="", **_CORRECTED))
        if (rows["method"] != ANNOTATOR).any():
            keys.append(multiples.line_key("annotator's answers alone", **_ALONE))
        since, last = int(rows["since"].iloc[0]), int(rows["iteration"].iloc[0])
        first = "the original" if since == 0 else f"iteration {since}"
        how = (
            f"x-axis: measured change, share in iteration {last} minus share in {first}, in the same chains. Small "
            "hollow marks: significant drift corrected for selection, where it differs visibly. Lines: 95 % intervals; "
            "those of significant drift are adjusted for selection."
        )
        absent = "values where no chain has a category in both images"
        missing = [
            absent if rows["value"].notna().sum() < len(labels) * len(cells) else "",
            multiples.missing_intervals(rows),
        ]
        return multiples.finish(figure, title, keys, [how, *filter(None, [note])], missing)


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


def _with_looks(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the look of each cell's mark, and whether its correction for selection is visible."""
    verdict = rows["verdict"]
    look = pd.Series("not enough data", rows.index).mask(verdict == NOT_SIGNIFICANT, "not significant")
    look = look.mask(verdict.isin([RISE, FALL]), "significant").mask(rows["p_value"].isna(), "not tested")
    correction = (rows["value"].astype(float) - rows["shrunken_value"].astype(float)).abs()
    return rows.assign(look=look, is_corrected=(look == "significant") & (correction >= _LEAST))


def _draw_marks(axes: "Axes", rows: pd.DataFrame, labels: list[str]) -> None:
    rows = rows.dropna(subset=["value"])
    for place, label in enumerate(labels):
        if label not in set(rows["label"]):
            label_rows.write_no_value(axes, place)
    for row in rows.itertuples(index=False):
        look = _LOOKS[str(row.look)]
        line, mark = {"color": look["color"], "linewidth": 1}, {"label": row.look, **look}
        place = labels.index(str(row.label))
        if row.method != ANNOTATOR:
            axes.plot(row.annotator_value, place, **_ALONE)
        label_rows.draw_estimate(axes, row, place, line, mark)
        if row.is_corrected:
            axes.plot(row.shrunken_value, place, linestyle="", label="corrected for selection", **_CORRECTED)
