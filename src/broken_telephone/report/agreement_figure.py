"""How far annotators agree, in one figure: alpha with its interval for every comparison, and confusions."""

from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.report.agreement_words import RELIABLE, TENTATIVE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 12


def agreement_figure(study: str, agreement: pd.DataFrame, confusions: pd.DataFrame) -> "Figure":
    """Draw alpha above, and below it who gives what: a row of panels a comparison, a column an attribute.

    Of more than twelve comparisons, who gives what is drawn of those with the first annotator only.

    Args:
        study: its name, for the title.
        agreement: as `measures.agreement_table` returns it.
        confusions: as `measures.confusion_table` returns it.
    """
    from matplotlib.figure import Figure

    pairs = list(dict.fromkeys(zip(agreement["one"], agreement["other"], strict=True)))
    # The first annotator is the data set, where there is one: with many raters, all pairs would fill a wall.
    pairs = [pair for pair in pairs if len(pairs) <= _MOST or pair[0] == pairs[0][0]][:_MOST]
    attributes = list(dict.fromkeys(agreement["attribute"]))
    rows = max(len(agreement), 1)
    figure = Figure(
        figsize=(3.4 * max(len(attributes), 2) + 1, 1.2 + 0.32 * rows + 3.0 * len(pairs)), layout="constrained"
    )
    heights = [1.0 + 0.32 * rows, max(3.0 * len(pairs), 0.1)]
    above, below = figure.subfigures(2, 1, height_ratios=heights)  # type: ignore[misc]
    _alphas(above.subplots(), agreement)
    panels = below.subplots(max(len(pairs), 1), max(len(attributes), 1), squeeze=False)
    for line, (one, other) in zip(panels, pairs, strict=False):
        for axes, attribute in zip(line, attributes, strict=True):
            these = confusions[
                (confusions["one"] == one) & (confusions["other"] == other) & (confusions["attribute"] == attribute)
            ]
            _confusion(axes, these, one, other, attribute)
    figure.suptitle(f"{study}: agreement of annotators")
    return figure


def _alphas(axes, agreement: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]
    names = []
    for place, row in enumerate(agreement.itertuples(index=False)):
        merged = "" if row.categories == "all" else f", {row.categories} as one"
        names.append(f"{row.attribute}{merged}: {row.one} | {row.other} ({row.n})")
        axes.plot([row.alpha_low, row.alpha_high], [place, place], color="#0072b2", linewidth=2)
        axes.plot(row.alpha, place, "o", color="#0072b2", markersize=5)
    for level in (TENTATIVE, RELIABLE):
        axes.axvline(level, color="#888888", linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    lowest = agreement["alpha_low"].min()
    axes.set_xlim(min(0.5, 0 if pd.isna(lowest) else lowest) - 0.02, 1.02)
    axes.set_xlabel(
        "Krippendorff's alpha with 95 % interval; dashed: tentative from 0.667, reliable from 0.8", fontsize=8
    )
    axes.spines[["top", "right"]].set_visible(False)


def _confusion(axes, these: pd.DataFrame, one: str, other: str, attribute: str) -> None:  # type: ignore[no-untyped-def]
    if these.empty:
        axes.set_axis_off()
        return
    order = list(dict.fromkeys([*these["one_category"], *these["other_category"]]))
    table = these.pivot(index="one_category", columns="other_category", values="count").reindex(order, columns=order)
    table = table.fillna(0)
    shares = table.div(table.sum(axis=1).replace(0, 1), axis=0).to_numpy()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in zip(
        ((r, c) for r in range(len(order)) for c in range(len(order))), table.to_numpy().ravel(), strict=True
    ):
        if count:
            colour = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, f"{int(count)}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(order)), order, rotation=45, ha="right", fontsize=7)
    axes.set_yticks(range(len(order)), order, fontsize=7)
    axes.set_ylabel(one, fontsize=7)
    axes.set_xlabel(other, fontsize=7)
    axes.set_title(attribute.replace("_", " "), fontsize=9)
