"""Finds faces and regions in pictures, and explains words about them, in batches; what is done is not done again.

Yields every finished batch, which the caller must save before it asks for the next one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from PIL import Image

from broken_telephone.errors import UnreadableError
from broken_telephone.execution import Answer, Batch, Job, Kept, Saved, Step, carry_out
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import (
    UNREADABLE,
    Record,
    Records,
    batches_of,
    face_record,
    found_in,
    key_of,
    packed,
    sight_in,
    sight_key,
)
from broken_telephone.explainability.maps.occlusion import Fitted, framed, scaled
from broken_telephone.explainability.settings import ExplainSettings
from broken_telephone.explainability.tasks import Explained, ExplainWords, FindParts, How, Parted, Subject
from broken_telephone.models import Describer, Explainer, Failure, Model
from broken_telephone.pictures import LONGEST, Needed, Picture, StudyPictures, bound_for, full_size
from broken_telephone.seeds import seed_of


class _Item(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Item)

PARTS, WORDS, RANDOM = "parts", "words", "random"
_KEPT = 20_000_000
"""Pixels of pictures that are kept opened."""
_DOING = {PARTS: "faces and regions found", WORDS: "words explained", RANDOM: "explained with random weights"}


def find_parts(
    there: Mapping[int, Sequence[Picture]],
    identity: str,
    settings: ExplainSettings,
    model: FaceParts,
    study: StudyPictures,
    batches: Records,
) -> Iterator[Saved]:
    """Find the faces and regions of all pictures that were not looked at before.

    Args:
        there: pictures by iteration.
        identity: a digest of everything that results depend on, under which they are kept.
        settings: of the explanation.
        model: detector and parser.
        study: opens the pictures.
        batches: what was found already.

    Yields:
        What to save, see `work.carry_out`, which also says what is raised; before it, how large pictures are looked at.
    """
    done = found_in(identity, batches, there)
    steps = {
        Step(iteration, PARTS): (identity, waiting)
        for iteration, some in there.items()
        if (waiting := [one for one in some if one.name not in done])
    }

    # Measured only where there is something to look at: it loads model libraries.
    if not steps:
        return
    needed = sight_in(identity, batches)
    if needed is None:
        needed = needed_of(model, settings.frame)
        yield Saved({sight_key(identity): {"needed": list(needed)}})
    open_one = _Opener(needed, study, settings.frame)

    def prepare(_step: Step, some: list[Picture]) -> Batch[Picture, list[Record]]:
        seen, images, failures = _opened(some, lambda one: one, open_one)
        task = FindParts([image for image, _ in images], [size for _, size in images]) if images else None
        return Batch(seen, failures, task)

    def keep(batch: Batch[Picture, list[Record]], answer: Answer | None) -> Record:
        if not isinstance(answer, Parted):
            return {"pictures": [], "failures": batch.result}
        pairs = list(zip(batch.items, answer.found, strict=True))
        arrays = {f"maps_{place}": packed(found.maps) for place, (_, found) in enumerate(pairs)}
        return {"pictures": [face_record(one, found) for one, found in pairs], "failures": batch.result, **arrays}

    yield from _work(steps, prepare, keep, settings, {"face_parts": model}, {"identity": model.identity()})


def explain_words(
    items: Mapping[int, Sequence[WordItem]],
    regions: Callable[[WordItem], np.ndarray],
    checked: set[str],
    identity: str,
    how: How,
    settings: ExplainSettings,
    describer: Explainer,
    needed: Needed,
    study: StudyPictures,
    batches: Records,
) -> Iterator[Saved]:
    """Explain all words that were not explained before, then some of them with random weights.

    Args:
        items: words by iteration.
        regions: of the person that a word is about: uint8 (height, width).
        checked: chains on which the costly checks are made.
        identity: as `find_parts`.
        how: words are explained.
        settings: of the explanation.
        describer: who wrote them.
        needed: how large pictures are looked at.
        study: opens the pictures.
        batches: what was explained already.

    Yields:
        As `find_parts`.
    """
    steps: dict[Step, tuple[str, Sequence[WordItem]]] = {}
    for weights in (None, *range(1, settings.random_weights + 1)):
        own, phase = random_identity(identity, weights), WORDS if weights is None else f"{RANDOM} {weights}"
        done, followed = _done(own, batches)
        for iteration, some in items.items():
            # A word that was explained without the costly checks is explained again when they are asked for.
            waiting = [
                one
                for one in some
                if (weights is None and one.name not in (followed if one.chain_id in checked else done))
                or (weights is not None and one.chain_id in checked and one.name not in done)
            ]
            if waiting:
                steps[Step(iteration, phase)] = own, waiting

    open_one = _Opener(needed, study, settings.frame)

    def prepare(step: Step, some: list[WordItem]) -> Batch[WordItem, list[Record]]:
        seen, images, failures = _opened(some, lambda one: one.picture, open_one)
        weights = int(step.phase.split()[1]) if step.phase != WORDS else None
        subjects = [
            Subject(
                image,
                one.word,
                scaled(regions(one), image.size),
                seed_of(settings.seed, one.seed_name),
                Fitted.into(original, image.size).inside(image.size),
                one.chain_id in checked,
            )
            for one, (image, original) in zip(seen, images, strict=True)
        ]
        return Batch(seen, failures, ExplainWords(subjects, how, weights=weights) if subjects else None)

    try:
        yield from _work(steps, prepare, _kept_words, settings, {"describer": describer}, {"explained": vars(how)})
    finally:
        if any(step.phase != WORDS for step in steps):
            # Its weights are random now, also where the run was stopped amid them.
            describer.release()


def _done(identity: str, batches: Records) -> tuple[set[str], set[str]]:
    """Return the names of all words that are explained, and of those that the costly checks were made on."""
    done: set[str] = set()
    followed: set[str] = set()
    for record in batches_of(identity, batches):
        done.update((*record["names"], *record["unwritten"]))
        followed.update(record["names"][place] for place in record["having"].get("deletion", []))
        followed.update(record["unwritten"])
    return done, followed


def random_identity(identity: str, weights: int | None) -> str:
    """Return under what explanations are kept that were made with random weights; None stands for the true ones."""
    return identity if weights is None else f"{identity}_random_{weights}"


def _kept_words(batch: Batch[WordItem, list[Record]], answer: Answer | None) -> Record:
    """Return the record of a batch: what all words have as one array, and which words have it."""
    answered = list(zip(batch.items, answer.records, strict=True)) if isinstance(answer, Explained) else []
    failed = [
        {"name": one.name, "kind": record.kind, "reason": record.reason}
        for one, record in answered
        if isinstance(record, Failure)
    ]
    both = [(one, record) for one, record in answered if not isinstance(record, Failure)]
    known = [(one.name, record) for one, record in both if record is not None]
    kept: Record = {
        "names": [name for name, _ in known],
        "unwritten": [one.name for one, record in both if record is None],
        "failures": [*batch.result, *failed],
        "rows": [{k: v for k, v in record.items() if not isinstance(v, np.ndarray)} for _, record in known],
        "having": {},
    }
    for name in dict.fromkeys(key for _, record in known for key, v in record.items() if isinstance(v, np.ndarray)):
        having = [place for place, (_, record) in enumerate(known) if name in record]
        arrays = [known[place][1][name] for place in having]
        if name == "map":
            kept |= {f"map_{place}": array for place, array in zip(having, arrays, strict=True)}
        else:
            kept["having"][name] = having
            kept[name] = np.stack(arrays)
    return kept


def _work(
    steps: Mapping[Step, tuple[str, Sequence[T]]],
    prepare: Callable[[Step, list[T]], Batch[T, list[Record]]],
    keep: Callable[[Batch[T, list[Record]], Answer | None], Record],
    settings: ExplainSettings,
    models: Mapping[str, Model],
    about: Mapping[str, Any],
) -> Iterator[Saved]:
    def kept(step: Step, identity: str, batch: Batch[T, list[Record]], answer: Answer | None) -> Kept | None:
        names = [*(one.name for one in batch.items), *(failure["name"] for failure in batch.result)]
        if not names:
            return None
        record = {**keep(batch, answer), "seconds": 0.0 if answer is None else answer.seconds}
        return Kept(key_of(identity, step.iteration, names), record, len(names), len(record["failures"]))

    jobs: dict[Step, Job[T, list[Record]]] = {
        step: Job(waiting, partial(prepare, step), partial(kept, step, identity))
        for step, (identity, waiting) in steps.items()
    }
    doing = {step.phase: _DOING[step.phase.split()[0]] for step in steps}
    return carry_out(jobs, settings, models, doing, "items", **about)


def needed_of(model: FaceParts | Describer, frame: tuple[int, int] | None) -> Needed:
    """Return how large pictures are looked at: in full as far as the model reads them, at most as the loop gives them.

    A describer and a parser state the side of the largest square picture that they read. Of a picture of another shape,
    that is its shorter side: processors cut a square out of it, or spend as many pixels on it.

    Args:
        model: describer, or detector and parser.
        frame: that pictures are fitted into; it says how large they are.

    Raises:
        StudyError: if the describer's processor cannot be loaded.
    """
    if frame is not None:
        return Needed(LONGEST, 0, LONGEST)
    most = bound_for(model)
    if isinstance(model, FaceParts):
        longer, shorter = model.detector.longest, model.parser.longest
    else:
        longer, shorter = 0, model.longest
    return Needed(most, 0, most) if longer is None or shorter is None else Needed(longer, shorter, most)


class _Opener:
    """Opens pictures, and keeps the last ones that are large in their files: each is looked at many times."""

    def __init__(self, needed: Needed, study: StudyPictures, frame: tuple[int, int] | None) -> None:
        self._needed, self._study, self._frame = needed, study, frame
        self._kept: dict[str, tuple[Image.Image, tuple[int, int]]] = {}

    def __call__(self, one: Picture) -> tuple[Image.Image, tuple[int, int]]:
        """Return a picture and the width and height that it has in its file, as displayed."""
        if one.name in self._kept:
            return self._kept[one.name]
        image = self._study.open(one, self._needed)
        found = framed(image, self._frame), full_size(image)
        if found[1] != image.size:
            self._kept[one.name] = found
            while sum(kept.width * kept.height for kept, _ in self._kept.values()) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return found


def _opened(
    some: list[T], picture_of: Callable[[T], Picture], open_one: _Opener
) -> tuple[list[T], list[tuple[Image.Image, tuple[int, int]]], list[Record]]:
    """Open pictures, each with the size of its file; those that do not open are tried again in every run."""
    seen: list[T] = []
    images: list[tuple[Image.Image, tuple[int, int]]] = []
    failures: list[Record] = []
    for one in some:
        try:
            images.append(open_one(picture_of(one)))
        except UnreadableError as error:
            failures.append({"name": one.name, "kind": UNREADABLE, "reason": str(error)})
            continue
        seen.append(one)
    return seen, images, failures
