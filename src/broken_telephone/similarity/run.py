"""The embedding as a stage: every picture and text of a study becomes a vector, once."""

from collections.abc import Iterator, Sequence
from functools import partial

from PIL import Image

from broken_telephone.execution.adoption import Adoptable, Donor
from broken_telephone.execution.journal import Record, Records
from broken_telephone.execution.stage import Output, Phase, run_stage
from broken_telephone.execution.tasks import Answer
from broken_telephone.models import Embedder
from broken_telephone.pictures import StudyPictures, bound_for
from broken_telephone.similarity.items import Item, Items, Text
from broken_telephone.similarity.journal import PRECISION, entries
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.similarity.spaces import IMAGES, SENTENCES, TEXTS, Space
from broken_telephone.similarity.tasks import Embed, Embedded

_DOING = {IMAGES: "pictures embedded", TEXTS: "texts embedded", SENTENCES: "texts embedded by themselves"}


def embed(
    items: Items,
    spaces: list[Space],
    settings: EmbeddingSettings,
    embedder: Embedder,
    study: StudyPictures,
    batches: Records,
    donors: Sequence[Donor] = (),
) -> Iterator[Output]:
    """Embed everything that has no vector yet; see `run_stage`.

    Args:
        items: pictures and texts by space and iteration, see `items`.
        spaces: what is embedded by which model.
        settings: of the embedding.
        embedder: the study's.
        study: opens the pictures.
        batches: the journal.
        donors: other studies, whose equal vectors are adopted.
    """

    def open_one(item: Item) -> Image.Image | str:
        return item.text if isinstance(item, Text) else study.open(item, bound_for(embedder))

    models = {"embedder": embedder, "sentences": embedder.sentences}
    phases = [
        Phase(
            name=space.name,
            doing=_DOING[space.name],
            identity=space.key,
            items=items[space.name],
            open=open_one,
            task=partial(Embed, model=space.model),
            record=_record,
            entries=entries,
            adoptable=Adoptable(models[space.model], space.key_in),
        )
        for space in spaces
    ]
    models_of = {space.key: {"by": space.by, "settings": dict(space.settings)} for space in spaces}
    return run_stage(phases, batches, settings, models, "items", donors, spaces=models_of)


def _record(items: Sequence[Item], answer: Answer | None, unopened: list[Record]) -> Record:
    """Return the record of a batch, without names and vectors where nothing was embedded."""
    names = [item.name for item in items]
    record = {"names": names, "digests": [item.digest for item in items], "cut": [], "failures": unopened}
    if isinstance(answer, Embedded):
        cut = [name for name, cut in zip(names, answer.cut, strict=True) if cut]
        record |= {"vectors": answer.vectors.astype(PRECISION), "cut": cut}
    return record
