"""Writes sentences about a study's plan: what was planned, what it showed, and whether the study may stop."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from broken_telephone.reporting.text.wording import counted, listed, percent, points, the_share
from broken_telephone.statistics.tables.interim_looks import FALL, OPEN, RISE, SMALL
from broken_telephone.statistics.tables.planned_table import NO_TEST

_NAMED = 8
_DIGITS = 12
"""Digits of the digest that a sentence shows; the record has all of them."""


def plan_sentences(
    record: Mapping[str, Any], planned: pd.DataFrame, looks: pd.DataFrame, deviations: Sequence[str]
) -> list[str]:
    """Tell what was planned and what it showed.

    Args:
        record: the frozen plan; empty without one.
        planned: as `planned_table` returns it.
        looks: as `interim_looks_table` returns it.
        deviations: settings that differ from the plan.
    """
    if not record:
        return ["No plan was frozen for this study, so all of its findings are exploratory."]
    return [
        *_frozen(record),
        *(_hypothesis(row, record["plan"]) for row in planned.to_dict("records")),
        *_family(record["plan"]),
        *look_sentences(record["plan"], looks),
        *_deviations(deviations),
        "All other findings of this study are exploratory.",
    ]


def look_sentences(plan: Mapping[str, Any], looks: pd.DataFrame) -> list[str]:
    """Tell at which look all hypotheses were answered, so that the study may stop.

    Args:
        plan: the frozen plan's settings.
        looks: as `interim_looks_table` returns it.
    """
    if plan["looks"] < 2:
        return []
    if looks.empty:
        return [f"The study has not reached the first of its {plan['looks']} looks."]
    tests, sentences = len(plan["hypotheses"]), []
    for look, rows in looks.groupby("look"):
        is_open = tests - int((rows["answer"].astype(str) != OPEN).sum())
        if not is_open:
            where = f"at look {look} ({counted(int(rows['clusters'].max()), 'start')})"
            sentences.append(f"The question is answered {where}. The study may stop.")
            break
    else:
        sentences.append(
            f"At look {look} of {plan['looks']} ({counted(int(rows['clusters'].max()), 'start')}), {is_open} of "
            f"{counted(tests, 'hypothesis').replace('hypothesiss', 'hypotheses')} "
            f"{'is' if is_open == 1 else 'are'} open."
        )
    return [*sentences, "Looks use the annotator's own answers; they do not correct its errors."]


def _frozen(record: Mapping[str, Any]) -> Iterator[str]:
    number = len(record["plan"]["hypotheses"])
    what = f"{number} primary {'hypothesis' if number == 1 else 'hypotheses'}"
    stamp = f"{record['frozen_at'][:16].replace('T', ' ')} UTC (digest {record['digest'][:_DIGITS]}"
    stamp += f", version {record['version']})"
    earlier = record["earlier_results"]
    if earlier:
        when = f"after the first results of this study ({listed(earlier, _NAMED)})"
        yield f"A plan with {what} was frozen {when}: {stamp}."
        yield "The hypotheses may depend on these results."
    else:
        yield f"A plan with {what} was frozen before any results: {stamp}."


def _hypothesis(row: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    """Write one sentence about a planned hypothesis."""
    share = the_share(str(row["attribute"]), str(row["category"]), str(row["label"]))
    start = " in chains from prompts" if str(row["start"]) == "prompt" else ""
    answer, limit = str(row["answer"]), points(plan["change"])
    if answer == NO_TEST:
        return f"Planned: {share}{start} was not tested ({row['note']})."
    numbers = f"simultaneous {percent(1 - plan['level'])} interval "
    numbers += (
        f"{points(row['ci_low'], unit=False)} to {points(row['ci_high'])}" if pd.notna(row["ci_low"]) else "unknown"
    )
    if pd.notna(row["p_adjusted"]):
        numbers += f", adjusted p {_p(float(row['p_adjusted']))}"
    if answer in (RISE, FALL):
        verb, direction = ("rose" if answer == RISE else "fell"), str(row["direction"] or "")
        prediction = "" if not direction else ", as predicted" if direction == answer else ", against the prediction"
        return f"Planned: {share}{start} {verb} by {points(abs(row['value']))} ({numbers}){prediction}."
    if answer == SMALL:
        return f"Planned: {share}{start} changed by less than {limit} in either direction ({numbers})."
    return f"Planned: {share}{start}: neither a change nor a change below {limit} is shown ({numbers})."


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _family(plan: Mapping[str, Any]) -> Iterator[str]:
    level = f"any false claim among them has a probability of at most {percent(plan['level'])}"
    method = "Holm's method" if plan["looks"] < 2 else "alpha spending and a Bonferroni correction"
    yield f"The planned hypotheses are a family of tests of their own, adjusted by {method}: {level}."


def _deviations(deviations: Sequence[str]) -> Iterator[str]:
    if deviations:
        yield f"The study deviates from its plan: {listed(deviations, _NAMED)}."
