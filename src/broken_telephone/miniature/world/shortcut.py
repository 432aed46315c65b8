"""Trains describers with a planted shortcut, and measures it, as ground truth for explanations.

The shipped describer goes on learning in a world with a `Shortcut`. Afterwards the region that shows the trait,
and no other, is what makes it say the shortcut's emotion, so a map of what mattered must point there.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import LlavaNextForConditionalGeneration, LlavaNextProcessor

from broken_telephone.miniature.checks.readings import ask, named
from broken_telephone.miniature.training.answering import train_answers
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world.language import PROMPTS
from broken_telephone.miniature.world.people import EMOTIONS, Shortcut
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.models import Describer


def train_shortcut(
    folder: Path,
    images: np.ndarray,
    people: pd.DataFrame,
    samples: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    threads: int,
) -> tuple[LlavaNextForConditionalGeneration, LlavaNextProcessor]:
    """Continue to train the describer in `folder` on portraits, uint8 (n, 64, 64, 3), of a world with a shortcut."""
    set_up(seed, threads)
    model = LlavaNextForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
    )
    processor = LlavaNextProcessor.from_pretrained(folder, local_files_only=True)
    model.train()
    train_answers(model, images, people, processor.tokenizer, samples, batch_size, learning_rate, seed)
    return model.eval(), processor


def score_shortcut(describer: Describer, shortcut: Shortcut, pictures: PictureSet) -> pd.DataFrame:
    """Return how a describer labels portraits with and without the trait, independent of the face.

    Returns:
        trait (with | without), face (an emotion, or all), n, right (share called as `Shortcut.called` says),
        called (share called the shortcut's emotion).
    """
    people = pictures.people
    # In a world without a shortcut, faces show the emotion of the label.
    faces = people["face"] if "face" in people else people["emotion"]
    values = people[shortcut.column]
    predicted = np.array([named(text, "emotion") for text in ask(describer, pictures.images, PROMPTS["emotion"][0])])
    read = pd.DataFrame(
        {
            "trait": np.where(values == shortcut.value, "with", "without"),
            "face": faces,
            "right": predicted == [shortcut.called(face, value) for face, value in zip(faces, values, strict=True)],
            "called": predicted == shortcut.label,
        }
    )
    both = pd.concat([read.assign(face="all"), read])
    both["face"] = pd.Categorical(both["face"], ["all", *EMOTIONS])
    grouped = both.groupby(["trait", "face"], observed=True)
    return grouped.agg(n=("right", "size"), right=("right", "mean"), called=("called", "mean")).reset_index()
