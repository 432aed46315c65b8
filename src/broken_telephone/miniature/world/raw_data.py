"""Contains the shared parts of the two raw data sets: balanced people, and the truth next to the labels.

`raw_portraits` and `raw_scenes` write them in the layouts of RAF-DB and PHASE.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.miniature.world.canvas import PROP
from broken_telephone.miniature.world.people import CATEGORIES, Person, World, shown_as
from broken_telephone.miniature.world.portrait import Picture

# Display colours of the values of a region map, in the order of the constants of `canvas`.
_PALETTE = [(0, 0, 0), (220, 60, 60), (240, 200, 160), (60, 90, 220), (90, 180, 90)]
_EXCHANGED = 2
"""Distinguishes the random numbers of exchanged people from those of the data set."""
_QUOTAS = ("gender", "age", "skin_tone")


def balanced_people(
    world: World,
    rng: np.random.Generator,
    count: int,
    emotions: Sequence[str],
    activity: str | None = None,
) -> list[Person]:
    """Draw people with one emotion or activity, and the world's shares as exactly as `count` allows.

    Args:
        world: states the shares; a category whose share is 0 does not occur.
        rng: the only source of randomness.
        count: number of people.
        emotions: equally frequent among them.
        activity: what all of them do, in a scene.
    """
    label = activity or emotions[0]
    wanted = {name: _quota(CATEGORIES[name], world.shares(name, label), count, rng) for name in _QUOTAS}
    feelings = _quota(emotions, np.full(len(emotions), 1 / len(emotions)), count, rng)
    people = []
    for number in range(count):
        person = world.person(rng, emotion=feelings[number], activity=activity)
        while any(getattr(person, name) != values[number] for name, values in wanted.items()):
            person = world.person(rng, emotion=feelings[number], activity=activity)
        people.append(person)
    return people


def _quota(names: Sequence[str], shares: np.ndarray, count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` names in random order by their shares, with the largest remainders rounded up."""
    exact = shares * count
    counts = np.floor(exact + 1e-9).astype(int)
    # Equal remainders are rounded up at random; otherwise the first category would always be more frequent.
    ranks = np.lexsort((rng.random(len(names)), -np.round(exact - counts, 9)))
    counts[ranks[: count - counts.sum()]] += 1
    return [str(name) for name in rng.permutation(np.repeat(list(names), counts))]


class Exchange(NamedTuple):
    """Shows all main persons with one category of an attribute; see `people.shown_as`."""

    attribute: str
    category: str


def exchanged(person: Person, exchange: Exchange | None, key: list[int]) -> Person:
    """Return the person as the data set shows them; `key` seeds what is drawn again."""
    if exchange is None:
        return person
    return shown_as(person, exchange.attribute, exchange.category, np.random.default_rng([*key, _EXCHANGED]))


def exchange_sentence(exchange: Exchange | None) -> str:
    """Return the paragraph of a README about exchanged people; an empty text without an exchange."""
    if exchange is None:
        return ""
    return (
        f"\nCounterfactual originals: every main person is shown with the {exchange.attribute} {exchange.category}. "
        "Names of the pictures,\nall other attributes, background and position are those of the data set without "
        "exchange, and pictures of people who\nhave the category there are the same files.\n"
    )


def clear(folder: Path, names: Iterable[str]) -> None:
    """Remove the named files and folders of an earlier run from `folder`, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def truth_row(picture: Picture, number: int) -> dict[str, Any]:
    """Return the true attributes of person `number` of a picture; the main person is number 0."""
    row = picture.people[number].record()
    row["tone"] = round(row["tone"], 4)
    row["background"] = picture.background
    for prefix, box in (("", picture.boxes[number]), ("face_", picture.faces[number])):
        row |= {prefix + name: round(float(v), 2) for name, v in zip(("x", "y", "width", "height"), box, strict=True)}
    return row


def true_regions(picture: Picture) -> np.ndarray:
    """Return the regions of a picture, with `canvas.PROP` where there are props, uint8, (SIZE, SIZE)."""
    return picture.regions if picture.props is None else np.where(picture.props, np.uint8(PROP), picture.regions)


def write_truth(folder: Path, rows: list[dict[str, Any]], regions: dict[str, np.ndarray]) -> None:
    """Write `truth/people.csv` and `truth/regions/<image_id>.png`, palette pictures with the values of the regions."""
    (folder / "truth" / "regions").mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "truth" / "people.csv", index=False)
    for image_id, region in regions.items():
        mask = Image.fromarray(region, mode="P")
        bits = 2 if region.max() < 4 else 4
        mask.putpalette([value for colour in _PALETTE[: 2**bits] for value in colour])
        mask.save(folder / "truth" / "regions" / f"{image_id}.png", bits=bits, optimize=True)
