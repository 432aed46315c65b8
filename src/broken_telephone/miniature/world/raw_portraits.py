"""Writes the miniature's portraits as a raw data set in the layout of RAF-DB.

Only aligned pictures exist: there are no originals that they were cut from, so landmarks and boxes are in
pixels of the aligned ones.
"""

from copy import deepcopy
from pathlib import Path

import numpy as np
from PIL import Image

from broken_telephone.miniature.world.people import AGES, EMOTIONS, ETHNICITIES, GENDERS, Person, World
from broken_telephone.miniature.world.portrait import Picture, render_portrait
from broken_telephone.miniature.world.proportions import five_points
from broken_telephone.miniature.world.raw_data import (
    Exchange,
    balanced_people,
    clear,
    exchange_sentence,
    exchanged,
    truth_row,
    write_truth,
)

README = """# Miniature portraits

Rendered portraits of people who do not exist, in the layout of RAF-DB (basic). No real person is shown and no
file of RAF-DB is contained. Written by `kedro run --pipeline miniature`, seed {seed}; Apache-2.0.

{train} training and {test} test pictures, 64 x 64 pixels; every emotion equally often, and of each emotion as
many people of each gender presentation, age group and skin tone as the world says (the shipped one: equally many).

- `EmoLabel/list_patition_label.txt` (RAF-DB's own spelling): picture and emotion: 1 surprise, 2 fear, 3 disgust,
  4 happiness, 5 sadness, 6 anger, 7 neutral.
- `Image/aligned/`: the pictures, JPEG.
- `Annotation/manual/`: five landmarks (eyes, nose tip, corners of the mouth: x, y in pixels), then gender
  (0 male, 1 female), race (0 Caucasian, 1 African-American, 2 Asian) and age (0: 0-3, 1: 4-19, 2: 20-39,
  3: 40-69, 4: 70+), one code a line.
- `Annotation/boundingbox/`: the face: left, top, right, bottom in pixels.
- `truth/`, not part of RAF-DB's layout: `people.csv` with all attributes of each person and the boxes of person
  and face (x, y, width, height in pixels); `regions/`, where each pixel is 0 background, 1 hair, 2 face or 3 body.

The attributes are what the renderer was told, not somebody's judgement; they say nothing about real people.
"""


def write_portraits(
    folder: Path, world: World, seed: int, train: int, test: int, exchange: Exchange | None = None
) -> None:
    """Render and write the data set; the same arguments write the same pictures.

    Args:
        folder: where to; what an earlier run wrote there is replaced.
        world: who lives in it.
        seed: of everything that is random.
        train, test: pictures in each split, a multiple of the number of emotions.
        exchange: the category that all people are shown with, all else equal.

    Raises:
        ValueError: if the emotions cannot be equally frequent.
    """
    clear(folder, ("EmoLabel", "Image", "Annotation", "truth", "README.md"))
    for name in ("EmoLabel", "Image/aligned", "Annotation/manual", "Annotation/boundingbox"):
        (folder / name).mkdir(parents=True)
    labels, rows, regions = [], [], {}
    for split, count in (("train", train), ("test", test)):
        if count % len(EMOTIONS):
            raise ValueError(f"{count} {split} portraits are no multiple of the {len(EMOTIONS)} emotions")
        rng = np.random.default_rng([seed, 0 if split == "train" else 1])
        people = [p for e in EMOTIONS for p in balanced_people(world, rng, count // len(EMOTIONS), [e])]
        for number, which in enumerate(rng.permutation(len(people)), 1):
            stem = f"{split}_{number:05d}"
            # Exchanged people use a copy of the random state, so that nothing else changes.
            before = deepcopy(rng)
            picture = render_portrait(people[which], rng)
            person = exchanged(people[which], exchange, [seed, 0 if split == "train" else 1, number])
            if person is not people[which]:
                picture = render_portrait(person, before)
            path = folder / "Image" / "aligned" / f"{stem}_aligned.jpg"
            Image.fromarray(picture.image).save(path, quality=95, subsampling=0)
            labels.append(f"{stem}.jpg {EMOTIONS.index(person.emotion) + 1}")
            _annotate(folder / "Annotation", stem, person, picture)
            rows.append({"image_id": stem, "split": split, **truth_row(picture, 0)})
            regions[stem] = picture.regions
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(labels) + "\n")
    write_truth(folder, rows, regions)
    (folder / "README.md").write_text(README.format(seed=seed, train=train, test=test) + exchange_sentence(exchange))


def _annotate(folder: Path, stem: str, person: Person, picture: Picture) -> None:
    points = five_points({"age": person.age, "emotion": person.expression}, np.array(picture.faces[0]), person.jitter)
    codes = (GENDERS.index(person.gender), ETHNICITIES.index(person.ethnicity), AGES.index(person.age))
    lines = [f"{x:.3f}\t{y:.3f}" for x, y in points] + [str(code) for code in codes]
    (folder / "manual" / f"{stem}_manu_attri.txt").write_text("\n".join(lines) + "\n")
    x, y, width, height = picture.faces[0]
    box = " ".join(f"{value:.2f}" for value in (x, y, x + width, y + height))
    (folder / "boundingbox" / f"{stem}_boundingbox.txt").write_text(box + "\n")
