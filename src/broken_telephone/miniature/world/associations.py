"""Measures with the judge whether the generator shows requested labels and planted associations."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from broken_telephone.miniature.world import language
from broken_telephone.miniature.world.activities import STAGINGS
from broken_telephone.miniature.world.people import ACTIVITIES, CATEGORIES, EMOTIONS, World
from broken_telephone.models import Generator
from broken_telephone.progress import track

ATTRIBUTES = ("gender", "age", "skin_tone")


def draw_labels(
    generator: Generator,
    judge: Callable[[np.ndarray], pd.DataFrame],
    labels: tuple[str, ...],
    count: int,
    seed: int,
    batch_size: int = 50,
) -> pd.DataFrame:
    """Draw `count` pictures per label from captions that name only the label.

    Args:
        generator: draws.
        judge: reads pictures, uint8 (n, 64, 64, 3): a `Judge`, or a function with such results.
        labels: emotions and activities.
        count: pictures per label.
        seed: of captions and noise.
        batch_size: pictures at once.

    Returns:
        One row a picture: the label and what the judge reads.
    """
    parts = []
    for number, label in enumerate(track(labels, "Drawing", len(labels))):
        texts = list(captions(label, count, seed + number))
        read = []
        for start in range(0, count, batch_size):
            prompts = texts[start : start + batch_size]
            seeds = [seed + number * 1_000_000 + start + k for k in range(len(prompts))]
            images = np.stack([np.asarray(image) for image in generator.draw(prompts, seeds)])
            read.append(judge(images))
        parts.append(pd.concat(read, ignore_index=True).assign(label=label))
    return pd.concat(parts, ignore_index=True)


def captions(label: str, count: int, seed: int) -> Iterator[str]:
    """Return captions that name only the label, an emotion or activity, in the describer's words."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        if label in EMOTIONS:
            yield language.emotion_sentence({"emotion": label}, rng)
        else:
            stagings = STAGINGS[label]
            yield language.activity_sentence({"doing": stagings[rng.integers(len(stagings))].words}, rng)


def shown(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return the share of pictures with the requested label: kind, group (all, label, gender, ...), category, n, value.

    By gender, age and skin tone as the judge reads them, each label counts alike: planted shares would otherwise
    make a group look worse that is merely frequent among pictures of a difficult label.
    """
    concept = np.where(drawn["label"].isin(EMOTIONS), drawn["emotion"], drawn["activity"])
    right = drawn.assign(value=concept == drawn["label"])
    rows = []
    for kind, labels in (("portraits", EMOTIONS), ("scenes", ACTIVITIES)):
        part = right[right["label"].isin(labels)]
        if part.empty:
            continue
        rows.append((kind, "all", "all", len(part), part["value"].mean()))
        for group in ("label", *ATTRIBUTES):
            for category, some in part.groupby(group):
                rows.append((kind, group, category, len(some), some.groupby("label")["value"].mean().mean()))
    return pd.DataFrame(rows, columns=["kind", "group", "category", "n", "value"])


def shares(drawn: pd.DataFrame, world: World) -> pd.DataFrame:
    """Return the judge's and the planted shares: label, attribute, category, n, share, planted, difference."""
    rows = []
    for label, part in drawn.groupby("label"):
        for attribute in ATTRIBUTES:
            for category, planted in zip(CATEGORIES[attribute], world.shares(attribute, str(label)), strict=True):
                share = (part[attribute] == category).mean()
                rows.append((label, attribute, category, len(part), share, planted, share - planted))
    return pd.DataFrame(rows, columns=["label", "attribute", "category", "n", "share", "planted", "difference"])
