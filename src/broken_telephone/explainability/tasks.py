"""What the models are asked for one batch: what is in pictures, what supports words, and what maps show by chance."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.execution.tasks import PLAIN_PICTURE, Answer, at_fault
from broken_telephone.explainability.faces.face_parts import FaceParts
from broken_telephone.explainability.faces.regions import person_regions
from broken_telephone.explainability.faces.skin_tone import clipped_share, skin_colour
from broken_telephone.explainability.journal import PictureContent
from broken_telephone.explainability.maps.fills import FILLS, filling
from broken_telephone.explainability.maps.occlusion import Colour, box_of, hidden, largest_first, moved, painter
from broken_telephone.explainability.maps.props_apart import PARTS, PROP, WITHOUT_PROPS
from broken_telephone.explainability.maps.region_statistics import region_numbers
from broken_telephone.models import METHODS, REGIONS, Explainer, Explanation, Failure, Target, Word

STEPS = 8
"""In how many steps the curves hide a picture, or show it."""
_HIDDEN = ("hidden", "hidden_elsewhere")
"""Arrays (fills, regions) of log-probabilities when regions are hidden."""
OF_PARTS = "props_"
"""What the names of arrays begin with that are of `props_apart.PARTS` in place of `REGIONS`."""
_SMALL = 96
"""Pixels of the longer side of a map that is kept to be looked at."""


@dataclass(frozen=True)
class Parted(Answer):
    """What is in pictures."""

    contents: Sequence[PictureContent] = ()


@dataclass(frozen=True)
class FindParts:
    """Find faces and regions."""

    pictures: Sequence[tuple[Image.Image, tuple[int, int]]]
    """Each with the width and height of its file."""
    model: str = "face_parts"

    def do(self, model: FaceParts) -> Parted:
        """Do it."""
        contents = []
        answers = model.find([image for image, _ in self.pictures])
        for (image, before), (faces, maps) in zip(self.pictures, answers, strict=True):
            stack = np.stack(maps) if maps else np.zeros((0, image.height, image.width), np.uint8)
            # A parser may see several faces in one map: of each, what is nearer to it than to any other.
            nobody = [None] * len(faces)
            apart = person_regions(list(stack), [face.box for face in faces], nobody, nobody)
            skin = [_skin(np.asarray(image), own == REGIONS.index("face")) for own in apart]
            contents.append(PictureContent(image.size, before, faces, stack, skin))
        return Parted(contents=contents)


def _skin(picture: np.ndarray, face: np.ndarray) -> list[float] | None:
    """Return `journal.SKIN` of a face, rounded; None of too few pixels."""
    colour = skin_colour(picture, face)
    return None if colour is None else [round(float(v), 3) for v in (*colour, clipped_share(picture, face))]


@dataclass(frozen=True)
class Subject:
    """A picture, a word about it, and the regions that support is looked for in."""

    image: Image.Image
    word: Word
    regions: np.ndarray
    """uint8 (height, width), places in `REGIONS`."""
    seed: int
    """The seed of the places that regions are moved to."""
    inside: np.ndarray
    """bool (height, width): what is of the picture, and not of the frame around it."""
    curves: bool = False
    """Whether to follow the word's probability while the picture is hidden bit by bit."""
    props: np.ndarray | None = None
    """bool (height, width), pixels of props, where they are known. They count only as a part of the background."""


@dataclass(frozen=True)
class Explained(Answer):
    """What supports words; None for a word that the model's tokens do not write."""

    records: Sequence[dict[str, Any] | Failure | None] = ()


@dataclass(frozen=True)
class How:
    """How words are explained."""

    prompt: str
    layers: Sequence[int]
    method: str
    target: Target
    colour: Colour
    """The mean colour of pictures, see `fills.filling`."""


