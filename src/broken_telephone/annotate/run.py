"""Asks models about every picture of a study, in batches; whatever is answered already is not asked again.

Yields every finished batch, which the caller must save before it asks for the next one.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from broken_telephone.annotate.journal import UNREADABLE, Record, Records, answers_to, is_tried_again, name_of
from broken_telephone.annotate.pictures import Images, Picture, opened
from broken_telephone.annotate.questions import LAST, Inquiry
from broken_telephone.annotate.settings import AnnotationSettings
from broken_telephone.errors import StudyError
from broken_telephone.models import Failure, Model
from broken_telephone.work import (
    Answer,
    Batch,
    BatchSize,
    InterruptedRunError,
    Interruption,
    Step,
    WorkProgress,
    executor,
    session_record,
    work_through,
)

logger = logging.getLogger(__name__)

_DOING = {"free": "forms written", "closed": "options weighed", "last": "described"}


class Answered(NamedTuple):
    """What to save now: partition keys and values."""

    batches: Mapping[str, Record] = {}
    sessions: Mapping[str, Record] = {}


def annotate(
    pictures: Mapping[int, list[Picture]],
    inquiries: list[Inquiry],
    settings: AnnotationSettings,
    models: Mapping[str, Model],
    originals: Images,
    drawn: Images,
    batches: Records,
) -> Iterator[Answered]:
    """Ask everything about every picture that was not asked before.

    Args:
        pictures: by iteration, see `pictures`.
        inquiries: what is asked; `LAST` about the last iteration only.
        settings: of the annotation.
        models: by the names that inquiries use.
        originals: by their path in the data set.
        drawn: the loop's images.
        batches: what was answered already.

    Yields:
        The record of this session, then one finished batch at a time; nothing if all is done.

    Raises:
        InterruptedRunError: after a signal, when the batches at work were yielded.
        StudyError: if not even one picture fits into memory.
    """
    steps = _left(pictures, inquiries, batches)
    if not steps:
        logger.info("All pictures are annotated already: nothing to do")
        return
    sizes = {inquiry.name: BatchSize(settings.batch) for inquiry in inquiries}
    left = {step: len(waiting) for step, (_, waiting) in steps.items()}
    with (
        executor(settings, models) as workers,
        Interruption() as interruption,
        WorkProgress(left, workers.workers, _DOING, "pictures") as progress,
    ):
        asked_of = {one.key: {"by": one.by, "asked": [vars(choices) for choices in one.asked]} for one in inquiries}
        session, about = session_record(settings, {"batch"}, workers.workers, asked=asked_of)
        yield Answered(sessions={session: about})
        for step, (inquiry, waiting) in steps.items():
            progress.begin(step)
            asked = _asking(inquiry, originals, drawn)
            for batch, answer in work_through(waiting, sizes[inquiry.name], workers, interruption, asked):
                answers = [*batch.result, *_answers(batch, answer)]
                if answers:
                    took = {} if answer is None else _took(batch, answer)
                    record = {"session": session, "answers": answers, **took}
                    progress.advance(
                        step, len(answers), sum("failure" in one for one in answers), took.get("seconds", 0)
                    )
                    yield Answered(batches={name_of(inquiry, step.iteration, answers): record})
            progress.end(step)
            if interruption.asked:
                break
    if interruption.asked:
        raise InterruptedRunError("Stopped as asked. Every answer is saved, and the same command goes on from here.")


def _left(
    pictures: Mapping[int, list[Picture]], inquiries: list[Inquiry], batches: Records
) -> dict[Step, tuple[Inquiry, list[Picture]]]:
    """What is left of each step; one model's after the other's, so that each is loaded once where room is short."""
    found = {}
    for inquiry in inquiries:
        answered = answers_to(inquiry, batches)
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


def _asking(inquiry: Inquiry, originals: Images, drawn: Images) -> Any:
    def prepare(pictures: list[Picture]) -> Batch[Picture, list[Record]]:
        seen, images, unreadable = [], [], []
        for picture in pictures:
            try:
                images.append(opened(picture, originals, drawn))
                seen.append(picture)
            except StudyError as error:
                failure = {"kind": UNREADABLE, "reason": str(error)}
                unreadable.append({"picture": picture.name, "failure": failure})
        return Batch(seen, unreadable, inquiry.task(images) if seen else None)

    return prepare


def _answers(batch: Batch[Picture, list[Record]], answer: Answer | None) -> Iterator[Record]:
    if answer is None:
        return
    if answer.likelihoods:
        for picture, likelihoods in zip(batch.items, answer.likelihoods, strict=True):
            rounded = [[[round(value, 5) for value in line] for line in form] for form in likelihoods]
            yield {"picture": picture.name, "likelihoods": rounded}
        return
    for picture, said in zip(batch.items, answer.descriptions, strict=True):
        if isinstance(said, Failure):
            yield {"picture": picture.name, "failure": {"kind": said.kind, "reason": said.reason}}
            continue
        # Some tokenizers leave halves of characters, which no file can hold.
        text = said.text.encode("utf-8", "replace").decode()
        words = {"text": text, "tokens": said.tokens, "truncated": said.truncated, "refused": said.refused}
        yield {"picture": picture.name, **words}


def _took(batch: Batch[Picture, list[Record]], answer: Answer) -> Record:
    seconds = {"seconds": round(answer.seconds, 4), "load_seconds": round(answer.load_seconds, 4)}
    return {"size": len(batch.items), **seconds, "device": answer.device}
