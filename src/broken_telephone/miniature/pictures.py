"""Large sets of rendered pictures, drawn in parallel, the same for any number of workers.

A set is a folder of plain arrays, opened memory-mapped: some hundred thousand pictures do not fit everywhere.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from rich.progress import track

from broken_telephone.miniature.people import ACTIVITIES, EMOTIONS, World
from broken_telephone.miniature.portrait import Picture, render_portrait
from broken_telephone.miniature.scene import render_scene

Kind = Literal["portraits", "scenes"]
_CHUNK = 250


@dataclass(frozen=True)
class PictureSet:
    """n pictures: arrays and one row each of the main person's attributes."""

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
    """Draw the index-th picture of a set: labels take turns, so that every label is equally frequent."""
    if kind == "portraits":
        return render_portrait(world.person(rng, emotion=EMOTIONS[index % len(EMOTIONS)]), rng)
    activity = ACTIVITIES[index % len(ACTIVITIES)]
    count = int(rng.integers(1, 4))
    return render_scene([world.person(rng, activity=activity) for _ in range(count)], rng)


def render_set(kind: Kind, world: World, count: int, seed: int, workers: int = 2) -> PictureSet:
    """Render `count` pictures; the same seed gives the same set whatever the number of workers."""
    starts = range(0, count, _CHUNK)
    task = partial(_render_chunk, kind, world, count, seed)
    with ProcessPoolExecutor(workers) as pool:
        chunks = list(track(pool.map(task, starts), f"Rendering {count} {kind}", total=len(starts)))
    images, regions, boxes, faces = (np.concatenate([arrays[k] for arrays, _ in chunks]) for k in range(4))
    people = pd.DataFrame([row for _, rows in chunks for row in rows])
    return PictureSet(images, regions, boxes, faces, people)


def _render_chunk(kind: Kind, world: World, count: int, seed: int, start: int) -> tuple[list[np.ndarray], list[dict]]:
    rng = np.random.default_rng([seed, 0 if kind == "portraits" else 1, start])
    pictures = [draw_picture(kind, world, index, rng) for index in range(start, min(start + _CHUNK, count))]
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