@dataclass(frozen=True)
class ExplainWords:
    """Explain words, and check the maps."""

    subjects: list[Subject]
    how: How
    model: str = "describer"
    weights: int | None = None
    """Seed of random weights that stand in for the model's; then only maps are made, and only regions looked at."""

    def do(self, model: Explainer) -> Explained:
        """Do it; a word that the model raises an error at fails alone."""
        if self.weights is not None:
            model.randomise(self.weights)
        return Explained(records=at_fault(self.subjects, _PLAIN, lambda some: self._records(model, some)))

    def _records(self, model: Explainer, subjects: list[Subject]) -> list[dict[str, Any] | None]:
        images, words = [one.image for one in subjects], [one.word for one in subjects]
        explained = model.explain(images, self.how.prompt, words, self.how.layers, self.how.target)
        records: list[dict[str, Any] | None] = [None] * len(subjects)
        if self.weights is not None:
            for place, one in enumerate(explained):
                records[place] = _Maps(subjects[place], one, self.how.method).record() if one else None
            return records
        charts = {place: _Chart(subjects[place], one, self.how.method) for place, one in enumerate(explained) if one}
        for place, chart in charts.items():
            records[place] = chart.record()
        for place, values in _weighed(model, charts, self.how).items():
            records[place] = {**(records[place] or {}), **values}
        return records


_PLAIN = Subject(
    PLAIN_PICTURE,
    Word("a picture", 2, 9),
    np.zeros((PLAIN_PICTURE.height, PLAIN_PICTURE.width), np.uint8),
    0,
    np.ones((PLAIN_PICTURE.height, PLAIN_PICTURE.width), bool),
)


@dataclass(frozen=True)
class _Places:
    """Regions of a picture, and places of their size and shape elsewhere."""

    own: list[np.ndarray]
    """bool (height, width) of each region."""
    elsewhere: list[np.ndarray]


class _Maps:
    """The maps of a subject's word, over its regions."""

    def __init__(self, subject: Subject, explanation: Explanation, method: str) -> None:
        size, boxes = subject.image.size, explanation.patches.boxes
        paint = painter(boxes, size)
        self.subject, self.explanation, self.method = subject, explanation, method
        self.maps = {name: paint(values) for name, values in explanation.activations.items()}
        self.map = self.maps[method]
        self.seen = subject.inside & (paint(np.ones(len(boxes))) > 0)
        self.regions = {"": (subject.regions, range(len(REGIONS)))}
        """Prefix of names -> uint8 (height, width), numbers of regions; and the numbers that count."""
        if subject.props is not None:
            of_parts = range(len(REGIONS), len(REGIONS) + len(PARTS))
            self.regions[OF_PARTS] = _with_parts(subject.regions, subject.props), of_parts

    def record(self) -> dict[str, Any]:
        """What the maps say of regions: all that is kept of maps that were made with random weights."""
        record: dict[str, Any] = {"size": list(self.subject.image.size)}
        for prefix, (regions, numbers) in self.regions.items():
            every = [region_numbers(self.maps[name], regions, self.seen, numbers.stop) for name in METHODS]
            record[f"{prefix}numbers"] = np.stack(every)[:, numbers.start :].astype(np.float32)
        return record


class _Chart(_Maps):
    """A subject and its maps, and places in its picture that can be hidden."""

    def __init__(self, subject: Subject, explanation: Explanation, method: str) -> None:
        super().__init__(subject, explanation, method)
        rng = np.random.default_rng(subject.seed)
        # Elsewhere is where the model sees something: what is hidden beside that costs the word nothing.
        self.box = box_of(self.seen if self.seen.any() else subject.inside)
        # Parts have their own random numbers, so that masks change nothing about the other regions.
        random = {"": rng, OF_PARTS: np.random.default_rng([subject.seed, 1])}
        self.places = {
            prefix: self._places(regions, numbers, random[prefix])
            for prefix, (regions, numbers) in self.regions.items()
        }
        self.rng = rng

    def _places(self, regions: np.ndarray, numbers: range, rng: np.random.Generator) -> "_Places":
        own = [(regions == number) & self.subject.inside for number in numbers]
        return _Places(own, [moved(where, rng, self.box) for where in own])

    def record(self) -> dict[str, Any]:
        """What the maps say of regions, and of regions of the same size elsewhere."""
        elsewhere = {
            f"{prefix}elsewhere": np.array([self._density(where) for where in places.elsewhere], np.float32)
            for prefix, places in self.places.items()
        }
        return {
            **super().record(),
            **elsewhere,
            "log_probability": self.explanation.log_probability,
            "views": self.explanation.patches.views,
            "agreement": _agreement(self.explanation.activations, self.method),
            "map": _small(self.map),
        }

    def _density(self, where: np.ndarray) -> float:
        mean, own = self.map[self.seen].mean() if self.seen.any() else 0.0, self.map[where & self.seen]
        return float(own.mean() / mean) if len(own) and mean > 0 else float("nan")

    def hidden(self, colour: Colour) -> Iterator[tuple[str, int | tuple[int, int], Image.Image]]:
        """Yield the picture with parts hidden: what it is for, its index in that array, and the picture.

        Regions are hidden with each fill, the steps of the curves with the mean colour.
        """
        pixels = np.asarray(self.subject.image)
        for place, fill in enumerate(FILLS):
            content = filling(pixels, fill, colour, self.subject.seed)
            for prefix, places in self.places.items():
                for name, parts in zip(_HIDDEN, (places.own, places.elsewhere), strict=True):
                    for region, where in enumerate(parts):
                        # Nothing is to be seen where nothing is hidden.
                        if places.own[region].any() and where.any():
                            yield f"{prefix}{name}", (place, region), hidden(pixels, where, content)
        if self.subject.curves:
            # Chance is the map itself at another place: as coherent, and as much of it.
            for name, values in (("", self.map), ("_chance", moved(self.map, self.rng, self.box))):
                order = largest_first(values[self.box], self.rng)
                for step in range(1, STEPS):
                    most, rest = np.zeros((2, *values.shape), bool)
                    most[self.box] = order < step / STEPS * order.size
                    rest[self.box] = ~most[self.box]
                    yield f"deletion{name}", step - 1, hidden(pixels, most, colour)
                    yield f"insertion{name}", step - 1, hidden(pixels, rest, colour)


