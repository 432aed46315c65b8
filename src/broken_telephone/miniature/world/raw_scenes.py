"""Writes the miniature's scenes as a raw data set in the layout of PHASE, with votes that may disagree.

The three voters are made up: a few answers are hard, and then they guess. What is true is kept in `truth`.
"""

import json
import math
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.miniature.world.people import ACTIVITIES, GENDERS, SKIN_TONES, Person, World
from broken_telephone.miniature.world.portrait import SIZE, Picture
from broken_telephone.miniature.world.raw_data import (
    Exchange,
    balanced_people,
    clear,
    exchange_sentence,
    exchanged,
    true_regions,
    truth_row,
    write_truth,
)
from broken_telephone.miniature.world.scene import render_scene

IMAGES = "phase_images"
FEELINGS = ("happiness", "sadness", "fear", "anger", "neutral")
"""The emotions that PHASE names; people in these scenes feel nothing else."""
_AGES = {"baby": "baby", "child": "children", "young": "young", "adult": "adult", "senior": "senior"}
_WORDS = {
    "age": tuple(_AGES.values()),
    "gender": GENDERS,
    "skintone": SKIN_TONES,
    "ethnicity": ("white", "black", "east_asian", "southeast_asian", "indian", "latino", "middle_eastern"),
    "emotion": FEELINGS,
    "activity": ACTIVITIES,
}

README = """# Miniature scenes

Rendered scenes of people who do not exist, in the layout of PHASE. No real person is shown and no file of PHASE is
contained. Written by `kedro run --pipeline miniature`, seed {seed}; Apache-2.0.

{train} training and {val} validation pictures, 64 x 64 pixels, of one to three people. Every activity is equally
frequent. The main persons of each activity have the world's shares of gender presentations, age groups and skin tones.
In the shipped world, these shares are equal.

- `phase_gcc_{{train,val}}_regions_20221101.json`: `person1`, ... of each picture, each with `region` and `annotations`.
  - `region` is a box: x, y, width and height in pixels. Hidden parts of the person count. The main person, whose
    activity the scene shows, has the largest region.
  - `annotations` has one word for each attribute: the answer of at least two of three voters, else `disagreement`.
- `phase_gcc_{{train,val}}_all_20221101.json`: the same with the three voters' answers.
- `{images}/`: the pictures, PNG.
- `truth/`, not part of PHASE's layout:
  - `people.csv` has all attributes of each person, and the boxes of person and face.
  - `regions/` has the region of each pixel, of whichever person: 0 background, 1 hair, 2 face, 3 body, 4 prop of the
    activity.

The voters are simulated. {hard:.0%} of all questions are hard: each voter then answers rightly, wrongly or `unsure`.
So a few words differ from the truth. The attributes are the renderer's input and say nothing about real people.
"""


