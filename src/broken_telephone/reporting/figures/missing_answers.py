"""Draws the missing answers over iterations, by the category of the first image: one panel per label."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.missing_answers import NO_ANSWER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TOTAL: dict[str, Any] = {"color": "0.15", "linestyle": "--", "linewidth": 1.2}


def missing_answers_figure(
    missing_answers: pd.DataFrame, attribute: str, start: str = "image", colours: Mapping[str, str] | None = None
) -> "Figure":
    """Draw one panel per label: the share of images without a valid answer, for all chains and by first image.

    A line above the others: answers are missing more often for chains that began as that category. Shares of the
    category are then measured for the other chains only.

    Args:
        missing_answers: as `statistics.missing_answers_table` returns it.
        attribute: the attribute to draw.
        start: of the chains: image or prompt.
        colours: of the categories, if not those of `category_colours`.
    """
    title = f"Images without a valid answer about {spoken(attribute)}, {multiples.STARTS[start]}"
    rows = select(missing_answers, attribute=attribute, start=start)
    if rows.empty:
        return multiples.blank(title, f"the table has no rows of {spoken(attribute)} in {multiples.STARTS[start]}")
    names = [name for name in style.categories_of(attribute, rows) if name not in (ALL, NO_ANSWER)]
    colours = colours or style.category_colours(attribute, names)
    # In the order of the form, which chains by their first image need not have.
    categories = [name for name in colours if name in names]
    with style.styled():
        markers = style.category_markers(categories)
        figure, panels = multiples.label_panels(rows, 1.62, 1.3)
        for axes, _, own in panels:
            total = select(own, category=ALL).sort_values("iteration")
            times = [int(k) for k in total["iteration"]]
            for category in categories:
                line = select(own, category=category).sort_values("iteration")
                # All chains have a valid answer in the image that their category comes from.
                at = [int(line["since"].iloc[0]), *(int(k) for k in line["iteration"])] if len(line) else []
                values = [0.0, *line["after"].astype(float)] if len(line) else []
                look = {"marker": markers[category], **multiples.line_look(at), **style.EDGE}
                axes.plot(at, values, color=colours[category], **look)
            axes.plot(times, total["after"].astype(float), **_TOTAL)
            axes.set_xticks(multiples.iteration_ticks(times))
            multiples.share_axis(axes)
        keys = [multiples.line_key("all chains", **_TOTAL), *multiples.category_keys(colours, markers)]
        how = "x-axis: iteration; y-axis: share of images. Colours: category of the chain's first image."
        return multiples.finish(figure, title, keys, [how])
