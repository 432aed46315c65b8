"""Draws the similarities of an arm beside those of the reference: a dumbbell per label, all panels on one axis."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.figures.similarity import PAIR_NAMES
from broken_telephone.reporting.text.contrast_names import judged
from broken_telephone.reporting.text.verdicts import LEVEL, NOT_ENOUGH_DATA
from broken_telephone.statistics.outcomes import SIMILARITY
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_REFERENCE: dict[str, Any] = {"color": style.INK, "marker": "o", "markersize": 4, "markerfacecolor": "white"}
_ARM: dict[str, Any] = {"color": style.INK, "marker": "D", "markersize": 3.6}
_OPEN: dict[str, Any] = _ARM | {"markerfacecolor": "white"}
_UNKNOWN: dict[str, Any] = {"color": style.PALE, "marker": "x", "markersize": 4, "markeredgewidth": 1.1}
_WIDTH = 1.6


def similarity_contrasts(contrasts: pd.DataFrame, arm: str, start: str = "image") -> pd.DataFrame:
    """Return the similarities of an arm in the last iteration that both arms have a value of."""
    rows = judged(contrasts, arm=arm, start=start, family=SIMILARITY)
    return rows.dropna(subset=["value_arm", "value_reference"])


def similarity_contrasts_figure(contrasts: pd.DataFrame, arm: str, start: str = "image") -> "Figure":
    """Draw one panel per kind and pair of similarities, with one row per label.

    A circle is the mean cosine similarity in the reference, and a diamond that in the arm. The line through the
    diamond is the 95 % interval of the difference. All panels have one axis, and so do the figures of all arms.

    Args:
        contrasts: the `contrasts` table.
        arm: to compare with the reference.
        start: of the chains: image or prompt.
    """
    title = f"Similarities of {arm}, {multiples.STARTS[start]}"
    rows = similarity_contrasts(contrasts, arm, start)
    if rows.empty:
        return multiples.blank(title, "no similarity has a value in both studies")
    reference = str(rows["reference"].iloc[0])
    everything = judged(contrasts, start=start, family=SIMILARITY)
    limits = _limits(everything)
    keys = set(rows[["category", "attribute"]].itertuples(index=False, name=None))
    shown = [key for key in PAIR_NAMES if key in keys]
    labels = style.labels_of(rows)
    with style.styled():
        titles = [PAIR_NAMES[key] for key in shown]
        figure, all_axes = label_rows.row_panels(labels, titles, width=_WIDTH, has_zero=False)
        for axes, (kind, pair) in zip(all_axes, shown, strict=True):
            label_rows.value_axis(axes, limits)
            own = rows[(rows["category"] == kind) & (rows["attribute"] == pair)]
            for row in own.itertuples(index=False):
                _draw_row(axes, labels.index(str(row.label)), row)
            for place in sorted(set(range(len(labels))) - {labels.index(str(label)) for label in own["label"]}):
                label_rows.write_no_value(axes, place)
        return multiples.finish(
            figure,
            title,
            _keys(rows, arm, reference),
            [
                "x-axis: mean cosine similarity in the last iteration, in chains that both studies have; the same axis "
                "in all panels and for all studies. Lines: 95 % intervals of the difference, drawn at the study; those "
                "of significant differences are adjusted for selection. The table has these differences corrected "
                "for selection."
            ],
            ["pairs that have no value in one of the studies" if len(rows) < len(shown) * len(labels) else ""],
        )


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    arm, reference, lowest, highest = (
        rows[name].astype(float) for name in ("value_arm", "value_reference", "ci_low", "ci_high")
    )
    values = pd.concat([arm, reference, reference + lowest, reference + highest]).dropna()
    low, high = float(values.min()), float(values.max())
    room = 0.06 * max(high - low, 0.2)
    return low - room, high + room


def _mark(row: Any) -> dict[str, Any]:
    if row.verdict in (HIGHER, LOWER):
        return _ARM
    return _UNKNOWN if row.verdict == NOT_ENOUGH_DATA else _OPEN


def _draw_row(axes: "Axes", place: int, row: Any) -> None:
    axes.plot([row.value_reference, row.value_arm], [place, place], color=style.NEVER, linewidth=2.2, zorder=1)
    if pd.notna(row.ci_low) and pd.notna(row.ci_high):
        ends = [row.value_reference + row.ci_low, row.value_reference + row.ci_high]
        axes.plot(ends, [place, place], color=_mark(row)["color"], linewidth=0.9, zorder=1.5)
    axes.plot(row.value_reference, place, linestyle="", **_REFERENCE)
    axes.plot(row.value_arm, place, linestyle="", **_mark(row))


def _keys(rows: pd.DataFrame, arm: str, reference: str) -> list[Any]:
    is_claim, is_unknown = rows["verdict"].isin([HIGHER, LOWER]), rows["verdict"] == NOT_ENOUGH_DATA
    keys = [multiples.line_key(reference, linestyle="", **_REFERENCE)]
    for has_any, text, look in (
        (is_claim.any(), f"{arm}, significant difference (adjusted p < {LEVEL})", _ARM),
        ((~is_claim & ~is_unknown).any(), f"{arm}, no significant difference", _OPEN),
        (is_unknown.any(), f"{arm}, not enough data", _UNKNOWN),
    ):
        if has_any:
            keys.append(multiples.line_key(text, linestyle="", **look))
    return keys
