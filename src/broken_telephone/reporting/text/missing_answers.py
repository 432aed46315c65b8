"""Writes sentences about missing answers: whether they changed, for whom, and which shares they leave open."""

from typing import Any

import pandas as pd

from broken_telephone.reporting.selection import matching
from broken_telephone.reporting.text.rounded_shares import rounded_shares
from broken_telephone.reporting.text.verdicts import FALL, RISE, of_family
from broken_telephone.reporting.text.wording import (
    counted,
    for_label,
    interval,
    listed,
    percent,
    points,
    shown_as,
    spoken,
)
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.findings import MISSING_ANSWERS
from broken_telephone.statistics.tables.missing_answers import CHANGE, DIFFERENCE

_NAMED = 3
_SPAN = ("start", "label", "attribute", "since", "iteration")


def missing_answer_sentences(
    missing_answers: pd.DataFrame, bounds: pd.DataFrame, findings: pd.DataFrame, level: float
) -> list[str]:
    """Describe significant changes of the missing answers, and count the shares that they leave open.

    Args:
        missing_answers: the `missing_answers` table, with p_adjusted.
        bounds: the `share_bounds` table.
        findings: the `findings` table. It decides which changes are significant.
        level: adjusted p-values below it are significant.
    """
    if missing_answers.empty:
        return []
    changes = of_family(findings, MISSING_ANSWERS)
    significant = changes[changes["verdict"].isin([RISE, FALL])].sort_values("p_adjusted", kind="stable")
    named = significant.drop_duplicates(["start", "attribute"]).head(_NAMED)
    sentences = [_change(row, missing_answers, bounds, level) for row in named.itertuples(index=False)]
    if len(significant) > len(named):
        sentences.append(f"The table of missing answers lists {counted(len(significant) - len(named), 'more change')}.")
    if significant.empty:
        sentences.append(_unchanged(missing_answers, len(changes)))
    shares = of_family(findings)
    is_open = shares["reason"].astype(str).str.contains("answers missing")
    if is_open.any():
        sentences.append(
            f"Missing answers leave {int(is_open.sum())} of {counted(len(shares), 'share')} open: the bounds on their "
            "change include both a change and none."
        )
    return sentences


def _change(row: Any, missing_answers: pd.DataFrame, bounds: pd.DataFrame, level: float) -> str:
    verb, sign = ("rose", 1) if row.verdict == RISE else ("fell", -1)
    limits = sorted((sign * row.ci_low, sign * row.ci_high))
    own = matching(missing_answers, row, _SPAN)
    change = own[own["kind"].astype(str) == CHANGE].iloc[0]
    before, after, size = rounded_shares(row, change["before"], change["after"]) or (
        percent(change["before"]),
        percent(change["after"]),
        points(abs(row.value)),
    )
    text = (
        f"From image {row.since} to image {row.iteration} of chains from {row.start}s, the share of images without a "
        f"valid answer about {spoken(row.attribute)} {for_label(row.label)} {verb} from {before} to {after}, by {size} "
        f"({interval(*limits)}){_for_whom(own, level)}."
    )
    own_bounds = matching(bounds, row, _SPAN)
    if own_bounds.empty:
        return text
    widest = own_bounds.loc[(own_bounds["change_high"] - own_bounds["change_low"]).idxmax()]
    category = shown_as(str(row.attribute), str(widest["category"]))
    return (
        f"{text} The share shown as {category} is therefore between {percent(widest['share_low'])} and "
        f"{percent(widest['share_high'])}."
    )


def _for_whom(own: pd.DataFrame, level: float) -> str:
    """Name the categories of the first image whose answers are missing more often, if there are such."""
    differences = own[own["kind"].astype(str) == DIFFERENCE]
    more = differences[(differences["p_adjusted"].astype(float) < level) & (differences["value"] > 0)]
    if more.empty:
        return ""
    names = [shown_as(str(row.attribute), str(row.category)) for row in more.itertuples(index=False)]
    others = differences[~differences["category"].isin(more["category"])]
    only = "only " if len(others) and not others["after"].astype(float).any() else "mostly "
    return f", {only}for chains whose first image is {listed(names, len(names))}"


def _unchanged(missing_answers: pd.DataFrame, tests: int) -> str:
    shares = missing_answers[missing_answers["category"].astype(str) == ALL]
    if not shares["after"].astype(float).max() > 0:
        return "Every image has a valid answer about every attribute."
    worst = shares.loc[shares["after"].astype(float).idxmax()]
    size = (
        f"At most {percent(float(worst['after']))} of the images of one iteration have no valid answer "
        f"({spoken(worst['attribute'])} {for_label(str(worst['label']))}, image {int(worst['iteration'])})."
    )
    return f"{size} No significant change of missing answers was detected." if tests else size
