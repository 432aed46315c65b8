"""Asks models about every picture of a study, in batches; whatever is answered already is not asked again.

Yields every finished batch, which the caller must save before it asks for the next one.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from broken_telephone.annotation.journal import UNREADABLE, Record, Records, answers_to, is_tried_again, name_of
from broken_telephone.annotation.questions import LAST, Inquiry
from broken_telephone.annotation.settings import AnnotationSettings
from broken_telephone.errors import UnreadableError
from broken_telephone.execution import Answer, Batch, Job, Kept, Saved, Step, carry_out
from broken_telephone.labels import parse_form
from broken_telephone.models import Description, Failure, Model
from broken_telephone.models.describers.answer_text import kept_thought
from broken_telephone.pictures import Picture, StudyPictures, bound_for

_DOING = {"free": "forms written", "closed": "options weighed", "last": "described"}


def annotate(
    pictures: Mapping[int, list[Picture]],
    inquiries: list[Inquiry],
    settings: AnnotationSettings,
    models: Mapping[str, Model],
    study: StudyPictures,
    batches: Records,
) -> Iterator[Saved]:
    """Ask everything about every picture that was not asked before.

    Args:
        pictures: by iteration.
        inquiries: what is asked; `LAST` about the last iteration only.
        settings: of the annotation.
        models: by the names that inquiries use.
        study: opens the pictures.
        batches: what was answered already.

    Returns:
        What to save, see `work.carry_out`, which also says what is raised.
    """
    jobs: dict[Step, Job[Picture, list[Record]]] = {
        step: Job(waiting, _asking(inquiry, models[inquiry.model], study), partial(_kept, inquiry, step))
        for step, (inquiry, waiting) in _left(pictures, inquiries, batches).items()
    }
    asked_of = {one.key: {"by": one.by, "asked": [vars(choices) for choices in one.asked]} for one in inquiries}
    return carry_out(jobs, settings, models, _DOING, "pictures", asked=asked_of)


def _left(
    pictures: Mapping[int, list[Picture]], inquiries: list[Inquiry], batches: Records
) -> dict[Step, tuple[Inquiry, list[Picture]]]:
    """What is left of each step; one model's after the other's, so that each is loaded once where room is short."""
    found = {}
    for inquiry in inquiries:
        answered = answers_to(inquiry, batches, pictures)
        done = {name for name, answer in answered.items() if not is_tried_again(answer)}
        for iteration, there in pictures.items():
            if inquiry.name == LAST and iteration != max(pictures):
                continue
            waiting = [picture for picture in there if picture.name not in done]
            if waiting:
                # Last come those that did not open before, which no batch had waited for.
                waiting.sort(key=lambda picture: picture.name in answered)
                found[Step(iteration, inquiry.name)] = inquiry, waiting
    return found


def _asking(inquiry: Inquiry, model: Model, study: StudyPictures) -> Any:
    def prepare(pictures: list[Picture]) -> Batch[Picture, list[Record]]:
        seen, images, unreadable = [], [], []
        for picture in pictures:
            try:
                images.append(study.open(picture, bound_for(model)))
                seen.append(picture)
            except UnreadableError as error:
                failure = {"kind": UNREADABLE, "reason": str(error)}
                unreadable.append({**_about(picture), "failure": failure})
        return Batch(seen, unreadable, inquiry.task(images) if seen else None)

    return prepare


def _kept(inquiry: Inquiry, step: Step, batch: Batch[Picture, list[Record]], answer: Answer | None) -> Kept | None:
    answers = [*batch.result, *_answers(inquiry, batch, answer)]
    if not answers:
        return None
    record = {"answers": answers, **({} if answer is None else _took(batch, answer))}
    failures = sum("failure" in one for one in answers)
    return Kept(name_of(inquiry, step.iteration, answers), record, len(answers), failures)


def _answers(inquiry: Inquiry, batch: Batch[Picture, list[Record]], answer: Answer | None) -> Iterator[Record]:
    if answer is None:
        return
    if answer.likelihoods:
        for picture, likelihoods in zip(batch.items, answer.likelihoods, strict=True):
            rounded = [[[round(value, 5) for value in line] for line in form] for form in likelihoods]
            yield {**_about(picture), "likelihoods": rounded}
        return
    for picture, said in zip(batch.items, answer.descriptions, strict=True):
        if isinstance(said, Failure) and (text := _repeated_form(inquiry, said)):
            said = Description(text, tokens=None, truncated=True, thought=said.thought)
        if isinstance(said, Failure):
            failure = {"kind": said.kind, "reason": said.reason}
            yield {**_about(picture), "failure": failure, **kept_thought(said.thought)}
            continue
        words = {"text": said.text, "tokens": said.tokens, "truncated": said.truncated, "refused": said.refused}
        yield {**_about(picture), **words, **kept_thought(said.thought)}


def _repeated_form(inquiry: Inquiry, failure: Failure) -> str | None:
    """Return an answer that repeats a whole form, which the first round answers already."""
    if not failure.text or not inquiry.forms:
        return None
    readings = parse_form(failure.text, inquiry.forms[0], truncated=True).values()
    return failure.text if all(reading.status == "valid" for reading in readings) else None


def _about(picture: Picture) -> Record:
    return {"picture": picture.name, "digest": picture.digest}


def _took(batch: Batch[Picture, list[Record]], answer: Answer) -> Record:
    seconds = {"seconds": round(answer.seconds, 4), "load_seconds": round(answer.load_seconds, 4)}
    return {"size": len(batch.items), **seconds, "device": answer.device}
