"""How far every share has drifted, and how sure that is: a forest plot, a panel a category, a row a label."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.label_rows import WIDE, lay, named, nothing, reach_of
from broken_telephone.reporting.figures.multiples import STARTS, blank, finish, lone, missing, packed, panels, some
from broken_telephone.reporting.figures.style import INK, PALE, categories_of, labels_of, spoken, styled
from broken_telephone.statistics.estimates.panel import first_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVEL = 0.05
_ROW = 0.155
_CELL = ["label", "attribute", "category"]
_LOOKS: dict[str, dict[str, Any]] = {
    "drifted": {"color": INK, "marker": "o", "markerfacecolor": INK},
    "not shown": {"color": INK, "marker": "o", "markerfacecolor": "white"},
    "too few": {"color": PALE, "marker": "x", "markeredgewidth": 1.1},
    "not tested": {"color": INK, "marker": "D", "markerfacecolor": "white", "markersize": 3},
}
_MEANS = {
    "drifted": f"drift, adjusted p < {LEVEL}",
    "not shown": f"no drift shown, adjusted p at least {LEVEL}",
    "too few": "too few starts to show any drift",
    "not tested": "not tested",
}


def forest_figure(drift: pd.DataFrame, power: pd.DataFrame | None = None, start: str = "image") -> "Figure":
    """Draw a panel a category of each attribute, a row a label: change of its share since the first picture.

    Right of zero: more of the last pictures than of the first show the category. The line is the 95 % interval. A
    filled mark has drifted, after adjustment for all that was tested; a hollow one may have, but it is not shown; a
    grey cross could not have been shown, because too few starts changed, and says nothing either way.

    Args:
        drift: as `measures.drift_table` returns it, with p_adjusted.
        power: with can_show of each cell; without it no cell is crossed.
        start: of the chains: image or prompt.
    """
    title = f"Drift of shares, {STARTS[start]}"
    shown = _last(drift, start)
    if shown.empty:
        said = f"Nothing to draw: the table has no change of shares in {STARTS[start]}; it takes two pictures."
        return blank(title, said)
    shown = _looks(shown, power, start)
    labels, attributes = labels_of(some(drift, start=start)), list(dict.fromkeys(shown["attribute"].astype(str)))
    with styled():
        from matplotlib.lines import Line2D

        names, beside, high = named(labels, _ROW)
        cells = [(attribute, name) for attribute in attributes for name in categories_of(attribute, shown)]
        figure, found = panels(_rows(cells, beside), WIDE, high + 0.28, beside)
        for axes, (attribute, category) in zip(found, cells, strict=True):
            lay(axes, labels, names, reach_of(shown))
            _marks(axes, some(shown, attribute=attribute, category=category), labels)
        keys = [
            Line2D([], [], linewidth=1, label=_MEANS[look], **how)
            for look, how in _LOOKS.items()
            if (shown["look"] == look).any()
        ]
        since, last = int(shown["since"].iloc[0]), int(shown["iteration"].iloc[0])
        first = "the original" if since == 0 else f"iteration {since}"
        how = f"Across: share in iteration {last} less that in {first}, in the same chains"
        how += "; lines: 95 % intervals, not adjusted."
        return finish(figure, title, keys, [how, _missing(shown, labels, power)])


def _rows(cells: list[tuple[str, str]], beside: float) -> list[list[str]]:
    """Arrange the panels: an attribute begins a row, unless it fits behind the one before."""
    rows: list[list[str]] = []
    for attribute in dict.fromkeys(attribute for attribute, _ in cells):
        for row in packed([f"{spoken(one)}: {name}" for one, name in cells if one == attribute], WIDE, beside):
            if rows and len(packed([*rows[-1], *row], WIDE, beside)) == 1:
                rows[-1] += row
            else:
                rows.append(row)
    return rows


def _last(drift: pd.DataFrame, start: str) -> pd.DataFrame:
    shown = some(drift, start=start, measure="share difference")
    shown = shown.dropna(subset=["category"]) if len(shown) else shown
    if shown.empty:
        return shown
    shown = shown[shown["since"] == first_picture(start)]
    return shown[shown["iteration"] == shown["iteration"].max()]


def _looks(shown: pd.DataFrame, power: pd.DataFrame | None, start: str) -> pd.DataFrame:
    """Add how each cell looks."""
    tested = shown["p_adjusted"] if "p_adjusted" in shown else pd.Series(float("nan"), shown.index)
    look = pd.Series("not tested", shown.index).mask(tested < LEVEL, "drifted").mask(tested >= LEVEL, "not shown")
    if power is not None and len(power):
        where = [*_CELL, "since", "iteration"]
        able = some(power, start=start).drop_duplicates(where).set_index(where)["can_show"]
        found = able.reindex(pd.MultiIndex.from_frame(shown[where]))
        look = look.mask([not pd.isna(can) and not can for can in found], "too few")
    return shown.assign(look=look)


def _marks(axes: "Axes", rows: pd.DataFrame, labels: list[str]) -> None:
    there = rows.dropna(subset=["value"])
    for label in labels:
        if label not in set(there["label"]):
            nothing(axes, labels.index(label))
    for row in there.itertuples(index=False):
        place, how = labels.index(str(row.label)), _LOOKS[str(row.look)]
        axes.plot([row.ci_low, row.ci_high], [place] * 2, color=how["color"], linewidth=1)
        axes.plot(row.value, place, linestyle="", label=row.look, **how)


def _missing(shown: pd.DataFrame, labels: list[str], power: pd.DataFrame | None) -> str:
    cells = len(labels) * len(shown[["attribute", "category"]].drop_duplicates())
    return missing(
        "values where no chain has a category in both pictures" if shown["value"].notna().sum() < cells else "",
        lone(shown),
        "what the number of starts could show at all" if power is None or power.empty else "",
    )
