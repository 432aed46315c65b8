"""Measures the miniature's second annotator on pictures that the generator drew, and writes its card.

Nobody knows who is in a drawn picture, so the reference is the judge: another architecture, trained on other pictures.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from transformers import ResNetForImageClassification

from broken_telephone.miniature.checks.cards import score_table, write_text
from broken_telephone.miniature.checks.scores import by_group
from broken_telephone.miniature.training.classifier import ONLY, read_people
from broken_telephone.miniature.training.judge import Judge
from broken_telephone.miniature.world import associations
from broken_telephone.miniature.world.people import ACTIVITIES, CATEGORIES, EMOTIONS
from broken_telephone.models import Generator

_OWN = "classifier "


def score_on_drawn(
    model: ResNetForImageClassification, judge: Judge, generator: Generator, *, count: int, seed: int
) -> pd.DataFrame:
    """Compare classifier and judge on drawn pictures; see `scores.by_group`, with groups as the judge reads them.

    Args:
        model: the classifier.
        judge: the reference.
        generator: draws from captions that name only an emotion or activity, at its guidance.
        count: pictures per emotion and activity.
        seed: of captions and noise.
    """

    def both(images: np.ndarray) -> pd.DataFrame:
        return judge(images).join(read_people(model, images).add_prefix(_OWN))

    drawn = associations.draw_labels(generator, both, EMOTIONS + ACTIVITIES, count, seed)
    parts = []
    for kind, labels in (("portraits", EMOTIONS), ("scenes", ACTIVITIES)):
        some = drawn[drawn["label"].isin(labels)].assign(kind=kind)
        for name in (name for name in CATEGORIES if ONLY.get(name, kind) == kind):
            agrees = (some[_OWN + name] == some[name]).to_numpy()
            parts.append(by_group("classifier", f"{name} as the judge reads it", some, agrees))
    return pd.concat(parts, ignore_index=True)


def write_classifier_card(folder: Path, rendered: pd.DataFrame, drawn: pd.DataFrame) -> None:
    """Write `README.md` from scores on held-out rendered people and on drawn pictures."""
    quality = (
        f"## Accuracy on held-out rendered people\n\nBy groups of main persons.\n\n{score_table(rendered)}\n"
        "## Agreement with the judge on drawn pictures\n\nShare of pictures that classifier and judge read alike, by "
        f"groups as the judge reads them.\nnan: the judge reads no such person.\n\n{score_table(drawn)}"
    )
    write_text(folder, "classifier", quality)
