"""Trains the classifier: a small ResNet of transformers that labels people, the miniature's second annotator.

It learns from the even world and from mixtures of twins (`between`). It shares neither weights nor architecture, seeds
or pictures with the judge. Emotions are learned in portraits only, activities in scenes only.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional
from transformers import ResNetConfig, ResNetForImageClassification, ViTImageProcessor

from broken_telephone.miniature.checks.scores import accuracies
from broken_telephone.miniature.training.augment import augment
from broken_telephone.miniature.training.fitting import Rows, Schedule, fit, to_tensor
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world.between import between, pairs
from broken_telephone.miniature.world.people import CATEGORIES
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.miniature.world.portrait import SIZE

ONLY = {"emotion": "portraits", "activity": "scenes"}
"""Attributes that one kind of picture shows."""
_MEAN, _DEVIATION = 0.5, 0.25
_HEADS = {name: len(values) for name, values in CATEGORIES.items()}


def new_classifier() -> ResNetForImageClassification:
    """Return a ResNet with random weights. Its outputs are one head for each attribute, named `<attribute>/<category>`.

    The torch seed decides the weights.
    """
    classes = [f"{name}/{category}" for name, values in CATEGORIES.items() for category in values]
    config = ResNetConfig(
        embedding_size=32,
        hidden_sizes=[48, 96, 192],
        depths=[1, 2, 1],
        layer_type="basic",
        id2label=dict(enumerate(classes)),
        label2id={name: number for number, name in enumerate(classes)},
    )
    return ResNetForImageClassification(config)


def train_classifier(
    portraits: PictureSet, scenes: PictureSet, twins: tuple[PictureSet, PictureSet], schedule: Schedule
) -> ResNetForImageClassification:
    """Train a classifier on rendered pictures, half of every batch of each kind, and on mixtures of twins.

    Args:
        portraits: pictures of the even world.
        scenes: likewise.
        twins: portraits and scenes, see `pictures.draw_twins`; a quarter of a batch comes from them in addition.
        schedule: how long and how it learns.
    """
    set_up(schedule.seed, schedule.threads)
    generator = torch.Generator().manual_seed(schedule.seed)
    rng = np.random.default_rng(schedule.seed)
    model = new_classifier().to(memory_format=torch.channels_last)
    sets = {"portraits": portraits, "scenes": scenes}
    codes = {
        kind: {
            name: torch.from_numpy(pd.Categorical(pictures.people[name], values).codes.astype(np.int64))
            for name, values in CATEGORIES.items()
        }
        for kind, pictures in sets.items()
    }

    def loss(rows: Rows) -> torch.Tensor:
        images = torch.cat([to_tensor(sets[kind].images[rows[kind]]) for kind in sets])
        mixed, share = between(*pairs(twins, max(len(images) // 8, 1), rng), generator)
        scores = _scores(model, augment(torch.cat([images, mixed]), generator))
        genders = scores["gender"][len(images) :]
        total = functional.cross_entropy(genders, torch.stack([1 - share, share], 1))
        for name, values in scores.items():
            for kind, part in zip(sets, values[: len(images)].chunk(2), strict=True):
                if ONLY.get(name, kind) == kind:
                    total = total + functional.cross_entropy(part, codes[kind][name][rows[kind]])
        return total

    fit(model, loss, sets, schedule, name="classifier", weight_decay=0.02)
    return model


def _scores(model: ResNetForImageClassification, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the scores of every attribute's categories for pictures (n, 3, 64, 64), 0 to 1."""
    logits = model(pixel_values=(images - _MEAN) / _DEVIATION).logits.float()
    return dict(zip(_HEADS, logits.split(list(_HEADS.values()), 1), strict=True))


def save_classifier(model: ResNetForImageClassification, folder: Path) -> None:
    """Save model (half precision) and image processor in the format of transformers."""
    half = ResNetForImageClassification(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder)
    size = {"height": SIZE, "width": SIZE}
    ViTImageProcessor(size=size, image_mean=[_MEAN] * 3, image_std=[_DEVIATION] * 3).save_pretrained(folder)


def load_classifier(folder: Path) -> ResNetForImageClassification:
    """Load a classifier that `save_classifier` wrote, in full precision."""
    model = ResNetForImageClassification.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
    )
    return model.eval()


@torch.inference_mode()
def read_people(model: ResNetForImageClassification, images: np.ndarray) -> pd.DataFrame:
    """Return the most probable category of each attribute, one row per picture, uint8 (n, 64, 64, 3)."""
    parts = []
    for start in range(0, len(images), 256):
        scores = _scores(model, to_tensor(images[start : start + 256]))
        parts.append(pd.DataFrame({n: np.array(CATEGORIES[n])[s.argmax(1).numpy()] for n, s in scores.items()}))
    return pd.concat(parts, ignore_index=True)


def score_classifier(model: ResNetForImageClassification, pictures: PictureSet) -> pd.DataFrame:
    """Return the shares of correct answers on one kind of picture, overall and by group; see `scores.by_group`."""
    kind = str(pictures.people["kind"].iloc[0])
    names = [name for name in CATEGORIES if ONLY.get(name, kind) == kind]
    return accuracies("classifier", pictures.people, read_people(model, pictures.images)[names])
