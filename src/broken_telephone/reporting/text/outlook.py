"""Whether the drift has settled, and where it is heading, in sentences."""

from collections.abc import Sequence

import pandas as pd

from broken_telephone.reporting.text.verdicts import CELL, FALL, RISE
from broken_telephone.reporting.text.wording import (
    among,
    capital,
    counted,
    interval,
    listed,
    percent,
    points,
    share_interval,
    shown_as,
    the_share,
)
from broken_telephone.statistics.tables.shares_table import DATASET

_NAMED = 3


def settled_sentences(trajectories: pd.DataFrame, changes: pd.DataFrame) -> list[str]:
    """Tell of the last step how many shares have settled, and what has become of those that rose or fell.

    Args:
        trajectories: the `trajectories` table.
        changes: as `verdicts` returns it.
    """
    last = _of_kind(trajectories, "last step")
    if last.empty:
        return ["There is no step from one picture to the next, so whether the drift settles cannot be told."]
    sentences = []
    for start, steps in last.groupby("start", sort=False):
        whose = f"in chains that start from {start}s, " if last["start"].nunique() > 1 else ""
        end = int(steps["iteration"].max())
        if end - (start == "prompt") < 2:
            sentences.append(f"{whose}there is one step only, so whether the drift settles cannot be told.")
            continue
        told = _told(steps["note"])
        chance = round(steps["ci_low"].notna().sum() / 20)
        if chance and (steps["note"] == "moving").any():
            told += f"; of so many, about {chance} seem to move by chance alone"
        of = counted(len(steps), "share")
        sentences.append(f"{whose}in the last step, from picture {end - 1} to picture {end}, of {of} {told}.")
        # The tests of one step are not corrected for their number: only shares that are known to change are named.
        known = changes[(changes["start"] == start) & changes["verdict"].isin([RISE, FALL])]
        mine = [found for row in known.itertuples(index=False) if (found := _cell(steps, row, CELL)) is not None]
        if mine:
            moving = [_step(row) for row in mine if row.note == "moving"]
            named = f": {listed(moving, _NAMED)}" if moving else ""
            told = _told(pd.Series([row.note for row in mine]))
            sentences.append(f"{whose}of the {len(mine)} that rose or fell since the first picture, {told}{named}.")
    return [capital(sentence) for sentence in sentences]


def _told(notes: pd.Series) -> str:
    settled, moving, unknown = (int((notes == note).sum()) for note in ("settled", "moving", "cannot tell"))
    return f"{settled} settled, {moving} still moved, and of {unknown} it cannot be told"


def _step(row) -> str:  # type: ignore[no-untyped-def]
    sign = "+" if row.value > 0 else ""
    whose = f"{shown_as(row.attribute, row.category)} {among(row.label)}"
    return f"{whose} ({sign}{points(row.value)}, {interval(row.ci_low, row.ci_high)})"


def heading_sentences(changed: pd.DataFrame, trajectories: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    """Tell where the shares that changed most are heading, if all steps are like those there were.

    Args:
        changed: as `change_words.findings` returns it.
        trajectories: the `trajectories` table.
        shares: the `shares` table, for the intervals of the shares there are now.
    """
    ends = _of_kind(trajectories, "fixed point")
    steps = changed[changed["iteration"] - changed["since"] > 1].head(_NAMED)
    sentences = [_heading(row, ends, trajectories, shares) for row in steps.itertuples(index=False)]
    told = [sentence for sentence in sentences if sentence]
    if len(told):
        told[0] = "If all further steps were like those there were: " + told[0]
    return told


def _heading(row, ends: pd.DataFrame, trajectories: pd.DataFrame, shares: pd.DataFrame) -> str:  # type: ignore[no-untyped-def]
    end, now = _cell(ends, row, CELL), row.after
    share = the_share(row.attribute, row.category, row.label)
    if end is None or pd.isna(now):
        return ""
    if pd.isna(end.ci_low):
        return f"where {share} would end cannot be told."
    text = f"{share} would end at {percent(end.value)} ({share_interval(end.ci_low, end.ci_high)})"
    if end.ci_low <= now <= end.ci_high:
        text += f", which cannot be told from the {percent(now)} of picture {row.iteration}."
    elif (end.value - now) * row.value < 0:
        return (
            f"{share} has already passed the {percent(end.value)} ({share_interval(end.ci_low, end.ci_high)}) that "
            f"such steps lead to, with {percent(now)} in picture {row.iteration}: they do not describe it."
        )
    else:
        text += f", on from {percent(now)} in picture {row.iteration}{_pace(row, trajectories)}."
    return text + _fit(row, *_seen(row, trajectories, shares))


def _pace(row, trajectories: pd.DataFrame) -> str:  # type: ignore[no-untyped-def]
    half = _cell(_of_kind(trajectories, "half-life"), row, CELL[:3])
    if half is None or pd.isna(half.ci_low):
        return ""
    ends = f"from {half.ci_low:.1f} on" if pd.isna(half.ci_high) else f"{half.ci_low:.1f} to {half.ci_high:.1f}"
    whole = f"of all shares of {str(row.attribute).replace('_', ' ')} from picture {row.since} on"
    return f"; half of the way {whole} takes {half.value:.1f} iterations (95 % interval {ends})"


def _fit(row, predicted: float, low: float, high: float) -> str:  # type: ignore[no-untyped-def]
    """Warn where the same steps do not even give the share that there is now."""
    if pd.isna(predicted) or pd.isna(low) or low <= predicted <= high:
        return ""
    return (
        f" That is not to be relied on: such steps give {percent(predicted)} for picture {row.iteration}, where "
        f"{percent(row.after)} ({share_interval(low, high)}) were seen."
    )


def _seen(row, trajectories: pd.DataFrame, shares: pd.DataFrame) -> tuple[float, float, float]:  # type: ignore[no-untyped-def]
    """The share that the same steps predict for the last picture, and the interval of what was seen there."""
    predicted = _of_kind(trajectories, "predicted")
    at = _cell(predicted[predicted["iteration"] == row.iteration], row, CELL)
    own = shares[(shares["annotator"].astype(str) != DATASET) & (shares["iteration"] == row.iteration)]
    seen = _cell(own, row, CELL)
    nothing = float("nan")
    if at is None or seen is None:
        return nothing, nothing, nothing
    return at.value, seen.ci_low, seen.ci_high


def _of_kind(trajectories: pd.DataFrame, kind: str) -> pd.DataFrame:
    if trajectories.empty:
        return trajectories
    return trajectories[(trajectories["kind"] == kind) & trajectories["value"].notna()]


def _cell(table: pd.DataFrame, row, names: Sequence[str]):  # type: ignore[no-untyped-def]
    """The first row of a table that is the same in some columns."""
    if table.empty:
        return None
    here = pd.Series(True, index=table.index)
    for name in names:
        here &= table[name].astype(str) == str(getattr(row, name))
    return next(table[here].itertuples(index=False), None)
