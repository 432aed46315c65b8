"""What the models are asked for one batch: what is in pictures, what supports words, and what maps show by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.explain.face_parts import FaceParts
from broken_telephone.explain.journal import Found
from broken_telephone.explain.numbers import region_numbers
from broken_telephone.explain.painting import Colour, hidden, largest_first, moved, painted
from broken_telephone.explain.regions import person_regions
from broken_telephone.explain.skin import skin_colour
from broken_telephone.models import METHODS, REGIONS, Explainer, Explanation, Target, Word
from broken_telephone.work import Answer

STEPS = 8
"""In how many steps the curves hide a picture, or show it."""
_SMALL = 96
"""Pixels of the longer side of a map that is kept to be looked at."""


@dataclass(frozen=True)
class Parted(Answer):
    """What is in pictures."""

    found: Sequence[Found] = ()


@dataclass(frozen=True)
class FindParts:
    """Find faces and regions."""

    images: list[Image.Image]
    original_sizes: Sequence[tuple[int, int]]
    model: str = "face_parts"

    def do(self, model: FaceParts) -> Parted:
        """Do it."""
        found = []
        for image, before, (faces, maps) in zip(self.images, self.original_sizes, model.find(self.images), strict=True):
            stack = np.stack(maps) if maps else np.zeros((0, image.height, image.width), np.uint8)
            # A parser may see several faces in one map: of each, what is nearer to it than to any other.
            nobody = [None] * len(faces)
            apart = person_regions(list(stack), [face.box for face in faces], nobody, nobody)
            colours = [skin_colour(np.asarray(image), own == REGIONS.index("face")) for own in apart]
            skin = [None if colour is None else [round(float(v), 3) for v in colour] for colour in colours]
            found.append(Found(image.size, before, faces, stack, skin))
        return Parted(found=found)


@dataclass(frozen=True)
class Subject:
    """A picture, a word about it, and the regions that support is looked for in."""

    image: Image.Image
    word: Word
    regions: np.ndarray
    """uint8 (height, width), places in `REGIONS`."""
    seed: int
    """Of the places that regions are moved to."""
    curves: bool = False
    """Whether to follow the word's probability while the picture is hidden bit by bit."""


@dataclass(frozen=True)
class Explained(Answer):
    """What supports words; None for a word that the model's tokens do not write."""

    records: Sequence[dict[str, Any] | None] = ()


@dataclass(frozen=True)
class How:
    """How words are explained."""

    prompt: str
    layers: Sequence[int]
    method: str
    target: Target
    colour: Colour
    """What hidden parts of pictures are painted in."""


@dataclass(frozen=True)
class ExplainWords:
    """Explain words, and check the maps."""

    subjects: list[Subject]
    how: How
    model: str = "describer"
    weights: int | None = None
    """Seed of random weights that stand in for the model's; then only maps are made."""

    def do(self, model: Explainer) -> Explained:
        """Do it."""
        if self.weights is not None:
            model.randomise(self.weights)
        images, words = [one.image for one in self.subjects], [one.word for one in self.subjects]
        found = model.explain(images, self.how.prompt, words, self.how.layers, self.how.target)
        records: list[dict[str, Any] | None] = [
            None if one is None else _numbers(subject, one, self.how.method)
            for subject, one in zip(self.subjects, found, strict=True)
        ]
        if self.weights is None:
            for place, values in _weighed(model, self.subjects, found, self.how).items():
                records[place] = {**(records[place] or {}), **values}
        return Explained(records=records)


def _numbers(subject: Subject, found: Explanation, method: str) -> dict[str, Any]:
    """What the maps say of regions, and of regions of the same size elsewhere."""
    size = subject.image.size
    boxes = found.patches.boxes
    maps = {name: painted(values, boxes, size) for name, values in found.activations.items()}
    chosen = maps[method]
    return {
        "log_probability": found.log_probability,
        "views": found.patches.views,
        "numbers": np.stack([region_numbers(maps[name], subject.regions) for name in METHODS]).astype(np.float32),
        "elsewhere": np.array([_density(chosen, where) for where in _moved(subject)], np.float32),
        "agreement": _agreement(found.activations, method),
        "map": _small(chosen),
    }


def _weighed(
    model: Explainer, subjects: Sequence[Subject], found: Sequence[Explanation | None], how: How
) -> dict[int, dict[str, Any]]:
    """How likely words are when parts of their pictures are hidden; nothing of words that are not explained."""
    asked: list[tuple[int, str, Image.Image]] = []
    for place, (subject, one) in enumerate(zip(subjects, found, strict=True)):
        if one is None:
            continue
        pixels = np.asarray(subject.image)
        for region in range(len(REGIONS)):
            asked.append((place, "hidden", hidden(pixels, subject.regions == region, how.colour)))
        asked += [(place, "hidden_elsewhere", hidden(pixels, where, how.colour)) for where in _moved(subject)]
        if subject.curves:
            chosen = painted(one.activations[how.method], one.patches.boxes, subject.image.size)
            chance = np.random.default_rng(subject.seed).permutation(one.activations[how.method])
            by_chance = painted(chance, one.patches.boxes, subject.image.size)
            for name, order in (("", chosen), ("_chance", by_chance)):
                for step in range(1, STEPS):
                    most = largest_first(order, step / STEPS)
                    asked.append((place, f"deletion{name}", hidden(pixels, most, how.colour)))
                    asked.append((place, f"insertion{name}", hidden(pixels, ~most, how.colour)))
    answers: dict[int, dict[str, list[float]]] = {}
    # As many at once as pictures were explained at once: that much fits into memory.
    for begin in range(0, len(asked), len(subjects)):
        some = asked[begin : begin + len(subjects)]
        words = [subjects[place].word for place, _, _ in some]
        likely = model.weigh([image for _, _, image in some], how.prompt, words)
        for (place, name, _), value in zip(some, likely, strict=True):
            assert value is not None
            answers.setdefault(place, {}).setdefault(name, []).append(value)
    return {place: {name: np.array(v, np.float32) for name, v in own.items()} for place, own in answers.items()}


def _moved(subject: Subject) -> list[np.ndarray]:
    """Each region at another place."""
    rng = np.random.default_rng(subject.seed)
    return [moved(subject.regions == region, rng) for region in range(len(REGIONS))]


def _density(activation: np.ndarray, where: np.ndarray) -> float:
    mean = activation.mean()
    return float(activation[where].mean() / mean) if where.any() and mean > 0 else float("nan")


def _agreement(activations: dict[str, np.ndarray], method: str) -> dict[str, float | None]:
    """Rank correlation of the patches of a map with those of the other methods' maps."""
    from scipy.stats import spearmanr

    found: dict[str, float | None] = {}
    for name, values in activations.items():
        flat = min(np.ptp(values), np.ptp(activations[method])) == 0
        if name != method:
            found[name] = None if flat else round(float(spearmanr(values, activations[method]).statistic), 5)
    return found


def _small(activation: np.ndarray) -> np.ndarray:
    """A map to look at: float16, of small size, its largest value 1."""
    share = min(1.0, _SMALL / max(activation.shape))
    height, width = (max(1, round(length * share)) for length in activation.shape)
    small = np.asarray(Image.fromarray(activation.astype(np.float32)).resize((width, height), Image.Resampling.BOX))
    return (small / max(float(small.max()), 1e-30)).astype(np.float16)
