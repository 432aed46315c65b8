"""Draws the agreement of annotators: Krippendorff's alpha of every comparison above, confusion matrices below."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures.multiples import write_title
from broken_telephone.reporting.figures.style import OKABE_ITO, PALE, SMALL, inches_of, styled, wrapped
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.agreement import RELIABLE, TENTATIVE, is_people
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER
from broken_telephone.statistics.tables.shares_table import DATASET

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CONFUSIONS, _MOST_ALPHAS = 8, 24
_BLUE = OKABE_ITO[0]
Pair = tuple[str, str]


def agreement_figure(agreement: pd.DataFrame, confusions: pd.DataFrame) -> "Figure":
    """Draw alpha above, one column per attribute, and confusion matrices below, one row of panels per comparison.

    Confusion matrices compare the annotator's readings with the data set and with the raters together, or with single
    raters if there is no joint answer. If there are many comparisons, those of two single raters are left out, then
    those of any single rater.

    Args:
        agreement: as `statistics.agreement_table` returns it.
        confusions: as `statistics.confusion_table` returns it; its categories stand in the order of the form.
    """
    with styled():
        return _drawn(drawable_table(agreement), drawable_table(confusions))


def _drawn(agreement: pd.DataFrame, confusions: pd.DataFrame) -> "Figure":
    from matplotlib.figure import Figure

    pairs = list(dict.fromkeys(zip(agreement["annotator_a"], agreement["annotator_b"], strict=True)))
    with_alpha, with_confusions = _pairs_with_alpha(pairs), _pairs_with_confusions(pairs)
    attributes = list(dict.fromkeys(agreement["attribute"]))
    versions = list(dict.fromkeys(zip(agreement["attribute"], agreement["categories"], strict=True)))
    heights = [1.3 + 0.2 * max(len(with_alpha), 1), max(2.7 * len(with_confusions), 0.1)]
    names = [wrapped(f"{a} | {b}" if b else a, 2.5) for a, b in with_alpha]
    reach = max((inches_of(line) for name in names for line in name.split("\n")), default=0.0)
    width = max(2.3 * len(attributes), 1.3 * len(versions) + reach + 0.3, 4.5)
    figure = Figure(figsize=(width, sum(heights) + 0.4), layout="constrained")
    write_title(figure, "Agreement of annotators")
    above, below = figure.subfigures(2, 1, height_ratios=heights)  # type: ignore[misc]
    panels = above.subplots(1, max(len(versions), 1), squeeze=False, sharey=True)[0]
    for axes, (attribute, categories) in zip(panels, versions, strict=False):
        _draw_alphas(axes, select(agreement, attribute=attribute, categories=categories), with_alpha, names)
    what = (
        f"Krippendorff's alpha with 95 % interval (ordinal for age), and number of images. Dashed: {TENTATIVE} "
        f"(tentative) and {RELIABLE} (reliable)"
    )
    above.supxlabel(wrapped(what, width - 0.2), fontsize=SMALL)
    if with_confusions:
        grid = below.subplots(len(with_confusions), len(attributes), squeeze=False)
        for line, (annotator_a, annotator_b) in zip(grid, with_confusions, strict=True):
            for axes, attribute in zip(line, attributes, strict=True):
                pair = {"annotator_a": annotator_a, "annotator_b": annotator_b}
                _draw_confusions(axes, select(confusions, **pair, attribute=attribute), annotator_a, annotator_b)
    return figure


def _pairs_with_confusions(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs of a reference and a reading of the annotator."""
    readings = [pair for pair in pairs if not is_people(pair[1])]
    together = any(a == TOGETHER for a, _ in readings)
    references = [(a, b) for a, b in readings if a in (DATASET, TOGETHER) or not together]
    return [pair for pair in references if is_people(pair[0])][:_MOST_CONFUSIONS]


def _pairs_with_alpha(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs whose alpha is drawn, with as many single raters as there is room for."""
    for most_raters in (2, 1, 0):
        drawn = [pair for pair in pairs if sum(name.startswith(RATER) for name in pair) <= most_raters]
        if len(drawn) <= _MOST_ALPHAS:
            break
    return drawn[:_MOST_ALPHAS]


def _draw_alphas(axes: Any, agreement: pd.DataFrame, pairs: Sequence[Pair], names: Sequence[str]) -> None:
    for row in agreement.itertuples(index=False):
        if (row.annotator_a, row.annotator_b) not in pairs:
            continue
        place = pairs.index((row.annotator_a, row.annotator_b))
        value, low, high = row.alpha, row.alpha_low, row.alpha_high
        if pd.notna(row.ordinal_alpha):
            value, low, high = row.ordinal_alpha, row.ordinal_low, row.ordinal_high
        axes.plot([low, high], [place, place], color=_BLUE, linewidth=2)
        axes.plot(value, place, "o", color=_BLUE, markersize=4)
        axes.annotate(f"{row.n}", (1.04, place), xycoords=("axes fraction", "data"), va="center", color=PALE)
    for level in (TENTATIVE, RELIABLE):
        axes.axvline(level, color=PALE, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    # An interval of few images may reach far below zero; only the part right of zero matters.
    axes.set_xlim(-0.25, 1.1)
    attribute, categories = agreement[["attribute", "categories"]].iloc[0]
    merged = "" if categories == "all" else f"\n{categories} merged"
    axes.set_title(f"{spoken(attribute)}{merged}")


def _draw_confusions(axes: Any, confusions: pd.DataFrame, annotator_a: str, annotator_b: str) -> None:
    if confusions.empty:
        axes.set_axis_off()
        return
    order = list(dict.fromkeys(confusions["category_a"]))
    matrix = confusions.pivot(index="category_a", columns="category_b", values="count")
    matrix = matrix.reindex(order, columns=order)
    shares = matrix.div(matrix.sum(axis=1).replace(0, 1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(order)):
        for column in range(len(order)):
            if count := int(matrix.iloc[row, column]):
                colour = "white" if shares[row, column] > 0.6 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(order)), order, rotation=45, ha="right")
    axes.set_yticks(range(len(order)), order)
    axes.set_ylabel(annotator_a)
    axes.set_xlabel(annotator_b)
    axes.set_title(spoken(confusions["attribute"].iloc[0]))
