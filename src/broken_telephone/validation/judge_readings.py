"""Lets the judge, who made none of the pictures, read all drawn images of the studies."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from broken_telephone.comparison import Studies
from broken_telephone.errors import UnreadableError
from broken_telephone.progress import track

READINGS = ("arm", "chain_id", "iteration", "attribute", "category")
_TOGETHER = 256
"""Pictures that are read at once."""

Read = Callable[[np.ndarray], pd.DataFrame]
"""Takes pictures, uint8 (n, height, width, 3), and returns a column of categories for each attribute."""


def judge_readings(
    studies: Studies, read: Read, categories: Mapping[str, Mapping[str, str]], size: tuple[int, int]
) -> tuple[pd.DataFrame, int]:
    """Read all drawn images.

    Args:
        studies: arm -> its study.
        read: the judge.
        categories: attribute -> the judge's category -> the scheme's category.
        size: width and height of the pictures that the judge reads, in pixels. Others are scaled.

    Returns:
        Columns READINGS, and the number of images that are missing, which have no rows.
    """
    parts, missing = [], 0
    keys = list(_keys(studies))
    for start in track(range(0, len(keys), _TOGETHER), "The judge reads", -(-len(keys) // _TOGETHER)):
        own, pictures = [], []
        for arm, chain_id, iteration, opened in keys[start : start + _TOGETHER]:
            try:
                picture = opened()
            except (UnreadableError, KeyError, OSError):
                missing += 1
                continue
            pictures.append(np.asarray(picture.convert("RGB").resize(size) if picture.size != size else picture))
            own.append((arm, chain_id, iteration))
        if not pictures:
            continue
        answers = read(np.stack(pictures))
        index = pd.DataFrame(own, columns=list(READINGS[:3]))
        parts += [
            index.assign(attribute=name, category=answers[name].map(names).to_numpy(dtype=object))
            for name, names in categories.items()
        ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(READINGS))
    return table, missing


def _keys(studies: Studies) -> Iterator[tuple[str, str, int, Callable]]:
    for arm, study in studies.items():
        images = study.results.loop_images
        for chain_id in study.chains["chain_id"].astype(str):
            for iteration in range(1, study.iterations + 1):
                name = f"{chain_id}/{iteration}"
                yield arm, chain_id, iteration, lambda images=images, name=name: images[name]()
