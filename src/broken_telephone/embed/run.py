"""Embeds every picture and text of a study, in batches; what has a vector already is not embedded again.

Yields every finished batch, which the caller must save before it asks for the next one.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from PIL import Image

from broken_telephone.annotate.pictures import Images, opened
from broken_telephone.embed.items import Item, Items, Text
from broken_telephone.embed.journal import PRECISION, UNREADABLE, Record, Records, batches_of, key_of
from broken_telephone.embed.settings import EmbeddingSettings
from broken_telephone.embed.spaces import IMAGES, SENTENCES, TEXTS, Space
from broken_telephone.embed.tasks import Embedded, EmbedImages, EmbedTexts
from broken_telephone.errors import StudyError
from broken_telephone.models import Embedder
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

_DOING = {IMAGES: "pictures embedded", TEXTS: "texts embedded", SENTENCES: "texts embedded by themselves"}


class Saved(NamedTuple):
    """What to save now: partition keys and values."""

    batches: Mapping[str, Record] = {}
    sessions: Mapping[str, Record] = {}


def embed(
    items: Items,
    spaces: list[Space],
    settings: EmbeddingSettings,
    embedder: Embedder,
    originals: Images,
    drawn: Images,
    batches: Records,
) -> Iterator[Saved]:
    """Embed everything that has no vector yet.

    Args:
        items: pictures and texts by space and iteration, see `items`.
        spaces: what is embedded by which model.
        settings: of the embedding.
        embedder: the study's.
        originals: by their path in the data set.
        drawn: the loop's images.
        batches: what was embedded already.

    Yields:
        The record of this session, then one finished batch at a time; nothing if all is done.

    Raises:
        InterruptedRunError: after a signal, when the batches at work were yielded.
        StudyError: if not even one picture fits into memory.
    """
    steps = _left(items, spaces, batches)
    if not steps:
        logger.info("All pictures and texts are embedded already: nothing to do")
        return
    sizes = {space.name: BatchSize(settings.batch) for space in spaces}
    left = {step: len(waiting) for step, (_, waiting) in steps.items()}
    models = {"embedder": embedder, "sentences": embedder.sentences}
    with (
        executor(settings, models) as workers,
        Interruption() as interruption,
        WorkProgress(left, workers.workers, _DOING, "items") as progress,
    ):
        models_of = {space.key: {"by": space.by, "settings": dict(space.settings)} for space in spaces}
        session, about = session_record(settings, {"batch"}, workers.workers, spaces=models_of)
        yield Saved(sessions={session: about})
        for step, (space, waiting) in steps.items():
            progress.begin(step)
            asked = _asking(space, originals, drawn)
            for batch, answer in work_through(waiting, sizes[space.name], workers, interruption, asked):
                record = {"session": session, **_record(batch, answer)}
                count = len(record["names"]) + len(record["failures"])
                if count:
                    progress.advance(step, count, len(record["failures"]), record.get("seconds", 0))
                    yield Saved(batches={key_of(space, step.iteration, record): record})
            progress.end(step)
            if interruption.asked:
                break
    if interruption.asked:
        raise InterruptedRunError("Stopped as asked. Every vector is saved, and the same command goes on from here.")


def _left(items: Items, spaces: list[Space], batches: Records) -> dict[Step, tuple[Space, list[Item]]]:
    """What is left of each step; one model's after the other's, so that each is loaded once where room is short."""
    found = {}
    for space in spaces:
        done: set[str] = set()
        tried: set[str] = set()
        for record in batches_of(space, batches):
            done.update(record["names"])
            tried.update(failure["name"] for failure in record["failures"])
        for iteration, there in items[space.name].items():
            waiting = [item for item in there if item.name not in done]
            if waiting:
                # Last come those that did not open before, which no batch had waited for.
                waiting.sort(key=lambda item: item.name in tried)
                found[Step(iteration, space.name)] = space, waiting
    return found


def _asking(space: Space, originals: Images, drawn: Images) -> Any:
    def prepare(some: list[Item]) -> Batch[Item, list[Record]]:
        seen: list[Item] = []
        images: list[Image.Image] = []
        texts: list[str] = []
        unreadable: list[Record] = []
        for item in some:
            if isinstance(item, Text):
                texts.append(item.text)
            else:
                try:
                    images.append(opened(item, originals, drawn))
                except StudyError as error:
                    # Tried again in every run: the file may have been mended.
                    unreadable.append({"name": item.name, "kind": UNREADABLE, "reason": str(error)})
                    continue
            seen.append(item)
        task = EmbedTexts(texts, space.model) if texts else EmbedImages(images, space.model) if images else None
        return Batch(seen, unreadable, task)

    return prepare


def _record(batch: Batch[Item, list[Record]], answer: Answer | None) -> Record:
    """Return the record of a batch, without names where nothing was embedded."""
    if not isinstance(answer, Embedded) or answer.vectors is None:
        return {"names": [], "cut": [], "failures": batch.result}
    names: Sequence[str] = [item.name for item in batch.items]
    return {
        "names": names,
        "vectors": answer.vectors.astype(PRECISION),
        "cut": [name for name, cut in zip(names, answer.cut, strict=True) if cut],
        "failures": batch.result,
        "seconds": round(answer.seconds, 4),
        "load_seconds": round(answer.load_seconds, 4),
        "device": answer.device,
    }
