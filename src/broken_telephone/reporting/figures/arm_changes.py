"""Draws how the shares of one attribute change in all arms of a comparison, side by side on one common axis."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.reporting.figures import label_rows, multiples, style
from broken_telephone.reporting.text.contrast_names import judged
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.outcomes import SHARES
from broken_telephone.statistics.tables.contrasts import HIGHER, LOWER
from broken_telephone.statistics.tables.corrected_shares import RATINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 4
"""Arms beside the reference that fit into the row of a label. With more arms, each arm has a row of its own."""
_MARK: dict[str, Any] = {"linestyle": "", "clip_on": False}
"""Marks at the end of the axis are drawn whole."""
_REFERENCE: dict[str, Any] = {
    "color": style.INK,
    "marker": "o",
    "markersize": 3.8,
    "markerfacecolor": "white",
}
_CORRECTED: dict[str, Any] = {
    "color": style.INK,
    "marker": "|",
    "markersize": 6,
    "markeredgewidth": 1.4,
}
"""The reference beside arms whose changes are corrected with ratings, as its own change then is."""
_ARM: dict[str, Any] = {"color": style.INK, "marker": "D", "markersize": 3.6}
"""An arm in a row of its own."""
_COLOURS, _MARKERS = style.OKABE_ITO, "Ds^vPX*<"
_STEP = 0.09
"""Inches between the marks of two arms in a row."""
_SAME = 0.005
"""Values of the reference that differ less are one value."""


def changes_of_arms(contrasts: pd.DataFrame, start: str = "image") -> pd.DataFrame:
    """Return the changes of shares up to the last iteration that have a value in an arm and in the reference."""
    rows = judged(contrasts, start=start, family=SHARES)
    return rows.dropna(subset=["value_arm", "value_reference"])


def arm_changes_figure(contrasts: pd.DataFrame, attribute: str, start: str = "image") -> "Figure":
    """Draw one panel per category: the change of its share since the first image, with a mark for each arm.

    Rows are labels. With more than MOST arms, rows are arms and the changes are those over all labels. All panels, and
    the figures of all attributes, have one axis. A filled mark differs significantly from the reference.

    Args:
        contrasts: the `contrasts` table.
        attribute: whose shares are drawn.
        start: of the chains: image or prompt.
    """
    title = f"Changes of shares in all studies, {spoken(attribute)}, {multiples.STARTS[start]}"
    everything = changes_of_arms(contrasts, start)
    rows = everything[everything["attribute"] == attribute]
    rows = rows.assign(is_corrected=rows["method"].astype(str).str.endswith(RATINGS))
    if rows.empty:
        return multiples.blank(title, "no share has a change in two studies")
    reference, arms = str(rows["reference"].iloc[0]), list(dict.fromkeys(rows["arm"].astype(str)))
    categories = style.categories_of(attribute, rows)
    are_rows = len(arms) > MOST
    if are_rows:
        together = rows[rows["label"] == ALL]
        rows = together if len(together) else rows[rows["label"] == rows["label"].iloc[0]]
    names = [reference, *arms] if are_rows else style.labels_of(rows)
    with style.styled():
        height = label_rows.ROW if are_rows else max(label_rows.ROW, (len(arms) + 2) * _STEP)
        figure, all_axes = label_rows.row_panels(names, [str(one) for one in categories], row=height)
        for axes, category in zip(all_axes, categories, strict=True):
            _common_axis(axes, everything)
            own = rows[rows["category"] == category]
            if are_rows:
                _draw_arms_as_rows(axes, own, names)
            else:
                _draw_arms_in_rows(axes, own, names, arms, _STEP / height)
        how = (
            "x-axis: measured change, share in the last image minus share in the first, in chains that a study and the "
            "reference have; the same axis in all panels and for all attributes. Filled marks differ significantly "
            f"from {reference} (adjusted p < {LEVEL}); hollow marks do not, or too little is known."
        )
        scope = f"Changes over {'all labels' if (rows['label'] == ALL).all() else spoken(rows['label'].iloc[0])}."
        notes = [how, *([scope] if are_rows else []), *_correction_note(rows, reference), *_chains_note(rows)]
        return multiples.finish(figure, title, _keys(reference, arms, are_rows, rows), notes)


def _common_axis(axes: "Axes", rows: pd.DataFrame) -> None:
    values = pd.concat([rows["value_arm"], rows["value_reference"]]).astype(float)
    label_rows.change_axis(axes, pd.DataFrame({"value": values, "ci_low": values, "ci_high": values}))


def _mark(number: int, is_claim: bool) -> dict[str, Any]:
    colour = _COLOURS[number % len(_COLOURS)]
    look = {"color": colour, "marker": _MARKERS[number % len(_MARKERS)], "markersize": 4.0}
    return look | {"markerfacecolor": colour if is_claim else "white"}


def _references(rows: pd.DataFrame) -> list[tuple[float, dict[str, Any]]]:
    """Return the values of the reference with their marks: by the annotator, and corrected with ratings."""
    by_method = rows.drop_duplicates("is_corrected").itertuples(index=False)
    return [(row.value_reference, _CORRECTED if row.is_corrected else _REFERENCE) for row in by_method]


def _draw_arms_in_rows(axes: "Axes", rows: pd.DataFrame, labels: list[str], arms: list[str], step: float) -> None:
    """Draw the reference in the first line of a label's row, and the arms below it."""
    middle = len(arms) / 2
    for label, own in rows.groupby("label", sort=False):
        place = labels.index(str(label))
        first = place - middle * step
        for value, mark in _references(own):
            axes.plot(value, first, **_MARK, **mark)
        for row in own.itertuples(index=False):
            number = arms.index(str(row.arm))
            mark = _mark(number, row.verdict in (HIGHER, LOWER))
            axes.plot(row.value_arm, first + (number + 1) * step, **_MARK, **mark)
    for place, label in enumerate(labels):
        if label not in set(rows["label"].astype(str)):
            label_rows.write_no_value(axes, place)


