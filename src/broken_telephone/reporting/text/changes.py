"""What changed, in sentences: the clearest changes first, and what the published comparison would make of each."""

import pandas as pd

from broken_telephone.reporting.text.verdicts import CANNOT_TELL, FALL, NONE_SHOWN, RISE
from broken_telephone.reporting.text.wording import counted, interval, percent, points, the_share
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.decomposition import DRIFT_PART, INSTRUMENT, PUBLISHED

_SAME = 0.005
"""Shares that differ by less are the same in whole per cent."""


def findings(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the changes that are shown, the surest large ones first: one a start, label and attribute.

    They are sorted by the end of the interval that is closer to no change, so that a large change of few chains does
    not come before a smaller one that is sure. Of two that mirror each other, as genders do, the rise is told.
    """
    shown = changes[changes["verdict"].isin([RISE, FALL])]
    near = shown[["ci_low", "ci_high"]].abs().min(axis=1).fillna(0)
    shown = shown.assign(near=near.round(9), size=shown["value"].abs().round(9), falls=shown["verdict"] == FALL)
    shown = shown.sort_values(["near", "size", "falls"], ascending=[False, False, True], kind="stable")
    return shown.drop_duplicates(["start", "label", "attribute"])


def change_sentences(changes: pd.DataFrame, decomposition: pd.DataFrame, most: int) -> list[str]:
    """Tell the clearest changes, then how many there are of every verdict.

    Args:
        changes: as `verdicts` returns it.
        decomposition: the `decomposition` table.
        most: how many changes to tell.
    """
    found = findings(changes)
    several = changes["start"].nunique() > 1
    sentences = [
        _change(row, several) + _as_published(row, decomposition, is_first=place == 0)
        for place, row in enumerate(found.head(most).itertuples(index=False))
    ]
    if len(found) > most:
        more = counted(len(found) - most, "more pair")
        sentences.append(f"For {more} of label and attribute a change is shown; the table of changes lists them.")
    if found.empty:
        sentences.append("No change of any share is shown.")
    return [*sentences, _tally(changes)]


def _change(row, several: bool) -> str:  # type: ignore[no-untyped-def]
    lead = f"From picture {row.since} to picture {row.iteration}"
    if row.since == 0:
        lead = f"After {counted(int(row.iteration), 'iteration')}"
    if several:
        lead += f", in chains that start from {row.start}s,"
    verb, turn = ("rose", 1) if row.verdict == RISE else ("fell", -1)
    ends = sorted((turn * row.ci_low, turn * row.ci_high))
    chains = counted(int(row.n), "chain")
    if row.clusters < row.n:
        chains += f" from {counted(int(row.clusters), 'start')}"
    # Shares of all pictures may differ from the change of chains that have an answer both times.
    if abs(row.after - row.before - row.value) < _SAME:
        ends_at = f", from {percent(row.before)} to {percent(row.after)} ({chains})"
    else:
        ends_at = f" among the {chains} that have an answer in both pictures"
    share = the_share(row.attribute, row.category, row.label)
    return f"{lead} {share} {verb} by {points(abs(row.value))} ({interval(*ends)}){ends_at}."


def _as_published(row, decomposition: pd.DataFrame, is_first: bool) -> str:  # type: ignore[no-untyped-def]
    """Tell the change that the published comparison would find, and how much of it is the annotator's own error."""
    if row.start != "image" or decomposition.empty:
        return ""
    here = (decomposition["iteration"] == row.iteration) & decomposition["value"].notna()
    for name in ("label", "attribute", "category"):
        here &= decomposition[name].astype(str) == getattr(row, name)
    parts = {part.part: part for part in decomposition[here].itertuples(index=False)}
    if not {PUBLISHED, INSTRUMENT, DRIFT_PART} <= parts.keys():
        return ""
    published, error, drift = parts[PUBLISHED], parts[INSTRUMENT], parts[DRIFT_PART]
    whose = ""
    if abs(drift.value - row.value) >= _SAME:
        whose = f" (told for the {counted(int(drift.n), 'chain')} whose originals it labels)"
    how = ", as the published study does," if is_first else ""
    told = f" Compared with the data set's labels{whose}{how} it would be "
    size = points(abs(published.value))
    change = "no change" if size == "0 points" else f"a {'rise' if published.value > 0 else 'fall'} of {size}"
    sure = interval(error.ci_low, error.ci_high)
    if pd.isna(error.ci_low) or error.ci_low <= 0 <= error.ci_high:
        if points(error.value) == "0 points":
            return f"{told}{change}; no error of the annotator's own shows on the originals ({sure})."
        own = f"{points(error.value)}, {sure}"
        return f"{told}{change}; the annotator's own error in that ({own}) cannot be told from none."
    own = f"the annotator's own error ({points(error.value)}, {sure})"
    if change == "no change" or published.value * drift.value < 0:
        return f"{told}{change}: {own} {'hides the drift' if change == 'no change' else 'turns the drift round'}."
    if error.value * drift.value < 0:
        return f"{told}{change}: {own} hides part of the drift."
    turn = 1 if error.value > 0 else -1
    ends = interval(*sorted((turn * error.ci_low, turn * error.ci_high)))
    return f"{told}{change}, {points(abs(error.value), unit=False)} of them the annotator's own error ({ends})."


def _tally(changes: pd.DataFrame) -> str:
    count = changes["verdict"].value_counts()
    rose, fell, none, unknown = (int(count.get(name, 0)) for name in (RISE, FALL, NONE_SHOWN, CANNOT_TELL))
    labels = ", for every label and for all together" if (changes["label"] == ALL).any() else ""
    return (
        f"Of {counted(len(changes), 'share')} compared (every category{labels}), {rose} rose, {fell} fell, of {none} "
        f"no change is shown, and of {unknown} it cannot be told."
    )
