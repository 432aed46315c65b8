"""Renders large sets of pictures in parallel, with equal results for any number of workers.

A set is a folder of plain arrays, opened memory-mapped: some hundred thousand pictures do not fit everywhere.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from broken_telephone.miniature.world.people import ACTIVITIES, EMOTIONS, GENDERS, Person, World, twin
from broken_telephone.miniature.world.portrait import Picture, render_portrait
from broken_telephone.miniature.world.scene import render_scene
from broken_telephone.progress import track

Kind = Literal["portraits", "scenes"]
_CHUNK = 250


@dataclass(frozen=True)
class PictureSet:
    """A set of n pictures: arrays, and one row per picture with the main person's attributes."""

    images: np.ndarray
    """uint8, (n, SIZE, SIZE, 3)."""
    regions: np.ndarray
    """uint8, (n, SIZE, SIZE), in the order of canvas.REGIONS."""
    boxes: np.ndarray
    """float32, (n, 3, 4): people as x, y, width, height in pixels, the main person first, NaN beyond the last."""
    faces: np.ndarray
    """float32, (n, 3, 4): their faces, likewise."""
    people: pd.DataFrame
    """n rows: kind, background and the main person's attributes."""

    def __len__(self) -> int:
        return len(self.people)

    def save(self, folder: Path) -> None:
        """Write the set into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("images", "regions", "boxes", "faces"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        self.people.to_parquet(folder / "people.parquet")

    @classmethod
    def load(cls, folder: Path) -> "PictureSet":
        """Open a set that `save` wrote; the arrays stay on disk."""
        arrays = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in ("images", "regions", "boxes", "faces")}
        return cls(people=pd.read_parquet(folder / "people.parquet"), **arrays)


def draw_picture(kind: Kind, world: World, index: int, rng: np.random.Generator) -> Picture:
    """Draw the picture number `index` of a set. Labels alternate, so that all are equally frequent."""
    return _render(kind, _people(kind, world, index, rng), rng)


def draw_twins(kind: Kind, world: World, index: int, rng: np.random.Generator) -> list[Picture]:
    """Draw a picture for each gender, in the order of `people.GENDERS`, equal except for the main person's gender."""
    main, *others = _people(kind, world, index, rng)
    both = sorted([main, twin(main, rng)], key=lambda person: GENDERS.index(person.gender))
    seed = int(rng.integers(2**32))
    return [_render(kind, [person, *others], np.random.default_rng(seed)) for person in both]


def render_set(kind: Kind, world: World, count: int, seed: int, workers: int = 2, *, twins: bool = False) -> PictureSet:
    """Render `count` pictures, or pairs with `twins`; the result is equal for any number of workers.

    The rows of a pair follow each other; see `draw_twins`.
    """
    starts = range(0, count, _CHUNK)
    task = partial(_render_chunk, kind, world, count, seed, twins)
    with ProcessPoolExecutor(workers) as pool:
        name = f"Rendering {count} {'pairs of ' if twins else ''}{kind}"
        chunks = list(track(pool.map(task, starts), name, total=len(starts)))
    images, regions, boxes, faces = (np.concatenate([arrays[k] for arrays, _ in chunks]) for k in range(4))
    people = pd.DataFrame([row for _, rows in chunks for row in rows])
    return PictureSet(images, regions, boxes, faces, people)


def _people(kind: Kind, world: World, index: int, rng: np.random.Generator) -> list[Person]:
    if kind == "portraits":
        return [world.person(rng, emotion=EMOTIONS[index % len(EMOTIONS)])]
    activity = ACTIVITIES[index % len(ACTIVITIES)]
    count = int(rng.integers(1, 4))
    return [world.person(rng, activity=activity) for _ in range(count)]


def _render(kind: Kind, people: list[Person], rng: np.random.Generator) -> Picture:
    return render_portrait(people[0], rng) if kind == "portraits" else render_scene(people, rng)


def _render_chunk(
    kind: Kind, world: World, count: int, seed: int, twins: bool, start: int
) -> tuple[list[np.ndarray], list[dict]]:
    rng = np.random.default_rng([seed, 0 if kind == "portraits" else 1, start])
    pictures = []
    for index in range(start, min(start + _CHUNK, count)):
        pictures += draw_twins(kind, world, index, rng) if twins else [draw_picture(kind, world, index, rng)]
    rows = []
    for picture in pictures:
        rows.append(
            {
                "kind": kind,
                "background": picture.background,
                "doing": picture.doing,
                "shown": len(picture.people),
                **picture.people[0].record(),
            }
        )
    arrays = [
        np.stack([p.image for p in pictures]),
        np.stack([p.regions for p in pictures]),
        np.stack([_padded(p.boxes) for p in pictures]),
        np.stack([_padded(p.faces) for p in pictures]),
    ]
    return arrays, rows


def _padded(boxes: list[tuple[float, float, float, float]]) -> np.ndarray:
    padded = np.full((3, 4), np.nan, np.float32)
    padded[: len(boxes)] = boxes
    return padded