def _draw_arms_as_rows(axes: "Axes", rows: pd.DataFrame, names: list[str]) -> None:
    for value, mark in _references(rows):
        axes.plot(value, 0, **_MARK, **mark)
        # The reader compares all arms with it.
        axes.axvline(value, color=style.PALE, linewidth=0.6, linestyle="-" if mark is _CORRECTED else ":", zorder=0.7)
    for row in rows.itertuples(index=False):
        fill = style.INK if row.verdict in (HIGHER, LOWER) else "white"
        axes.plot(row.value_arm, names.index(str(row.arm)), **_MARK, **_ARM, markerfacecolor=fill)
    drawn = {names[0], *rows["arm"].astype(str)} if len(rows) else set()
    for place, name in enumerate(names):
        if name not in drawn:
            label_rows.write_no_value(axes, place)


def _keys(reference: str, arms: list[str], are_rows: bool, rows: pd.DataFrame) -> list[Any]:
    keys = []
    if not rows["is_corrected"].all():
        keys.append(multiples.line_key(reference, linestyle="", **_REFERENCE))
    if rows["is_corrected"].any():
        keys.append(multiples.line_key(f"{reference}, corrected with ratings", linestyle="", **_CORRECTED))
    if not are_rows:
        keys += [multiples.line_key(arm, linestyle="", **_mark(number, True)) for number, arm in enumerate(arms)]
    return keys


def _correction_note(rows: pd.DataFrame, reference: str) -> list[str]:
    """Name the arms whose changes ratings correct. The change of the reference is then corrected, too."""
    names = []
    for arm, own in rows.groupby("arm", sort=False):
        labels = list(dict.fromkeys(own.loc[own["is_corrected"], "label"].astype(str)))
        if labels:
            are_all = own["is_corrected"].all()
            names.append(str(arm) if are_all else f"{arm} ({', '.join(spoken(label) for label in labels)})")
    if not names:
        return []
    others = "" if rows["is_corrected"].all() else " The annotator's answers alone give all other changes."
    return [f"Human ratings correct the changes of {', '.join(names)} and those of {reference} beside them.{others}"]


def _chains_note(rows: pd.DataFrame) -> list[str]:
    """Tell if the reference has several values by one method, because arms share different chains with it."""
    keys = ["label", "category", "is_corrected"]
    spread = rows.astype({"value_reference": float}).groupby(keys, sort=False)["value_reference"]
    if (spread.max() - spread.min()).max() <= _SAME:
        return []
    return ["The reference is drawn in the chains that it shares with the first study; others share other chains."]
