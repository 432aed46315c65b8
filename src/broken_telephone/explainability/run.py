"""The explanation as two stages: faces and regions found in pictures, and words about them explained."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from broken_telephone.execution.adoption import Adoptable, Donor
from broken_telephone.execution.journal import Record, Records
from broken_telephone.execution.stage import Output, Phase, run_stage
from broken_telephone.execution.tasks import Answer, Task
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.items import WordItem
from broken_telephone.explainability.journal import (
    CHECKED,
    face_entries,
    random_identity,
    sight_key,
    word_entries,
)
from broken_telephone.explainability.maps.occlusion import Fitted, scaled
from broken_telephone.explainability.opened_pictures import Opened, OpenedPictures
from broken_telephone.explainability.settings import ExplainSettings
from broken_telephone.explainability.tasks import Explained, ExplainWords, FindParts, How, Parted, Subject
from broken_telephone.models import Describer, Explainer, Failure
from broken_telephone.pictures import LONGEST, Needed, Picture, bound_for
from broken_telephone.seeds import seed_of

IdentityIn = Callable[[Mapping[str, Any]], str]


def find_parts(
    pictures: Mapping[int, Sequence[Picture]],
    identity: str,
    settings: ExplainSettings,
    model: FaceParts,
    needed: Needed | None,
    opened: OpenedPictures,
    batches: Records,
    identity_in: IdentityIn | None = None,
    donors: Sequence[Donor] = (),
) -> Iterator[Output]:
    """Find the faces and regions of all pictures that were not looked at before; see `run_stage`.

    Args:
        pictures: by iteration.
        identity: a digest of everything that results depend on, under which they are kept.
        settings: of the explanation.
        model: detector and parser.
        needed: how large pictures are looked at, which is kept before anything else; None if there are none.
        opened: opens the pictures.
        batches: the journal.
        identity_in: returns the identity in a study with other loop settings.
        donors: other studies, whose equal results are adopted.
    """
    phase = Phase(
        name="parts",
        doing="faces and regions found",
        identity=identity,
        items=pictures,
        open=lambda picture: opened.once(picture, needed),
        task=FindParts,
        record=_faces_record,
        entries=face_entries,
        adoptable=_adoptable(model, identity_in, {"needed": list(needed or ())}),
    )
    yield from _sight(identity, batches, needed)
    yield from run_stage([phase], batches, settings, {"face_parts": model}, "items", donors, identity=model.identity())


def explain_words(
    items: Mapping[int, Sequence[WordItem]],
    regions: Callable[[WordItem], np.ndarray],
    props: Callable[[WordItem], np.ndarray | None],
    checked: set[str],
    identity: str,
    how: How,
    settings: ExplainSettings,
    describer: Explainer,
    needed: Needed | None,
    opened: OpenedPictures,
    batches: Records,
    identity_in: IdentityIn | None = None,
    donors: Sequence[Donor] = (),
) -> Iterator[Output]:
    """Explain all words that were not explained before, then some of them with random weights; see `run_stage`.

    Args:
        items: words by iteration.
        regions: of the person that a word is about: uint8 (height, width).
        props: of the word's picture: bool (height, width), or None if they are unknown.
        checked: chains on which the costly checks are made.
        identity: as `find_parts`.
        how: words are explained.
        settings: of the explanation.
        describer: who wrote them.
        needed: as `find_parts`.
        opened: opens the pictures.
        batches: the journal.
        identity_in: returns the identity in a study with other loop settings.
        donors: other studies, whose equal results are adopted.
    """
    randomised: set[int] = set()
    on_checked = {iteration: [one for one in some if one.chain_id in checked] for iteration, some in items.items()}

    def doing(weights: int | None) -> str:
        draw = f"draw {weights} of {settings.random_weights}"
        return "words explained" if weights is None else f"explained with random weights, {draw}"

    def phase(weights: int | None) -> Phase[WordItem, tuple[WordItem, Opened]]:
        def task(some: list[tuple[WordItem, Opened]]) -> Task:
            if weights is not None:
                randomised.add(weights)
            subjects = [
                Subject(
                    image,
                    one.word,
                    scaled(regions(one), image.size),
                    seed_of(settings.seed, one.seed_name),
                    Fitted.into(original, image.size).inside(image.size),
                    one.chain_id in checked,
                    _scaled_props(props(one), image.size),
                )
                for one, (image, original) in some
            ]
            return ExplainWords(subjects, how, weights=weights)

        def level(item: WordItem) -> int:
            # A word that was explained without the costly checks is explained again when they are asked for.
            return CHECKED if weights is None and item.chain_id in checked else 1

        return Phase(
            name="words" if weights is None else f"random {weights}",
            doing=doing(weights),
            identity=random_identity(identity, weights),
            items=items if weights is None else on_checked,
            open=lambda item: (item, opened(item.picture, needed)),
            task=task,
            record=_words_record,
            entries=word_entries,
            level=level,
            adoptable=_adoptable(describer, identity_in, sight, weights),
        )

    sight = {"colour": list(how.colour), "needed": list(needed or ())}
    yield from _sight(identity, batches, needed, colour=how.colour)
    phases = [phase(weights) for weights in (None, *range(1, settings.random_weights + 1))]
    try:
        yield from run_stage(phases, batches, settings, {"describer": describer}, "items", donors, explained=vars(how))
    finally:
        if randomised:
            # The describer's weights may be random now, also where the run was stopped.
            describer.release()


def _scaled_props(props: np.ndarray | None, size: tuple[int, int]) -> np.ndarray | None:
    return None if props is None else scaled(props.astype(np.uint8), size).astype(bool)


def _adoptable(
    model: Any, identity_in: IdentityIn | None, sight: Mapping[str, object], weights: int | None = None
) -> Adoptable | None:
    """Return how a phase finds its batches in studies that look at pictures alike."""
    if identity_in is None:
        return None

    def looks_alike(donor: Donor) -> bool:
        key = sight_key(identity_in(donor.loop_settings))
        if key not in donor.batches:
            return False
        record = donor.batches[key]()
        return all(record.get(name) == value for name, value in sight.items())

    return Adoptable(model, lambda loop: random_identity(identity_in(loop), weights), looks_alike)


def _sight(identity: str, records: Records, needed: Needed | None, **stated: object) -> Iterator[Output]:
    """Keep how pictures are looked at, unless an earlier run did."""
    if needed is not None and sight_key(identity) not in records:
        yield Output({sight_key(identity): {**stated, "needed": list(needed)}})


def _faces_record(pictures: Sequence[Picture], answer: Answer | None, unopened: list[Record]) -> Record:
    """Return the record of a batch: the faces of each picture, and their maps, compressed because nearly all is one."""
    record: Record = {"pictures": [], "failures": unopened}
    answers = answer.contents if isinstance(answer, Parted) else []
    for place, (picture, content) in enumerate(zip(pictures, answers, strict=True)):
        faces = [
            {"box": list(map(float, face.box)), "score": float(face.score), "landmarks": face.landmarks.tolist()}
            for face in content.faces
        ]
        sizes = {"size": content.size, "original_size": content.original_size}
        about = {"name": picture.name, "digest": picture.digest}
        record["pictures"].append({**about, **sizes, "faces": faces, "skin": content.skin})
        packed = zlib.compress(np.ascontiguousarray(content.maps).tobytes())
        record[f"maps_{place}"] = np.frombuffer(packed, np.uint8)
    return record


def _words_record(items: Sequence[WordItem], answer: Answer | None, unopened: list[Record]) -> Record:
    """Return the record of a batch: what all words have as one array, and which words have it."""
    answered = list(zip(items, answer.records, strict=True)) if isinstance(answer, Explained) else []
    failed = [
        {"name": one.name, "digest": one.digest, "kind": record.kind, "reason": record.reason}
        for one, record in answered
        if isinstance(record, Failure)
    ]
    known = [(one.name, record) for one, record in answered if isinstance(record, dict)]
    kept: Record = {
        "names": [name for name, _ in known],
        "pictures": {one.name: one.picture.name for one in items},
        "unwritten": [one.name for one, record in answered if record is None],
        "failures": [*unopened, *failed],
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
