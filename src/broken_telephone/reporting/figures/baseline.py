"""Draws the category shares of the data set itself: stacked bars per label, one panel per attribute."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.labels import APART
from broken_telephone.reporting.figures.multiples import blank, write_title
from broken_telephone.reporting.figures.style import (
    OwnColours,
    categories_of,
    category_colours,
    inches_of,
    styled,
    wrapped,
)
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics import ALL, MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE = "Main people of the data set, as labelled"


def baseline_figure(baseline: pd.DataFrame, own: Mapping[str, OwnColours] | None = None) -> "Figure":
    """Draw the shares of the main people: one row of panels per concept, one bar per label, one colour per category.

    The figure gives the reason if there is nothing to draw.

    Args:
        baseline: as `statistics.baseline_shares` returns it; crossed attributes are not drawn.
        own: attribute of the study's own -> its colours.
    """
    from matplotlib.figure import Figure

    baseline = drawable_table(baseline)
    shown = baseline[(baseline["people"] == "main") & ~baseline["attribute"].str.contains(" x ")]
    # A panel of an attribute that the data set never states would be empty.
    stated = shown[~shown["category"].isin((*APART, MISSING))].groupby("attribute")["count"].sum()
    shown = shown[shown["attribute"].isin(stated[stated > 0].index) & (shown["n"] > 0)]
    if shown.empty:
        return blank(_TITLE, "the study has no data set" if baseline.empty else "the data set states no attribute")
    concepts, attributes = list(shown["concept"].unique()), list(shown["attribute"].unique())
    names = [_name(label, 0).split("\n") for label in shown["label"].unique()]
    most = max((len(lines) for lines in names), default=1)
    bars = most * max((group["label"].nunique() for _, group in shown.groupby("concept")), default=1)
    # Long names need room beside the first panel; short ones fit into it.
    beside = max((inches_of(line) for lines in names for line in lines), default=0.0)
    width = 3.2 * len(attributes) + max(beside - 0.9, 0)
    with styled():
        figure = Figure(figsize=(width, (1.2 + 0.25 * bars) * len(concepts)), layout="constrained")
        panels = figure.subplots(len(concepts), len(attributes), squeeze=False)
        for row, concept in zip(panels, concepts, strict=False):
            for axes, attribute in zip(row, attributes, strict=True):
                part = shown[(shown["concept"] == concept) & (shown["attribute"] == attribute)]
                _draw_stacks(axes, part, attribute == attributes[0], (own or {}).get(attribute))
                axes.set_title(f"{spoken(attribute)} by {concept}")
        write_title(figure, _TITLE)
    return figure


def _draw_stacks(axes: "Axes", part: pd.DataFrame, first: bool, own: OwnColours | None) -> None:
    labels = list(part["label"].unique())
    sizes = part.drop_duplicates("label").set_index("label")["n"]
    attribute = str(part["attribute"].iloc[0])
    left = pd.Series(0.0, index=labels)
    for category, colour in category_colours(attribute, categories_of(attribute, part), own).items():
        shares = part[part["category"] == category].set_index("label")["share"].reindex(labels).fillna(0)
        axes.barh(labels, shares, left=left, color=colour, label=category, edgecolor="white", linewidth=0.5)
        left += shares
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of people")
    axes.set_yticks(range(len(labels)), [_name(label, sizes[label]) if first else "" for label in labels])
    if ALL in labels:
        axes.axhline(labels.index(ALL) - 0.5, color="black", linewidth=0.8)
    # The distance to the axis is in letters, independent of the height of the panel.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4.5, ncols=3)


def _name(label: str, people: int) -> str:
    return wrapped(f"{spoken(label)} ({people})", 2.0)
