"""How far annotators agree, in one figure: alpha with its interval for every comparison, and confusions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.style import LARGE, OKABE_ITO, PALE, SMALL, spoken, styled, wrapped
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.reporting.text.agreement import RELIABLE, TENTATIVE, is_people
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER
from broken_telephone.statistics.tables.shares_table import DATASET

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST, _MOST_ALPHAS = 8, 24
_BLUE = OKABE_ITO[0]
Pair = tuple[str, str]


def agreement_figure(agreement: pd.DataFrame, confusions: pd.DataFrame) -> "Figure":
    """Draw alpha above, a column an attribute; below it who gives what: a row of panels a comparison.

    Who gives what is drawn of the annotator's readings, against the data set and against what raters say together, or
    against single raters where they say nothing together. Of many comparisons, alpha is drawn without those of two
    single raters, then without any of a single rater.

    Args:
        agreement: as `measures.agreement_table` returns it.
        confusions: as `measures.confusion_table` returns it; its categories stand in the order of the form.
    """
    with styled():
        return _drawn(drawable_table(agreement), drawable_table(confusions))


def _drawn(agreement: pd.DataFrame, confusions: pd.DataFrame) -> "Figure":
    from matplotlib.figure import Figure

    pairs = list(dict.fromkeys(zip(agreement["one"], agreement["other"], strict=True)))
    compared, confused = _told(pairs), _confused(pairs)
    attributes = list(dict.fromkeys(agreement["attribute"]))
    versions = list(dict.fromkeys(zip(agreement["attribute"], agreement["categories"], strict=True)))
    heights = [1.3 + 0.2 * max(len(compared), 1), max(2.7 * len(confused), 0.1)]
    width = max(3.0 * max(len(attributes), 1), 2.3 * max(len(versions), 1) + 2)
    figure = Figure(figsize=(width, sum(heights) + 0.4), layout="constrained")
    figure.suptitle("Agreement of annotators", x=0.06 / width, ha="left", fontsize=LARGE, fontweight="bold")
    above, below = figure.subfigures(2, 1, height_ratios=heights)  # type: ignore[misc]
    panels = above.subplots(1, max(len(versions), 1), squeeze=False, sharey=True)[0]
    for axes, (attribute, categories) in zip(panels, versions, strict=False):
        _alphas(axes, _some(agreement, attribute=attribute, categories=categories), compared)
    above.supxlabel(
        "Krippendorff's alpha with 95 % interval (of age the ordinal one), and pictures compared; dashed: tentative "
        "from 0.667, reliable from 0.8",
        fontsize=SMALL,
    )
    if confused:
        grid = below.subplots(len(confused), len(attributes), squeeze=False)
        for line, (one, other) in zip(grid, confused, strict=True):
            for axes, attribute in zip(line, attributes, strict=True):
                _confusion(axes, _some(confusions, one=one, other=other, attribute=attribute), one, other)
    return figure


def _confused(pairs: Sequence[Pair]) -> list[Pair]:
    """Whose confusions are drawn: the reference and a reading of the annotator."""
    readings = [pair for pair in pairs if not is_people(pair[1])]
    together = any(one == TOGETHER for one, _ in readings)
    references = [(one, other) for one, other in readings if one == DATASET or (one == TOGETHER or not together)]
    return [pair for pair in references if is_people(pair[0])][:_MOST]


def _told(pairs: Sequence[Pair]) -> list[Pair]:
    """Whose alpha is drawn."""
    for most_raters in (2, 1, 0):
        told = [pair for pair in pairs if sum(name.startswith(RATER) for name in pair) <= most_raters]
        if len(told) <= _MOST_ALPHAS:
            break
    return told[:_MOST_ALPHAS]


def _some(table: pd.DataFrame, **where: str) -> pd.DataFrame:
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def _alphas(axes: Any, agreement: pd.DataFrame, pairs: Sequence[Pair]) -> None:
    for row in agreement.itertuples(index=False):
        if (row.one, row.other) not in pairs:
            continue
        place = pairs.index((row.one, row.other))
        value, low, high = row.alpha, row.alpha_low, row.alpha_high
        if pd.notna(row.ordinal_alpha):
            value, low, high = row.ordinal_alpha, row.ordinal_low, row.ordinal_high
        axes.plot([low, high], [place, place], color=_BLUE, linewidth=2)
        axes.plot(value, place, "o", color=_BLUE, markersize=4)
        axes.annotate(f"{row.n}", (1.04, place), xycoords=("axes fraction", "data"), va="center", color=PALE)
    for level in (TENTATIVE, RELIABLE):
        axes.axvline(level, color=PALE, linewidth=0.8, linestyle="--")
    names = [f"{one} | {other}" if other else one for one, other in pairs]
    axes.set_yticks(range(len(names)), [wrapped(name, 2.5) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    # An interval of few pictures may reach far below: what counts is right of zero.
    axes.set_xlim(-0.25, 1.03)
    attribute, categories = agreement[["attribute", "categories"]].iloc[0]
    merged = "" if categories == "all" else f"\n{categories} as one"
    axes.set_title(f"{spoken(attribute)}{merged}")


def _confusion(axes: Any, these: pd.DataFrame, one: str, other: str) -> None:
    if these.empty:
        axes.set_axis_off()
        return
    order = list(dict.fromkeys(these["one_category"]))
    table = these.pivot(index="one_category", columns="other_category", values="count").reindex(order, columns=order)
    shares = table.div(table.sum(axis=1).replace(0, 1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(order)):
        for column in range(len(order)):
            if count := int(table.iloc[row, column]):
                colour = "white" if shares[row, column] > 0.6 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(order)), order, rotation=45, ha="right")
    axes.set_yticks(range(len(order)), order)
    axes.set_ylabel(one)
    axes.set_xlabel(other)
    axes.set_title(spoken(str(these["attribute"].iloc[0])))
