"""Draws the changes of crossed categories: one matrix of categories by labels."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import multiples, style
from broken_telephone.reporting.figures.matrix import FRAME, draw_change, draw_hatched, hatched_key, matrix
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics import ALL, CROSS
from broken_telephone.statistics.hypothesis_tests.power import MIN_CHANGES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def intersections_figure(changes: pd.DataFrame, attribute: str, start: str = "image") -> "Figure":
    """Draw a matrix of crossed categories (rows) by labels (columns): the partially pooled change of each share.

    A cell gives the change in points with its sign; the darker, the larger it is. A frame and bold type mark a
    significant change. Hatched cells have too few starts for any test. A category that is hatched for all single
    labels has no row unless its change over all labels is significant; the notes name it.

    Args:
        changes: as `statistics.intersections_table` returns it, with p_adjusted.
        attribute: the crossed attribute to draw, such as `age x gender`.
        start: of the chains: image or prompt.
    """
    title = f"Change of {spoken(attribute)} from the first to the last image, {multiples.STARTS[start]}"
    rows = select(changes, attribute=attribute, start=start)
    if rows.empty or rows["value"].isna().all():
        reason = multiples.reasons(rows, "there is no row of these chains")
        return multiples.blank(title, reason)
    rows = rows.assign(is_shown=(rows["starts_in_category"] >= MIN_CHANGES) & rows["value"].notna())
    labels, categories = style.labels_of(rows), style.categories_of(attribute, rows)
    # A category that only all labels together show is worth a row only if its change is significant.
    alone = rows["label"].nunique() > 1
    counts = rows["is_shown"] & ((rows["label"] != ALL) | (not alone) | (rows["p_adjusted"] < LEVEL))
    occurring = set(rows.loc[counts, "category"].astype(str))
    folded = [category for category in categories if category not in occurring]
    shown = [category for category in categories if category in occurring]
    if not shown:
        return multiples.blank(title, f"no crossed category has {MIN_CHANGES} starts for any label")
    with style.styled():
        firsts = [category.split(CROSS)[0] for category in shown]
        figure, axes = matrix(labels, [spoken(category) for category in shown], firsts)
        reach = float(rows.loc[rows["is_shown"], "pooled_value"].abs().max())
        for row in rows[rows["category"].isin(shown)].itertuples(index=False):
            _draw_cell(axes, row, labels.index(str(row.label)), shown.index(str(row.category)), reach)
        keys = [multiples.patch_key(f"significant change (adjusted p < {LEVEL})", **FRAME)]
        if not rows.loc[rows["category"].isin(shown), "is_shown"].all():
            few = f"fewer than {MIN_CHANGES} starts in the category"
            keys.append(hatched_key(few))
        notes = [
            "Cells: change of the share in percentage points, after partial pooling. Plus signs and orange: more "
            "frequent; minus signs and purple: less frequent. The darker a cell, the larger its change."
        ]
        if folded:
            names = ", ".join(spoken(category) for category in folded)
            notes.append(
                f"Not drawn, because no single label has {MIN_CHANGES} starts in the category, and no change is "
                f"significant: {names}."
            )
        return multiples.finish(figure, title, keys, notes)


def has_cells(changes: pd.DataFrame) -> bool:
    """Return whether any crossed category has enough starts for a test for some label."""
    return bool(((changes["starts_in_category"] >= MIN_CHANGES) & changes["value"].notna()).any())


def _draw_cell(axes: "Axes", row: Any, column: int, line: int, reach: float) -> None:
    if not row.is_shown:
        draw_hatched(axes, column, line)
        return
    is_significant = not pd.isna(row.p_adjusted) and row.p_adjusted < LEVEL
    draw_change(axes, column, line, row.pooled_value, reach, is_significant)
