"""Answers three questions beside the findings in a few words: whether to believe them, which model, whether settled."""

from collections.abc import Iterator, Mapping

import pandas as pd

from broken_telephone.reporting.first_screen.boxes import Box
from broken_telephone.reporting.first_screen.cells import HIDDEN, mark_of
from broken_telephone.reporting.first_screen.phrases import shown_category
from broken_telephone.reporting.selection import first_match, select
from broken_telephone.reporting.text.annotator_error import contradicted_attributes
from broken_telephone.reporting.text.limits import shared_model_sentences
from broken_telephone.reporting.text.verdicts import ANNOTATOR, CELL, FALL, RISE
from broken_telephone.reporting.text.wording import counted, listed, percent, points, spoken
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.shares_table import DATASET
from broken_telephone.statistics.tables.trajectories import MOVING, SETTLED

_NAMED = 4
_MOSTLY = 0.5
_HEADING = "heading"
"""The section on where the drift is heading."""


def believe_box(
    changes: pd.DataFrame, tables: Mapping[str, pd.DataFrame], manifests: Mapping[str, Mapping], level: float
) -> Box:
    """Say who checked the annotator, and what the check changed.

    Args:
        changes: the shares of the `findings` table.
        tables: by name; annotator_bias, agreement and shares are read.
        manifests: records of the runs, by name.
        level: adjusted p-values below it are significant.
    """
    corrected = changes[(changes["method"] != ANNOTATOR) & changes["value"].notna()]
    answer, sentences = _checks(changes, corrected, tables, level)
    if shared_model_sentences(manifests):
        sentences.append("Annotator and describer are one model: they may share errors.")
    hidden = sum(mark_of(row) == HIDDEN for row in changes.itertuples(index=False))
    if hidden:
        sentences.append(f"Missing answers leave {counted(hidden, 'share')} open.")
    planned = int(changes["is_planned"].fillna(False).astype(bool).sum())
    plan = (
        f"{counted(planned, 'change')} {'was' if planned == 1 else 'were'} planned; all others are exploratory."
        if planned
        else ""
    )
    sentences.append(plan or "Nothing was planned: all changes are exploratory.")
    return Box("Believe it?", answer, sentences, "believe")


def _checks(
    changes: pd.DataFrame, corrected: pd.DataFrame, tables: Mapping[str, pd.DataFrame], level: float
) -> tuple[str, list[str]]:
    if corrected.empty:
        agreement = _agreement(tables.get("agreement", pd.DataFrame()), tables.get("shares", pd.DataFrame()))
        sentences = [_on_originals(agreement)] if agreement else []
        if wrong := [name for name, share in agreement.items() if share < _MOSTLY]:
            sentences.insert(0, f"It contradicts the data set on most originals: {listed(wrong, _NAMED)}.")
        if (changes["n_checked"].fillna(0) > 0).any():
            return "Too few images are checked to correct the annotator.", sentences
        return f"The annotator is {'checked on originals only' if agreement else 'not checked'}.", sentences
    sizes = (corrected["value"] - corrected["annotator_value"]).astype(float)
    largest = corrected.loc[sizes.abs().idxmax()]
    where = f"{spoken(largest['label'])}, {shown_category(str(largest['attribute']), str(largest['category']))}"
    sentences = [f"The largest correction is {points(sizes.abs().max())} ({where})."]
    if rest := len(changes) - len(corrected):
        sentences.insert(0, f"Not corrected: {counted(rest, 'share')}.")
    contradicted = contradicted_attributes(tables.get("annotator_bias", pd.DataFrame()), level)
    if contradicted:
        names = listed([spoken(name) for name in contradicted], _NAMED)
        sentences.append(f"Ratings contradict the annotator's own drift of {names}.")
    return " ".join(_corrections(corrected["method"].astype(str), len(changes))), sentences


def _corrections(methods: pd.Series, total: int) -> Iterator[str]:
    """Name every method of correction, ratings first, with its number of shares unless it corrects all."""
    counts = methods.value_counts()
    for method in sorted(counts.index, key=lambda name: (name != RATINGS, name)):
        number = int(counts[method])
        source = "ratings by people" if method == RATINGS else f"the answers of {method}, whose own errors are unknown"
        of_all = "" if number == total else f": {number} of {counted(total, 'share')}"
        yield f"Corrected with {source}{of_all}."


def _agreement(agreement: pd.DataFrame, shares: pd.DataFrame) -> dict[str, float]:
    """Return attribute -> share of originals on which the measured annotator agrees with the data set."""
    if agreement.empty or shares.empty:
        return {}
    measured = set(shares["annotator"].astype(str)) - {DATASET}
    return {
        spoken(row.attribute): float(row.share_agreeing)
        for row in agreement.itertuples(index=False)
        if DATASET in (pair := {str(row.annotator_a), str(row.annotator_b)})
        and pair & measured
        and str(row.categories) == "all"
    }


def _on_originals(agreement: Mapping[str, float]) -> str:
    """Say how often the annotator agrees with the data set, once if all attributes are equal."""
    names, values = list(agreement), set(map(percent, agreement.values()))
    each = [f"{name} {percent(share)}" for name, share in agreement.items()]
    text = f"{listed(names, _NAMED)} {values.pop()}" if len(values) == 1 else listed(each, _NAMED)
    return f"There, it agrees with the data set: {text}."


def model_box() -> Box:
    """Say that one study alone blames no model."""
    return Box(
        "Which model?",
        "One study cannot tell.",
        ["Compare several models."],
        "comparison",
    )


def settled_box(changes: pd.DataFrame, trajectories: pd.DataFrame) -> Box:
    """Say how many of the changed shares still move in the last step.

    Args:
        changes: the shares of the `findings` table.
        trajectories: the `trajectories` table.
    """
    question = "Settled?"
    if changes.empty:
        return Box(question, "Unknown.", ["No share was compared."], _HEADING)
    spans = (changes["iteration"] - changes["since"]).astype(int)
    if spans.max() < 2:
        return Box(question, "Unknown.", ["It takes at least two iterations."], _HEADING)
    is_known = changes["verdict"].isin([RISE, FALL])
    if not is_known.any():
        return Box(question, "Nothing to settle.", ["No share changed significantly."], _HEADING)
    steps = select(trajectories, kind="last step") if len(trajectories) else trajectories
    steps = steps[steps["value"].notna()] if len(steps) else steps
    own = (first_match(steps, row, CELL) for row in changes[is_known & (spans >= 2)].itertuples(index=False))
    notes = [str(step.note) for step in own if step is not None]
    if not notes:
        return Box(question, "Unknown.", ["No changed share has a comparison of its last two images."], _HEADING)
    return _settled(int(is_known.sum()), notes.count(MOVING), notes.count(SETTLED))


def _settled(changed: int, moving: int, settled: int) -> Box:
    """Count the changed shares that move, that settled, and that are not decided."""
    rest = changed - moving - settled
    if changed == 1:
        words = "The changed share still moved in the last step." if moving else "The changed share is settled."
        return Box("Settled?", "Not enough data to tell for the changed share." if rest else words, [], _HEADING)
    of_all = f"of {counted(changed, 'changed share')}"
    answer = f"{moving} {of_all} still moved in the last step." if moving else f"None {of_all} is still moving."
    if not moving and rest:
        answer = f"Not enough data to tell for {rest} {of_all}."
    further = [f"Settled: {settled}; not enough data to tell: {rest}."] if moving or settled else []
    return Box("Settled?", answer, further, _HEADING)
