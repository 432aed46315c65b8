"""Summarises the annotation of a study in one record: questions, answers, failures and times."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from broken_telephone.annotation.questions import LAST, Inquiry
from broken_telephone.annotation.tables import Answers
from broken_telephone.execution.adoption import counts_of
from broken_telephone.execution.journal import Record, Records, costs_in, records_of, seconds_in
from broken_telephone.labels import asked_for


def manifest(
    study: str,
    inquiries: Sequence[Inquiry],
    answers: Answers,
    records: Records,
    annotations: pd.DataFrame,
    sessions: Records | None = None,
) -> dict[str, Any]:
    """State what was asked and how it was answered.

    Args:
        study: its name.
        inquiries: what was asked.
        answers: what was answered.
        records: the journal, for the time in the models.
        annotations: the table made of the answers.
        sessions: the records of runs, for the costs of checks.

    Returns:
        `asked`, by question: who, reading, prompts and options, attributes of the form with their categories, pictures
        answered about, pictures that a table has no answer for, failures, seconds in the model, and how many answers
        were adopted from which study, whose seconds count; for a model behind an endpoint also the `costs` of its
        requests, those of checks included. `statuses`: shares of valid, unsure, invalid and refused answers, by
        question and attribute, over all rows of the table.
    """
    asked = {
        inquiry.name: {
            "by": inquiry.by,
            "reading": inquiry.reading,
            "settings": dict(inquiry.settings),
            "asked": [vars(one) for one in inquiry.asked],
            "attributes": asked_for(inquiry.forms[0]) if inquiry.forms else {},
            "answered": sum(
                "failure" not in answer and not _is_empty(answer) for answer in answers.get(inquiry.name, {}).values()
            ),
            **_without_answer(inquiry, answers),
            "failures": [
                {"picture": picture, **answer["failure"]}
                for picture, answer in answers.get(inquiry.name, {}).items()
                if "failure" in answer
            ],
            "seconds": seconds_in(records_of(inquiry.key, records)),
            "adopted": counts_of(records_of(inquiry.key, records), lambda record: len(record["answers"])),
            **costs_in([*records_of(inquiry.key, records), *_checks_of(inquiry, sessions or {})]),
        }
        for inquiry in inquiries
    }
    return {"study": study, "asked": asked, "statuses": _statuses(inquiries, annotations)}


def found_in_checks(sessions: Records) -> dict[str, dict[str, str]]:
    """Return question -> ability -> what the check of its model found, in the latest run that checked it.

    Args:
        sessions: the records of runs.
    """
    return {name: found for key in sorted(sessions) for name, found in sessions[key]().get("checks", {}).items()}


def _checks_of(inquiry: Inquiry, sessions: Records) -> Iterator[Record]:
    """Yield the costs of the checks before a question, as records."""
    for key in sessions:
        if costs := sessions[key]().get("check_costs", {}).get(inquiry.key):
            yield {"costs": costs}


def _is_empty(answer: Record) -> bool:
    return answer.get("labels") == {}


def _without_answer(inquiry: Inquiry, answers: Answers) -> dict[str, int]:
    if not inquiry.looks_up:
        return {}
    return {"without_answer": sum(map(_is_empty, answers.get(inquiry.name, {}).values()))}


def _statuses(inquiries: Iterable[Inquiry], annotations: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    statuses: dict[str, dict[str, dict[str, float]]] = {}
    for inquiry in sorted(inquiries, key=lambda inquiry: inquiry.name):
        if inquiry.reading == LAST:
            continue
        own = annotations[(annotations["annotator"] == inquiry.by) & (annotations["reading"] == inquiry.reading)]
        for attribute, rows in own.groupby("attribute", observed=True):
            shares = rows["status"].astype(str).value_counts(normalize=True)
            shares_of = statuses.setdefault(inquiry.name, {})
            shares_of[str(attribute)] = {str(status): round(float(share), 4) for status, share in shares.items()}
    return statuses
