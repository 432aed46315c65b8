"""Writes sentences about convergence: whether the shares have settled, and where their transitions lead."""

import pandas as pd

from broken_telephone.reporting.selection import first_match, select
from broken_telephone.reporting.text.verdicts import CELL, FALL, NOT_ENOUGH_DATA, RISE
from broken_telephone.reporting.text.wording import (
    capital,
    counted,
    for_label,
    interval,
    listed,
    number_interval,
    percent,
    points,
    share_interval,
    shown_as,
    spoken,
    the_share,
)
from broken_telephone.statistics.tables.shares_table import DATASET
from broken_telephone.statistics.tables.trajectories import HIDDEN

_NAMED = 3


def settled_sentences(trajectories: pd.DataFrame, changes: pd.DataFrame, margin: float) -> list[str]:
    """Count the shares that settled in the last step, of all shares and of those that rose or fell.

    Args:
        trajectories: the `trajectories` table.
        changes: the shares of the `findings` table.
        margin: the largest change of a share that counts as settled, 0 to 1.
    """
    last = _of_kind(trajectories, "last step")
    if last.empty:
        return ["No chain has a step from one image to the next, so convergence cannot be assessed."]
    sentences = []
    for start, steps in last.groupby("start", sort=False):
        lead = f"in chains from {start}s, " if last["start"].nunique() > 1 else ""
        end = int(steps["iteration"].max())
        if end - (start == "prompt") < 2:
            sentences.append(f"{lead}there is only one step, so convergence cannot be assessed.")
            continue
        counts = _settled_counts(steps["note"])
        shares = counted(len(steps), "share")
        sentences.append(f"{lead}in the last step (image {end - 1} to image {end}) of {shares}: {counts}.")
        known = changes[(changes["start"] == start) & changes["verdict"].isin([RISE, FALL])]
        own_steps = (first_match(steps, row, CELL) for row in known.itertuples(index=False))
        changed = [step for step in own_steps if step is not None]
        if changed:
            moving = [_step(row) for row in changed if row.note == "moving"]
            named = f". Still moving: {listed(moving, _NAMED)}" if moving else ""
            counts = _settled_counts(pd.Series([row.note for row in changed]))
            shares = counted(len(changed), "share")
            sentences.append(f"{lead}of the {shares} that rose or fell since the first image: {counts}{named}.")
    if any("settled" in sentence for sentence in sentences):
        sentences.append(
            f"A share has settled if an equivalence test shows that its last change is below {points(margin)}, and it "
            "still moves if its last change is significant. Both tests are adjusted for the number of shares."
        )
    return [capital(sentence) for sentence in sentences]


def _settled_counts(notes: pd.Series) -> str:
    settled, moving = (int((notes == note).sum()) for note in ("settled", "moving"))
    unknown, hidden = len(notes) - settled - moving, int((notes == HIDDEN).sum())
    why = f" ({hidden} because of missing answers)" if hidden else ""
    return f"settled: {settled}; still moving: {moving}; {NOT_ENOUGH_DATA}: {unknown}{why}"


def _step(row) -> str:  # type: ignore[no-untyped-def]
    sign = "+" if row.value > 0 else ""
    share = f"{shown_as(row.attribute, row.category)} {for_label(row.label)}"
    return f"{share} ({sign}{points(row.value)}, {interval(row.ci_low, row.ci_high)})"


def fixed_point_sentences(changed: pd.DataFrame, trajectories: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    """Extrapolate the shares that changed most, under the assumption that all steps are like the observed ones.

    Args:
        changed: as `changes.significant_changes` returns it.
        trajectories: the `trajectories` table.
        shares: the `shares` table, for the intervals of the shares in the last image.
    """
    if shares.empty:
        return []
    fixed_points = _of_kind(trajectories, "fixed point")
    several_steps = changed[changed["iteration"] - changed["since"] > 1].head(_NAMED)
    described = (_fixed_point(row, fixed_points, trajectories, shares) for row in several_steps.itertuples(index=False))
    sentences = [capital(sentence) for sentence in described if sentence]
    if sentences:
        sentences[0] = f"These extrapolations assume that all further steps are like the observed ones. {sentences[0]}"
    return sentences


def _fixed_point(row, fixed_points: pd.DataFrame, trajectories: pd.DataFrame, shares: pd.DataFrame) -> str:  # type: ignore[no-untyped-def]
    end = first_match(fixed_points, row, CELL)
    share = the_share(row.attribute, row.category, row.label)
    if end is None or pd.isna(row.after):
        return ""
    if pd.isna(end.ci_low):
        return f"there is not enough data to extrapolate {share}."
    limits, now = share_interval(end.ci_low, end.ci_high), f"{percent(row.after)} of image {row.iteration}"
    passes = not end.ci_low <= row.after <= end.ci_high and (end.value - row.after) * row.value < 0
    if passes:
        return (
            f"{share} has already passed its end point of {percent(end.value)} ({limits}) with the {now}. "
            "The observed steps do not describe it."
        )
    text = f"{share} would end at {percent(end.value)} ({limits})"
    if end.ci_low <= row.after <= end.ci_high:
        text += f", which is not distinguishable from the {now}."
    else:
        text += f", starting from the {now}.{_half_life(row, trajectories)}"
    return text + _misfit(row, trajectories, shares)


def _half_life(row, trajectories: pd.DataFrame) -> str:  # type: ignore[no-untyped-def]
    half = first_match(_of_kind(trajectories, "half-life"), row, CELL[:3])
    if half is None or pd.isna(half.ci_low):
        return ""
    limits = number_interval(half.ci_low, half.ci_high, ".1f")
    if pd.isna(half.ci_high):
        limits = f"95 % interval from {half.ci_low:.1f} on"
    whole = f"all shares of {spoken(row.attribute)} together, from image {row.since} on,"
    return f" The half-life of {whole} is {half.value:.1f} iterations ({limits})."


def _misfit(row, trajectories: pd.DataFrame, shares: pd.DataFrame) -> str:  # type: ignore[no-untyped-def]
    """Warn if the same steps do not even predict the share of the last image."""
    last = select(_of_kind(trajectories, "predicted"), iteration=row.iteration)
    predicted = first_match(last, row, CELL)
    own = shares[(shares["annotator"].astype(str) != DATASET) & (shares["iteration"] == row.iteration)]
    observed = first_match(own, row, CELL)
    if predicted is None or observed is None or pd.isna(observed.ci_low) or pd.isna(observed.ci_high):
        return ""
    if observed.ci_low <= predicted.value <= observed.ci_high:
        return ""
    return (
        f" Do not rely on this: such steps predict {percent(predicted.value)} for image {row.iteration}, but "
        f"{percent(row.after)} ({share_interval(observed.ci_low, observed.ci_high)}) was observed."
    )


def _of_kind(trajectories: pd.DataFrame, kind: str) -> pd.DataFrame:
    table = select(trajectories, kind=kind)
    return table if table.empty else table[table["value"].notna()]
