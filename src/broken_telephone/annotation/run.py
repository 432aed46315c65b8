"""The annotation as a stage: models answer questions about every picture of a study.

The journal keeps raw answers, and tables parse them anew: a better parser needs no model.
"""

import logging
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from broken_telephone.annotation.questions import CLOSED, LAST, Inquiry
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.execution.adoption import Adoptable, Donor
from broken_telephone.execution.journal import Entry, Record, Records, known_items, records_of
from broken_telephone.execution.stage import Output, Phase, run_stage
from broken_telephone.execution.tasks import Answer, Check
from broken_telephone.labels import parse_form
from broken_telephone.models import Description, Failure, Labels, Model
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.models.describers.describer_checks import CLOSED as CLOSED_READING
from broken_telephone.pictures import Picture, StudyPictures, bound_for
from broken_telephone.visible import shortlist

logger = logging.getLogger(__name__)

_LISTED = 5

_DOING = {"free": "forms written", "closed": "options weighed", "last": "described"}
_LABELLED = "people labelled"
"""The text of the progress bar of an annotator that is no describer."""


def annotate(
    pictures: Mapping[int, list[Picture]],
    inquiries: list[Inquiry],
    settings: AnnotationSettings,
    models: Mapping[str, Model],
    study: StudyPictures,
    batches: Records,
    samples: Mapping[str, Mapping[int, list[Picture]]] | None = None,
    donors: Sequence[Donor] = (),
    also_named: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Output]:
    """Ask everything about every picture that was not asked before; see `run_stage`.

    Args:
        pictures: by iteration.
        inquiries: what is asked; `LAST` about the last iteration only.
        settings: of the annotation.
        models: by the names that inquiries use.
        study: opens the pictures.
        batches: the journal.
        samples: annotator -> its pictures by iteration, for further annotators that label a sample.
        donors: other studies, whose equal answers are adopted.
        also_named: picture -> its further names, by which a table of answers may know it; see `names_of_pictures`.
    """
    also_named = also_named or {}
    samples = samples or {}
    last = {iteration: some for iteration, some in pictures.items() if iteration == max(pictures)}

    def phase(inquiry: Inquiry) -> Phase[Picture, Any]:
        model = models[inquiry.model]

        def open_picture(picture: Picture) -> Any:
            if inquiry.looks_up:
                return picture.name, *also_named.get(picture.name, ())
            return study.open(picture, bound_for(model))

        return Phase(
            name=inquiry.name,
            doing=_doing(inquiry),
            identity=inquiry.key,
            items=last if inquiry.reading == LAST else samples.get(inquiry.by, pictures),
            open=open_picture,
            task=inquiry.task,
            record=partial(_record, inquiry),
            entries=_entries,
            needs=(Check(inquiry.asked[0].prompt, inquiry.model), CLOSED_READING)
            if inquiry.reading == CLOSED
            else None,
            adoptable=Adoptable(model, inquiry.key_in),
        )

    if "residency" not in settings.model_fields_set and any(_is_further(one) for one in inquiries):
        # No model is used again after its own questions.
        settings = settings.model_copy(update={"residency": "one"})
    for inquiry in inquiries:
        if inquiry.looks_up:
            _report_unknown_rows(models[inquiry.model], inquiry.by, pictures, also_named)
    asked_of = {one.key: {"by": one.by, "asked": [vars(choices) for choices in one.asked]} for one in inquiries}
    phases = [phase(one) for one in inquiries]
    _announce_requests(inquiries, phases, batches, models)
    return run_stage(phases, batches, settings, models, "pictures", donors, asked=asked_of)


def _announce_requests(
    inquiries: Sequence[Inquiry], phases: Sequence[Phase[Picture, Any]], batches: Records, models: Mapping[str, Model]
) -> None:
    """Log the requests to endpoints for closed readings that are to be given."""
    for inquiry, phase in zip(inquiries, phases, strict=True):
        # The device of other models is not asked for: that would import torch, also if nothing is left to do.
        if inquiry.reading != CLOSED or not hasattr(models[inquiry.model], "take_costs"):
            continue
        if count := sum(map(len, phase.waiting(batches).values())):
            logger.info(
                "The closed reading of %s sends %d requests of its own for each of %d pictures, if the server states "
                "probabilities. `annotation: {readings: [free]}` leaves it out",
                *(inquiry.by, len(inquiry.asked), count),
            )


