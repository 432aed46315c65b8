"""The annotation as a stage: models answer questions about every picture of a study.

The journal keeps raw answers, and tables parse them anew: a better parser needs no model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from PIL import Image

from broken_telephone.annotation.questions import CLOSED, LAST, Inquiry
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.execution.adoption import Adoptable, Donor
from broken_telephone.execution.journal import Entry, Record, Records, known_items, records_of
from broken_telephone.execution.stage import Output, Phase, run_stage
from broken_telephone.execution.tasks import Answer, Check
from broken_telephone.labels import parse_form
from broken_telephone.models import Description, Failure, Model
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.models.describers.describer_checks import CLOSED as CLOSED_READING
from broken_telephone.pictures import Picture, StudyPictures, bound_for

_DOING = {"free": "forms written", "closed": "options weighed", "last": "described"}


def annotate(
    pictures: Mapping[int, list[Picture]],
    inquiries: list[Inquiry],
    settings: AnnotationSettings,
    models: Mapping[str, Model],
    study: StudyPictures,
    batches: Records,
    samples: Mapping[str, Mapping[int, list[Picture]]] | None = None,
    donors: Sequence[Donor] = (),
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
    """
    samples = samples or {}
    last = {iteration: some for iteration, some in pictures.items() if iteration == max(pictures)}

    def phase(inquiry: Inquiry) -> Phase[Picture, Image.Image]:
        model = models[inquiry.model]
        return Phase(
            name=inquiry.name,
            doing=_doing(inquiry),
            identity=inquiry.key,
            items=last if inquiry.reading == LAST else samples.get(inquiry.by, pictures),
            open=lambda picture: study.open(picture, bound_for(model)),
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
    asked_of = {one.key: {"by": one.by, "asked": [vars(choices) for choices in one.asked]} for one in inquiries}
    return run_stage([phase(one) for one in inquiries], batches, settings, models, "pictures", donors, asked=asked_of)


def _is_further(inquiry: Inquiry) -> bool:
    return inquiry.name != inquiry.reading


def _doing(inquiry: Inquiry) -> str:
    return _DOING[inquiry.reading] + (f" by {inquiry.by}" if _is_further(inquiry) else "")


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
    answers = [] if answer is None else _answers(inquiry, answer)
    about = ({"picture": picture.name, "digest": picture.digest} for picture in pictures)
    return {"answers": [*failures, *(where | one for where, one in zip(about, answers, strict=True))]}


def _answers(inquiry: Inquiry, answer: Answer) -> Iterator[Record]:
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


def _repeated_form(inquiry: Inquiry, failure: Failure) -> Description | Failure:
    """Turn an answer that repeats a complete form into a description: its first round is valid."""
    if failure.text and inquiry.forms:
        readings = parse_form(failure.text, inquiry.forms[0], truncated=True).values()
        if all(reading.status == "valid" for reading in readings):
            return Description(failure.text, tokens=None, truncated=True, thought=failure.thought)
    return failure
