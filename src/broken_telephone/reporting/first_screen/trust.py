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
    sentences += list(_missing(hidden, tables.get("missing_answers", pd.DataFrame())))
    planned = int(changes["is_planned"].fillna(False).astype(bool).sum())
    plan = (
        f"{counted(planned, 'change')} {'was' if planned == 1 else 'were'} planned before; all others are exploratory."
        if planned
        else ""
    )
    sentences.append(plan or "Nothing was planned before: treat all changes as exploratory.")
    return Box("Believe it?", answer, sentences, "believe")


def _checks(
    changes: pd.DataFrame, corrected: pd.DataFrame, tables: Mapping[str, pd.DataFrame], level: float
) -> tuple[str, list[str]]:
    if corrected.empty:
        agreement = _agreement(tables.get("agreement", pd.DataFrame()), tables.get("shares", pd.DataFrame()))
        unchecked = _on_originals(agreement) if agreement else "No labels by people check the annotator."
        if (changes["n_checked"].fillna(0) > 0).any():
            return "Too few ratings to correct the annotator.", [unchecked]
        return "The annotator is not checked on drawn images.", [unchecked]
    all_shares = counted(len(changes), "share")
    of_all = f"All {all_shares}" if len(corrected) == len(changes) else f"{len(corrected)} of {all_shares}"
    sources = [method for method in dict.fromkeys(corrected["method"].astype(str)) if method != RATINGS]
    answer = "Corrected with ratings by people." if RATINGS in set(corrected["method"]) else ""
    answer = answer or f"Corrected with the answers of {listed(sources, _NAMED)}, whose own errors are unknown."
    sizes = (corrected["value"] - corrected["annotator_value"]).astype(float)
    largest = corrected.loc[sizes.abs().idxmax()]
    where = f"{spoken(largest['label'])}, {shown_category(str(largest['attribute']), str(largest['category']))}"
    sentences = [f"{of_all} are corrected, by at most {points(sizes.abs().max())} ({where})."]
    contradicted = contradicted_attributes(tables.get("annotator_bias", pd.DataFrame()), level)
    if contradicted:
        names = listed([spoken(name) for name in contradicted], _NAMED)
        sentences.append(f"Ratings contradict the annotator's own drift of {names}.")
    return answer, sentences


def _missing(hidden: int, missing_answers: pd.DataFrame) -> Iterator[str]:
    """Say how many shares missing answers leave open, or that no answer is missing."""
    if hidden:
        yield f"Missing answers leave {counted(hidden, 'share')} open."
    elif len(missing_answers) and not missing_answers["after"].astype(float).max() > 0:
        yield "No answer is missing."


def _agreement(agreement: pd.DataFrame, shares: pd.DataFrame) -> dict[str, str]:
    """Return attribute -> how often the measured annotator agrees with the data set."""
    if agreement.empty or shares.empty:
        return {}
    measured = set(shares["annotator"].astype(str)) - {DATASET}
    return {
        spoken(row.attribute): percent(float(row.share_agreeing))
        for row in agreement.itertuples(index=False)
        if DATASET in (pair := {str(row.annotator_a), str(row.annotator_b)})
        and pair & measured
        and str(row.categories) == "all"
    }


def _on_originals(agreement: Mapping[str, str]) -> str:
    """Say how often the annotator agrees with the data set, once if all attributes are equal."""
    names, values = list(agreement), set(agreement.values())
    each = [f"{name} {share}" for name, share in agreement.items()]
    text = f"{listed(names, _NAMED)} {values.pop()}" if len(values) == 1 else listed(each, _NAMED)
    return f"On originals, it agrees with the data set: {text}."


def model_box() -> Box:
    """Say that one study alone blames no model."""
    return Box(
        "Which model?",
        "Not asked.",
        ["This study has one generator and one describer. Compare it with studies of other models."],
        "comparison",
    )


def settled_box(changes: pd.DataFrame, trajectories: pd.DataFrame) -> Box:
    """Say how many of the changed shares still move in the last step.

    Args:
        changes: the shares of the `findings` table, of one kind of start.
        trajectories: the `trajectories` table.
    """
    question = "Settled?"
    steps = select(trajectories, kind="last step") if len(trajectories) else trajectories
    steps = steps[steps["value"].notna()] if len(steps) else steps
    if changes.empty or steps.empty:
        return Box(question, "Unknown.", ["No chain has a step from one image to the next."], _HEADING)
    since, last = int(changes["since"].iloc[0]), int(changes["iteration"].iloc[0])
    if last - since < 2:
        return Box(question, "Unknown.", ["This takes at least two iterations; there is one."], _HEADING)
    known = changes[changes["verdict"].isin([RISE, FALL])]
    own = (first_match(steps, row, CELL) for row in known.itertuples(index=False))
    notes = [str(step.note) for step in own if step is not None]
    if not notes:
        return Box(question, "Nothing to settle.", ["No share changed significantly."], _HEADING)
    moving, settled = notes.count(MOVING), notes.count(SETTLED)
    rest = len(notes) - moving - settled
    of_all = f"of {counted(len(notes), 'changed share')}"
    answer = f"{moving} {of_all} still moved in the last step." if moving else f"None {of_all} is still moving."
    if not moving and rest:
        answer = f"Not enough data to tell for {rest} {of_all}."
    further = [f"Settled: {settled}; not enough data to tell: {rest}."] if moving or settled else []
    return Box(question, answer, further, _HEADING)