def names_of_pictures(chains: pd.DataFrame) -> dict[str, list[str]]:
    """Return the further names of originals: path and image_id in the data set, and `<chain_id>/0` of each chain."""
    names: dict[str, list[str]] = {}
    columns = (chains[name].astype(object) for name in ("chain_id", "image_path", "image_id"))
    for chain_id, path, image in zip(*columns, strict=True):
        if not pd.isna(path):
            own = names.setdefault(f"0/{path}", [])
            own += [name for name in (path, image, f"{chain_id}/0") if not pd.isna(name) and name not in own]
    return names


def _report_unknown_rows(
    table: Any, by: str, pictures: Mapping[int, Sequence[Picture]], also_named: Mapping[str, Sequence[str]]
) -> None:
    known = {picture.name for some in pictures.values() for picture in some}
    known |= {name for picture in list(known) for name in also_named.get(picture, ())}
    if rows := table.unknown_rows(known):
        logger.warning(
            "%d rows of the table of %s name no picture of this study: %s", len(rows), by, shortlist(rows, _LISTED)
        )


def _is_further(inquiry: Inquiry) -> bool:
    return inquiry.name != inquiry.reading


def _doing(inquiry: Inquiry) -> str:
    doing = _LABELLED if inquiry.labels_only else _DOING[inquiry.reading]
    return doing + (f" by {inquiry.by}" if _is_further(inquiry) else "")


def answers_to(
    inquiry: Inquiry, records: Records, pictures: Mapping[int, Sequence[Picture]]
) -> dict[str, dict[str, Any]]:
    """Return picture -> answer or failure, also failures that are tried again.

    Answers about pictures that have changed, such as one that was drawn again, do not count.
    """
    known = known_items(_entries(records_of(inquiry.key, records)), pictures)
    return {name: entry.result for name, entry in known.items()}


def _entries(batches: Iterable[Record]) -> Iterator[Entry]:
    for record in batches:
        for answer in record["answers"]:
            yield Entry(answer["picture"], answer["digest"], answer, answer.get("failure"))


def _record(inquiry: Inquiry, pictures: Sequence[Picture], answer: Answer | None, unopened: list[Record]) -> Record:
    failures = [
        {"picture": one["name"], "digest": one["digest"], "failure": {name: one[name] for name in ("kind", "reason")}}
        for one in unopened
    ]
    answers = [] if answer is None else answers_of(inquiry, answer)
    about = ({"picture": picture.name, "digest": picture.digest} for picture in pictures)
    return {"answers": [*failures, *(where | one for where, one in zip(about, answers, strict=True))]}


def answers_of(inquiry: Inquiry, answer: Answer) -> Iterator[Record]:
    """Yield what the journal keeps of the answers about the pictures of a batch."""
    for labels in answer.labels:
        if isinstance(labels, Failure):
            yield {"failure": {"kind": labels.kind, "reason": labels.reason}}
        else:
            yield {"labels": dict(_written(labels))}
    for likelihoods in answer.likelihoods:
        if isinstance(likelihoods, Failure):
            yield {"failure": {"kind": likelihoods.kind, "reason": likelihoods.reason}}
            continue
        yield {"likelihoods": [[[round(value, 5) for value in line] for line in form] for form in likelihoods]}
    for written in answer.descriptions:
        description = _repeated_form(inquiry, written) if isinstance(written, Failure) else written
        thought = kept_thought(description.thought)
        if isinstance(description, Failure):
            yield {"failure": {"kind": description.kind, "reason": description.reason}, **thought}
        else:
            names = ("text", "tokens", "truncated", "refused")
            yield {**{name: getattr(description, name) for name in names}, **thought}


def _written(labels: Labels) -> Iterator[tuple[str, Record]]:
    for variable, one in labels.items():
        shares = {category: round(_log(share), 5) for category, share in one.probabilities.items()}
        record = {"category": one.category, "status": one.status}
        yield variable, record | ({"log_probabilities": shares} if shares else {})


def _log(probability: float) -> float:
    """Return the natural logarithm; that of the smallest positive number for 0, so that JSON can hold it."""
    return math.log(max(probability, sys.float_info.min))


def _repeated_form(inquiry: Inquiry, failure: Failure) -> Description | Failure:
    """Turn an answer that repeats a complete form into a description: its first round is valid."""
    if failure.text and inquiry.forms:
        readings = parse_form(failure.text, inquiry.forms[0], truncated=True).values()
        if all(reading.status == "valid" for reading in readings):
            return Description(failure.text, tokens=None, truncated=True, thought=failure.thought)
    return failure
