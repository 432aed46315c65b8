"""Writes sentences about the significant changes of crossed categories, such as `20-39 x female`."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.wording import (
    after_selection,
    capital,
    counted,
    interval,
    listed,
    points,
    spoken,
    the_share,
)
from broken_telephone.statistics import CROSS

_NAMED = 2


def intersection_sentences(changes: pd.DataFrame, level: float, contradicted: Collection[str] = ()) -> list[str]:
    """Describe the surest significant changes of crossed categories, at most two, and count the others.

    Args:
        changes: the `intersection_changes` table, as `verdicts.judged_together` returns it.
        level: adjusted p-values below it are significant.
        contradicted: attributes for which human ratings contradict the annotator's drift.

    Returns:
        No sentence if no change is significant, or if its interval includes zero.
    """
    if changes.empty:
        return []
    excludes_zero = (changes["ci_low"] > 0) | (changes["ci_high"] < 0)
    significant = changes[(changes["p_adjusted"] < level) & excludes_zero]
    if significant.empty:
        return []
    near = significant[["ci_low", "ci_high"]].abs().min(axis=1).round(9)
    ranked = significant.assign(near=near).sort_values("near", ascending=False, kind="stable")
    several_starts = changes["start"].nunique() > 1
    named = ranked.drop_duplicates(["start", "label", "attribute"]).head(_NAMED)
    sentences = [_sentence(row, several_starts) for row in named.itertuples(index=False)]
    if len(significant) > len(named):
        more = counted(len(significant) - len(named), "more significant change")
        sentences[-1] += f" The table of crossed attributes lists {more}."
    pairs = {name for attribute in named["attribute"].astype(str) for name in attribute.split(CROSS)}
    if wrong := sorted(spoken(name) for name in pairs & set(contradicted)):
        doubt = f"human ratings contradict the annotator's drift of {listed(wrong, len(wrong))}"
        sentences.append(capital(f"{doubt}, and nothing corrects crossed attributes. Do not rely on these changes."))
    return sentences


def _sentence(row: Any, several_starts: bool) -> str:
    verb, sign = ("rose", 1) if row.value > 0 else ("fell", -1)
    limits = sorted((sign * row.ci_low, sign * row.ci_high))
    where = f" in chains from {row.start}s" if several_starts else ""
    share = the_share(str(row.attribute), str(row.category), str(row.label))
    first, second = (spoken(name) for name in str(row.attribute).split(CROSS))
    predicted = points(row.predicted_value)
    change = f"a {'rise' if row.predicted_value > 0 else 'fall'} of {points(abs(row.predicted_value))}"
    change = "no change" if predicted == "0 points" else change
    size = points(abs(row.value))
    selection = after_selection(size, abs(row.value), abs(row.shrunken_value), limits[0])
    return (
        f"From image {row.since} to image {row.iteration}{where}, {share} {verb} by {size} "
        f"({interval(*limits)}{selection}) according to the annotator's answers. "
        f"The changes of {first} and of {second} alone predict {change}."
    )
