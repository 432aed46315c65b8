"""Whether the describer names what is depicted, by who is depicted, before the loop and after it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.multiples import (
    STARTS,
    blank,
    finish,
    line_keys,
    lone,
    missing,
    packed,
    panels,
    reasons,
    say,
    some,
)
from broken_telephone.reporting.figures.style import (
    EDGE,
    categories_of,
    category_colours,
    category_markers,
    labels_of,
    spoken,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE, _BESIDE, _SPREAD = 1.4, 0.5, 0.5


def success_figure(
    success: pd.DataFrame, attribute: str, start: str = "image", colours: Mapping[str, str] | None = None
) -> "Figure":
    """Draw a panel a label, a line a category: rate of right answers in the first picture and the last.

    A line below the others: people of that category are misread more often. Lines that part from left to right: the
    loop makes the describer less fair; all falling alike: it loses what is depicted, of everybody. Upright lines are
    95 % intervals.

    Args:
        success: start, label, attribute, category, iteration, kind (of which "rate" is drawn), value, ci_low, ci_high.
        attribute: which.
        start: of the chains: image or prompt.
        colours: of the categories, where not those of `category_colours`.
    """
    title = f"Right answers by {spoken(attribute)}, before and after, {STARTS[start]}"
    shown = some(success, attribute=attribute, start=start, kind="rate")
    shown = shown.dropna(subset=["category"]) if len(shown) else shown
    if shown.empty:
        return blank(title, f"Nothing to draw: the table has no rates by {spoken(attribute)} in {STARTS[start]}.")
    categories = categories_of(attribute, success)
    colours = colours or category_colours(attribute, categories)
    valued = shown.dropna(subset=["value"]) if shown["value"].notna().any() else shown
    times = sorted({int(valued["iteration"].min()), int(valued["iteration"].max())})
    with styled():
        labels, markers = labels_of(shown), category_markers(categories)
        figure, found = panels(packed(labels, _WIDE, _BESIDE), _WIDE, 1.45, _BESIDE)
        for axes, label in zip(found, labels, strict=True):
            rows = some(shown, label=label)
            for place, category in enumerate(categories):
                aside = _SPREAD * ((place + 0.5) / len(categories) - 0.5)
                line = some(rows, category=category).drop_duplicates("iteration").set_index("iteration").reindex(times)
                _line(axes, line, aside, category, colours[category], markers[category])
            if rows["value"].isna().all():
                say(axes, reasons(rows, "no answers"), 1.1)
            axes.set_xlim(-0.4, len(times) - 0.6)
            axes.set_xticks(range(len(times)), [f"iteration {k}" if k else "originals" for k in times])
            axes.set_ylim(-0.03, 1.03)
            axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        return finish(figure, title, line_keys(colours, markers), _notes(shown, times))


def _line(axes: "Axes", line: pd.DataFrame, aside: float, category: str, colour: str, marker: str) -> None:
    """Categories stand side by side, so that their intervals can be told apart."""
    values = line[["value", "ci_low", "ci_high"]].astype(float)
    if values["value"].isna().all():
        return
    places = [place + aside for place in range(len(line))]
    axes.vlines(places, values["ci_low"], values["ci_high"], color=colour, linewidth=1)
    axes.plot(places, values["value"], color=colour, marker=marker, label=category, **EDGE)


def _notes(shown: pd.DataFrame, times: list[int]) -> list[str]:
    without = missing(
        "" if len(times) > 1 else "a second iteration to compare with",
        "rates of categories without answers" if shown["value"].isna().any() else "",
        lone(shown),
    )
    how = "Up: share of answers that name the right concept; upright lines: 95 % intervals."
    return [how, without]
