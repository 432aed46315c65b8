"""Embeds every picture and text of a study, in batches; what has a vector already is not embedded again.

Yields every finished batch, which the caller must save before it asks for the next one.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from PIL import Image

from broken_telephone.errors import UnreadableError
from broken_telephone.execution import Answer, Batch, Job, Kept, Saved, Step, carry_out
from broken_telephone.models import Embedder
from broken_telephone.pictures import StudyPictures, bound_for
from broken_telephone.similarity.items import Item, Items, Text, digests_of
from broken_telephone.similarity.journal import PRECISION, UNREADABLE, Record, Records, batches_of, key_of, names_in
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.similarity.spaces import IMAGES, SENTENCES, TEXTS, Space
from broken_telephone.similarity.tasks import Embedded, EmbedImages, EmbedTexts

_DOING = {IMAGES: "pictures embedded", TEXTS: "texts embedded", SENTENCES: "texts embedded by themselves"}


def embed(
    items: Items,
    spaces: list[Space],
    settings: EmbeddingSettings,
    embedder: Embedder,
    study: StudyPictures,
    batches: Records,
) -> Iterator[Saved]:
    """Embed everything that has no vector yet.

    Args:
        items: pictures and texts by space and iteration, see `items`.
        spaces: what is embedded by which model.
        settings: of the embedding.
        embedder: the study's.
        study: opens the pictures.
        batches: what was embedded already.

    Returns:
        What to save, see `work.carry_out`, which also says what is raised.
    """
    jobs: dict[Step, Job[Item, list[Record]]] = {
        step: Job(waiting, _asking(space, embedder, study), partial(_kept, space, step))
        for step, (space, waiting) in _left(items, spaces, batches).items()
    }
    models = {"embedder": embedder, "sentences": embedder.sentences}
    models_of = {space.key: {"by": space.by, "settings": dict(space.settings)} for space in spaces}
    return carry_out(jobs, settings, models, _DOING, "items", spaces=models_of)


def _left(items: Items, spaces: list[Space], batches: Records) -> dict[Step, tuple[Space, list[Item]]]:
    """What is left of each step; one model's after the other's, so that each is loaded once where room is short."""
    found = {}
    for space in spaces:
        done: set[str] = set()
        tried: set[str] = set()
        digests = digests_of(items[space.name])
        for record in batches_of(space, batches):
            done.update(names_in(record, digests))
            tried.update(failure["name"] for failure in record["failures"])
        for iteration, there in items[space.name].items():
            waiting = [item for item in there if item.name not in done]
            if waiting:
                # Last come those that did not open before, which no batch had waited for.
                waiting.sort(key=lambda item: item.name in tried)
                found[Step(iteration, space.name)] = space, waiting
    return found


def _asking(space: Space, embedder: Embedder, study: StudyPictures) -> Any:
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
                    images.append(study.open(item, bound_for(embedder)))
                except UnreadableError as error:
                    # Tried again in every run: the file may have been mended.
                    unreadable.append({"name": item.name, "kind": UNREADABLE, "reason": str(error)})
                    continue
            seen.append(item)
        task = EmbedTexts(texts, space.model) if texts else EmbedImages(images, space.model) if images else None
        return Batch(seen, unreadable, task)

    return prepare


def _kept(space: Space, step: Step, batch: Batch[Item, list[Record]], answer: Answer | None) -> Kept | None:
    record = _record(batch, answer)
    failures = len(record["failures"])
    count = len(record["names"]) + failures
    return Kept(key_of(space, step.iteration, record), record, count, failures) if count else None


def _record(batch: Batch[Item, list[Record]], answer: Answer | None) -> Record:
    """Return the record of a batch, without names where nothing was embedded."""
    if not isinstance(answer, Embedded) or answer.vectors is None:
        return {"names": [], "digests": [], "cut": [], "failures": batch.result}
    names: Sequence[str] = [item.name for item in batch.items]
    return {
        "names": names,
        "digests": [item.digest for item in batch.items],
        "vectors": answer.vectors.astype(PRECISION),
        "cut": [name for name, cut in zip(names, answer.cut, strict=True) if cut],
        "failures": batch.result,
        "seconds": round(answer.seconds, 4),
        "load_seconds": round(answer.load_seconds, 4),
        "device": answer.device,
    }
