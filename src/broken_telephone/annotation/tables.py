"""Makes tables of answers: attributes, probabilities, predicted labels, demographic terms, last descriptions."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

import pandas as pd

from broken_telephone.annotation.questions import CLOSED, FREE, LAST, Inquiry
from broken_telephone.chains import Chain
from broken_telephone.execution.journal import Record
from broken_telephone.labels import UNSURE, Form, Question, Variable, match_label, mentions, own_mentions, parse_form
from broken_telephone.models import Likelihoods
from broken_telephone.models.failures import NOT_IN_FORM, REFUSED_ANSWER
from broken_telephone.pictures import StudyPictures
from broken_telephone.tables import ANNOTATIONS, DESCRIPTIONS, MENTIONS, PREDICTIONS, PROBABILITIES, as_table

Answers = Mapping[str, Mapping[str, Record]]
"""Inquiry -> picture -> answer."""
_STATUSES = {REFUSED_ANSWER: "refused", NOT_IN_FORM: "invalid"}
"""Kind of a failure that is an answer -> its status."""


class Tables(NamedTuple):
    """The tables of the annotation."""

    annotations: pd.DataFrame
    annotation_probabilities: pd.DataFrame
    predictions: pd.DataFrame
    mentions: pd.DataFrame
    last_descriptions: pd.DataFrame


def tables(
    chains: list[Chain],
    study: StudyPictures,
    labels: Mapping[str, str],
    iterations: int,
    inquiries: list[Inquiry],
    answers: Answers,
    descriptions: pd.DataFrame,
    concept: str,
    known: Variable,
    own_attributes: Mapping[str, Variable] | None = None,
) -> Tables:
    """Read all answers.

    Args:
        chains: of the study.
        study: their pictures.
        labels: chain -> the label of the concept that its start has.
        iterations: of the loop.
        inquiries: what was asked.
        answers: what was answered.
        descriptions: the `loop_descriptions` table.
        concept: what the study asks about.
        known: its values and synonyms.
        own_attributes: attributes of the study's own, whose words are looked for in the descriptions, too.

    Returns:
        Rows in the order of annotators, chains and iterations; see `broken_telephone.tables` for the columns.
    """
    last_inquiry = next(inquiry for inquiry in inquiries if inquiry.reading == LAST)
    readings: dict[str, list[Inquiry]] = {}
    for inquiry in inquiries:
        if inquiry.reading != LAST:
            readings.setdefault(inquiry.by, []).append(inquiry)
    read_free = {one.name: _free_reader(one.forms[0]) for one in inquiries if one.reading == FREE}
    attributes: list[Record] = []
    weights: list[Record] = []
    choices: list[Record] = []
    for own, (chain, picture) in product(readings.values(), list(study.along(chains, iterations))):
        for inquiry in own:
            answer = answers.get(inquiry.name, {}).get(picture.name)
            if answer is None:
                continue
            who: Record = {"chain_id": chain.chain_id, "iteration": picture.iteration}
            who |= {"annotator": inquiry.by, "reading": inquiry.reading}
            if "failure" in answer:
                attributes += [who | row for row in _without_category(inquiry.forms[0], answer["failure"])]
                continue
            if inquiry.reading == FREE:
                attributes += [who | row for row in read_free[inquiry.name](answer)]
                continue
            for rows, closed in zip((attributes, choices), _chosen_of(inquiry, answer), strict=True):
                for row, each in closed:
                    rows.append(who | row)
                    weights += [who | {"attribute": row["attribute"]} | one for one in each]
    last = _last(chains, study, iterations, last_inquiry, answers)
    texts = _texts(pd.concat([descriptions[descriptions["iteration"] <= iterations], last]))
    return Tables(
        as_table(attributes, ANNOTATIONS),
        as_table(weights, PROBABILITIES),
        as_table([*_chosen(choices, labels), *_named(texts, labels, concept, known)], PREDICTIONS),
        as_table(list(_mentioned(texts, own_attributes or {})), MENTIONS),
        last,
    )


def categories_of(inquiry: Inquiry, answer: Record) -> dict[str, str | None] | None:
    """Return attribute or concept -> category of one answer, None where it is not valid; None for a failure."""
    if "failure" in answer:
        return None
    if inquiry.reading == FREE:
        rows = _free_reader(inquiry.forms[0])(answer)
    else:
        rows = [row for closed in _chosen_of(inquiry, answer) for row, _ in closed]
    return {row["attribute"]: row["category"] if row["status"] == "valid" else None for row in rows}


def _free_reader(form: Form) -> Callable[[Record], list[Record]]:
    """Return a function that parses answers to a form, each distinct one once: most pictures get one of a few."""

    @cache
    def parsed(text: str, refused: bool, truncated: bool) -> list[Record]:
        readings = parse_form(text, form, refused, truncated)
        return [{"attribute": attribute, **vars(reading), "raw": text} for attribute, reading in readings.items()]

    return lambda answer: parsed(answer["text"], answer["refused"], answer["truncated"])


def _without_category(form: Form, failure: Record) -> Iterator[Record]:
    """Yield the answers of a describer that refused, or wrote something else than the form; none of other failures."""
    if failure["kind"] in _STATUSES:
        for question in form.questions:
            yield {"attribute": question.variable, "category": None, "status": _STATUSES[failure["kind"]]}


def _chosen_of(inquiry: Inquiry, answer: Record) -> Iterator[Iterator[tuple[Record, list[Record]]]]:
    """Yield for each form its chosen answers, and the probabilities of their options."""
    if "labels" in answer:
        return (_labelled(form, answer["labels"]) for form in inquiry.forms)
    return (_closed(*one) for one in zip(inquiry.forms, answer["likelihoods"], strict=True))


def _labelled(form: Form, labels: Mapping[str, Record]) -> Iterator[tuple[Record, list[Record]]]:
    """Yield the answers of an annotator that is no describer, and their probabilities if it gives some."""
    for question in form.questions:
        if question.variable not in labels:
            continue
        given = labels[question.variable]
        logs = given.get("log_probabilities", {})
        each = [
            {"category": category, "probability": math.exp(logs[category]), "log_likelihood": logs[category]}
            for category in question.options.values()
            if category in logs
        ]
        row = {"attribute": question.variable, "category": given["category"], "status": given["status"]}
        # An invalid answer is a class without a category, which has no probability here.
        answer = UNSURE if given["status"] == "unsure" else given["category"]
        yield row | {"probability": math.exp(logs[answer]) if answer in logs else None}, each


def _closed(form: Form, lines: Likelihoods) -> Iterator[tuple[Record, list[Record]]]:
    """Yield the answer to each line, and the probabilities of all its options."""
    for question, likelihoods in zip(form.questions, lines, strict=True):
        shares = softmax(likelihoods)
        best = max(range(len(shares)), key=shares.__getitem__)
        each = [
            {"category": category, "probability": share, "log_likelihood": value}
            for category, share, value in zip(question.options.values(), shares, likelihoods, strict=True)
        ]
        yield _best(question, best, shares[best]), each


def _best(question: Question, place: int, probability: float) -> Record:
    category = list(question.options.values())[place]
    unsure = category == UNSURE
    return {
        "attribute": question.variable,
        "category": None if unsure else category,
        "status": "unsure" if unsure else "valid",
        "probability": probability,
    }


def softmax(likelihoods: list[float]) -> list[float]:
    """Return probabilities from log-likelihoods."""
    highest = max(likelihoods)
    weights = [math.exp(value - highest) for value in likelihoods]
    return [weight / sum(weights) for weight in weights]


def _chosen(choices: list[Record], labels: Mapping[str, str]) -> Iterator[Record]:
    for row in choices:
        label = labels[row["chain_id"]]
        yield {
            "chain_id": row["chain_id"],
            "iteration": row["iteration"],
            "concept": row["attribute"],
            "label": label,
            "predicted": row["category"],
            "correct": row["category"] == label,
            "reading": CLOSED,
            "model": row["annotator"],
            "status": "none" if row["category"] is None else "named",
            "probability": row["probability"],
        }


def _last(
    chains: list[Chain], study: StudyPictures, iterations: int, inquiry: Inquiry, answers: Answers
) -> pd.DataFrame:
    """Return descriptions of the last pictures as rows of the loop; empty and refused ones are left out.

    As in the loop, description k is of picture k - 1.
    """
    rows = []
    for chain in chains:
        one = study.of(chain, iterations)
        answer = answers.get(inquiry.name, {}).get(one.name) if one is not None else None
        if answer is not None and answer.get("text", "").strip() and not answer["refused"]:
            words = {name: answer[name] for name in ("text", "tokens", "truncated")}
            describer = answer.get("describer", inquiry.by)
            where = {"chain_id": chain.chain_id, "iteration": iterations + 1, "describer": describer}
            rows.append(where | words)
    return as_table(rows, DESCRIPTIONS)


def _texts(descriptions: pd.DataFrame) -> list[tuple[str, int, str, str | None]]:
    """Return chain, iteration, text and describer of every description; an imported one may have none."""
    describers = descriptions["describer"].astype(object)
    return list(
        zip(
            descriptions["chain_id"].astype(str),
            descriptions["iteration"].astype(int),
            descriptions["text"].astype(str),
            describers.where(describers.notna(), None),
            strict=True,
        )
    )


def _named(
    texts: list[tuple[str, int, str, str | None]], labels: Mapping[str, str], concept: str, known: Variable
) -> Iterator[Record]:
    for chain_id, iteration, text, describer in texts:
        if describer == "prompt":  # It is of no picture.
            continue
        naming = match_label(text, known)
        yield {
            "chain_id": chain_id,
            "iteration": iteration - 1,
            "concept": concept,
            "label": labels[chain_id],
            "predicted": naming.label,
            "correct": naming.label == labels[chain_id],
            "reading": "text",
            "model": describer,
            "status": naming.status,
        }


def _mentioned(texts: list[tuple[str, int, str, str | None]], own: Mapping[str, Variable]) -> Iterator[Record]:
    for chain_id, iteration, text, _ in texts:
        for term in [*mentions(text), *own_mentions(text, own)]:
            yield {
                "chain_id": chain_id,
                "iteration": iteration,
                "attribute": term.attribute,
                "category": term.category,
                "term": term.term,
                "count": term.occurrences,
            }