def write_scenes(
    folder: Path, world: World, seed: int, train: int, val: int, hard: float, exchange: Exchange | None = None
) -> None:
    """Render and write the data set; the same arguments write the same pictures and answers.

    Args:
        folder: where to; what an earlier run wrote there is replaced.
        world: who lives in it.
        seed: of everything that is random.
        train, val: pictures in each split, a multiple of the number of activities.
        hard: share of questions on which voters guess.
        exchange: the category that all main persons are shown with, all else equal. Voters guess on the same questions.

    Raises:
        ValueError: if the activities cannot be equally frequent.
    """
    written = [f"phase_gcc_{split}_{what}_20221101.json" for split in ("train", "val") for what in ("regions", "all")]
    clear(folder, (*written, IMAGES, "truth", "README.md"))
    (folder / IMAGES).mkdir()
    rows: list[dict[str, Any]] = []
    regions: dict[str, np.ndarray] = {}
    for split, count in (("train", train), ("val", val)):
        if count % len(ACTIVITIES):
            raise ValueError(f"{count} {split} scenes are no multiple of the {len(ACTIVITIES)} activities")
        rng = np.random.default_rng([seed, 0 if split == "train" else 1])
        each = count // len(ACTIVITIES)
        people = [p for a in ACTIVITIES for p in balanced_people(world, rng, each, FEELINGS, a)]
        votes, labels = {}, {}
        for number, which in enumerate(rng.permutation(len(people)), 1):
            image_id = f"miniature_{split}_{number:05d}"
            main = people[which]
            feelings = rng.choice(FEELINGS, int(rng.integers(3)))
            others = [world.person(rng, emotion=str(f), activity=main.activity) for f in feelings]
            # Exchanged people use a copy of the random state, so that nothing else changes.
            before = deepcopy(rng)
            picture = render_scene([main, *others], rng)
            person = exchanged(main, exchange, [seed, 0 if split == "train" else 1, number])
            if person is not main:
                picture = render_scene([person, *others], before)
            Image.fromarray(picture.image).save(folder / IMAGES / f"{image_id}.png", optimize=True)
            order = [int(k) for k in rng.permutation(len(picture.people))]
            votes[image_id] = _record(picture, order, hard, rng)
            labels[image_id] = {k: _decided(v) if k != "caption" else v for k, v in votes[image_id].items()}
            for k, which_person in enumerate(order, 1):
                names = {"image_id": image_id, "split": split, "person": f"person{k}", "is_main": which_person == 0}
                rows.append(names | truth_row(picture, which_person))
            regions[image_id] = true_regions(picture)
        for what, records in (("regions", labels), ("all", votes)):
            lines = [f"{json.dumps(image_id)}: {json.dumps(record)}" for image_id, record in records.items()]
            file = folder / f"phase_gcc_{split}_{what}_20221101.json"
            file.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    write_truth(folder, rows, regions)
    (folder / "README.md").write_text(
        README.format(seed=seed, train=train, val=val, hard=hard, images=IMAGES) + exchange_sentence(exchange)
    )


def _record(picture: Picture, order: list[int], hard: float, rng: np.random.Generator) -> dict[str, Any]:
    number = ("one person", "two people", "three people")[len(order) - 1]
    record: dict[str, Any] = {"caption": f"a drawing of {number}"}
    for k, person in enumerate(order, 1):
        answers = {name: _answers(word, name, hard, rng) for name, word in _spoken(picture.people[person]).items()}
        workers = [{"worker": f"w{w}", **{name: words[w] for name, words in answers.items()}} for w in range(3)]
        record[f"person{k}"] = {"region": _whole(picture.boxes[person]), "annotations": workers}
    return record


def _spoken(person: Person) -> dict[str, str]:
    """Return a person's attributes in PHASE's words."""
    asian = "east_asian" if person.skin_tone == "lighter" else "southeast_asian"
    return {
        "age": _AGES[person.age],
        "gender": person.gender,
        "skintone": person.skin_tone,
        "ethnicity": {"Caucasian": "white", "African-American": "black"}.get(person.ethnicity, asian),
        "emotion": person.emotion,
        "activity": str(person.activity),
    }


def _answers(word: str, name: str, hard: float, rng: np.random.Generator) -> list[str]:
    if rng.random() >= hard:
        return [word] * 3
    wrong = [other for other in _WORDS[name] if other != word]
    return [str(rng.choice([word, str(rng.choice(wrong)), "unsure"], p=[0.4, 0.25, 0.35])) for _ in range(3)]


def _decided(person: dict[str, Any]) -> dict[str, Any]:
    """Return the person with the majority answers of the voters."""
    answers = {}
    for name in _WORDS:
        word, count = Counter(vote[name] for vote in person["annotations"]).most_common(1)[0]
        answers[name] = word if count > 1 else "disagreement"
    return {"region": person["region"], "annotations": answers}


def _whole(box: tuple[float, float, float, float]) -> list[int]:
    """Return the smallest box of whole pixels around a box."""
    x, y, width, height = box
    left, top = math.floor(x), math.floor(y)
    return [left, top, min(math.ceil(x + width), SIZE) - left, min(math.ceil(y + height), SIZE) - top]
