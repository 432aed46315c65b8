"""The data set as it is, in one figure: stacked shares per label, one panel an attribute."""

from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.labels import APART
from broken_telephone.measures import ALL, MISSING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GREYS = dict(zip((*APART, MISSING), ("#c4c4c4", "#8a8a8a", "#a8a8a8", "#e6e6e6"), strict=True))
_FIXED = {"lighter": "#e6bf9c", "darker": "#7d5237"} | _GREYS


def baseline_figure(study: str, baseline: pd.DataFrame) -> "Figure":
    """Draw the shares of the main people: a row of panels a concept, a bar a label, a colour a category.

    Args:
        study: its name, for the title.
        baseline: as `measures.baseline_shares` returns it. Intersections stay in the table.
    """
    from matplotlib.figure import Figure

    shown = baseline[(baseline["people"] == "main") & ~baseline["attribute"].str.contains(" x ")]
    # Nobody is helped by panels of what the data set never states.
    stated = shown[~shown["category"].isin(_GREYS)].groupby("attribute")["count"].sum()
    shown = shown[shown["attribute"].isin(stated[stated > 0].index) & (shown["n"] > 0)]
    concepts, attributes = list(shown["concept"].unique()), list(shown["attribute"].unique())
    bars = max((group["label"].nunique() for _, group in shown.groupby("concept")), default=1)
    figure = Figure(
        figsize=(4.6 * max(len(attributes), 1), (1.6 + 0.36 * bars) * max(len(concepts), 1)), layout="constrained"
    )
    panels = figure.subplots(max(len(concepts), 1), max(len(attributes), 1), squeeze=False)
    for row, concept in zip(panels, concepts, strict=False):
        for axes, attribute in zip(row, attributes, strict=True):
            part = shown[(shown["concept"] == concept) & (shown["attribute"] == attribute)]
            _stack(axes, part, first=attribute == attributes[0])
            axes.set_title(f"{attribute} by {concept}", fontsize=10)
    figure.suptitle(f"{study}: main people of the data set, as labelled")
    return figure


def _stack(axes, part: pd.DataFrame, first: bool) -> None:  # type: ignore[no-untyped-def]
    from matplotlib import colormaps

    labels = list(part["label"].unique())
    sizes = part.drop_duplicates("label").set_index("label")["n"]
    categories = list(part["category"].unique())
    clear = [category for category in categories if category not in _GREYS]
    # Ages have an order, which this map shows; others do not.
    ordered = str(part["attribute"].iloc[0]) == "age"
    colours = colormaps["viridis"].resampled(max(len(clear), 2)) if ordered else colormaps["tab10"]
    left = pd.Series(0.0, index=labels)
    for category in categories:
        shares = part[part["category"] == category].set_index("label")["share"].reindex(labels).fillna(0)
        colour = _FIXED.get(category) or colours(clear.index(category))
        axes.barh(labels, shares, left=left, color=colour, label=category, edgecolor="white", linewidth=0.5)
        left += shares
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of people")
    axes.set_yticks(
        range(len(labels)), [f"{label} ({sizes[label]})" for label in labels] if first else [""] * len(labels)
    )
    if ALL in labels:
        axes.axhline(labels.index(ALL) - 0.5, color="black", linewidth=0.8)
    # Below the axis by a distance in letters, whatever the height of the panel.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=5, ncols=3, fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