def _weighed(model: Explainer, charts: Mapping[int, _Chart], how: How) -> dict[int, dict[str, np.ndarray]]:
    """How likely words are when parts of their pictures are hidden; null where there is nothing to hide."""
    values: dict[int, dict[str, np.ndarray]] = {}
    for place, chart in charts.items():
        shapes: dict[str, int | tuple[int, int]] = {
            f"{prefix}{name}": (len(FILLS), len(places.own))
            for prefix, places in chart.places.items()
            for name in _HIDDEN
        }
        if chart.subject.curves:
            shapes |= dict.fromkeys(("deletion", "insertion", "deletion_chance", "insertion_chance"), STEPS - 1)
        values[place] = {name: np.full(shape, np.nan, np.float32) for name, shape in shapes.items()}
    every = ((place, *one) for place, chart in charts.items() for one in chart.hidden(how.colour))
    waiting: deque[list[tuple[int, str, int | tuple[int, int]]]] = deque()

    def batches() -> Iterator[tuple[list[Image.Image], list[Word]]]:
        # As many at once as pictures were explained at once: that much fits into memory.
        while some := list(islice(every, len(charts))):
            waiting.append([(place, name, index) for place, name, index, _ in some])
            yield [image for *_, image in some], [charts[place].subject.word for place, *_ in some]

    for likely in model.weigh_in_turn(batches(), how.prompt):
        for (place, name, index), value in zip(waiting.popleft(), likely, strict=True):
            values[place][name][index] = value
    return values


def _with_parts(regions: np.ndarray, props: np.ndarray | None) -> np.ndarray:
    """Return regions with the numbers of PARTS, which follow those of REGIONS, in place of the background."""
    if props is None:
        return regions
    parts = len(REGIONS) + np.where(props, PARTS.index(PROP), PARTS.index(WITHOUT_PROPS))
    return np.where(regions == REGIONS.index("background"), parts, regions)


def _agreement(activations: dict[str, np.ndarray], method: str) -> dict[str, float | None]:
    """Return Spearman's rank correlation of the patches of a map with those of the other methods' maps."""
    ranks = {name: pd.Series(values).rank().to_numpy() for name, values in activations.items()}
    correlations: dict[str, float | None] = {}
    for name, values in activations.items():
        flat = min(np.ptp(values), np.ptp(activations[method])) == 0
        if name != method:
            correlations[name] = None if flat else round(float(np.corrcoef(ranks[name], ranks[method])[0, 1]), 5)
    return correlations


def _small(activation: np.ndarray) -> np.ndarray:
    """A map to look at: float16, of small size, its largest value 1."""
    share = min(1.0, _SMALL / max(activation.shape))
    height, width = (max(1, round(length * share)) for length in activation.shape)
    small = np.asarray(Image.fromarray(activation.astype(np.float32)).resize((width, height), Image.Resampling.BOX))
    return (small / max(float(small.max()), 1e-30)).astype(np.float16)
