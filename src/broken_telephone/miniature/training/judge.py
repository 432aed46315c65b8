"""Trains the judge: an independent classifier of pictures that only checks the other models.

It is trained on the even world, on rendered pictures with mild changes, and shares no weights with the models it
judges. What is neither quite a man nor a woman it learns to read as `between` says. Emotions are read in portraits
only, activities in scenes only: the other kind's column means nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from broken_telephone.miniature.checks.scores import accuracies
from broken_telephone.miniature.training.augment import augment
from broken_telephone.miniature.training.fitting import Rows, Schedule, fit, to_tensor
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world.between import between, pairs
from broken_telephone.miniature.world.people import CATEGORIES
from broken_telephone.miniature.world.pictures import PictureSet

_ONLY = {"emotion": "portraits", "activity": "scenes"}


def _unit(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.units = nn.Sequential(_unit(channels, channels), _unit(channels, channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.units(features)


class _Network(nn.Module):
    def __init__(self, channels: Sequence[int], width: int, categories: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside in zip((3, *channels), channels, strict=False):
            layers += [_unit(inside, outside, 2), _Residual(outside)]
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        # No pooling, because the position of a brow or a prop is informative.
        self.read = nn.Sequential(nn.Dropout(0.1), nn.Linear(16 * channels[-1], width), nn.ReLU(inplace=True))
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(values)) for name, values in categories.items()})

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the scores of every attribute's categories for pictures (n, 3, 64, 64), 0 to 1."""
        features = self.read(self.trunk((images - 0.5) * 4))
        return {name: head(features).float() for name, head in self.heads.items()}


class Judge(nn.Module):
    """Averages the probabilities of small convolutional networks with one head per attribute.

    Args:
        members: how many networks.
        channels: feature channels at 32, 16, 8 and 4 pixels.
        width: features that the heads read.
        categories: attribute -> its categories, in the order of the heads' outputs.
    """

    def __init__(
        self,
        members: int = 1,
        channels: Sequence[int] = (32, 64, 128, 128),
        width: int = 256,
        categories: dict[str, tuple[str, ...]] = CATEGORIES,
    ) -> None:
        super().__init__()
        self.categories = {name: tuple(values) for name, values in categories.items()}
        self.config = {
            "members": members,
            "channels": list(channels),
            "width": width,
            "categories": {name: list(values) for name, values in categories.items()},
        }
        self.members = nn.ModuleList(_Network(channels, width, self.categories) for _ in range(members))

    def probabilities(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return mean probabilities of every attribute's categories for pictures (n, 3, 64, 64), 0 to 1."""
        read = [member(images) for member in self.members]
        return {name: torch.stack([scores[name].softmax(1) for scores in read]).mean(0) for name in self.categories}

    @torch.inference_mode()
    def forward(self, images: np.ndarray, probabilities: bool = False) -> pd.DataFrame:
        """Read pictures.

        Args:
            images: uint8, (n, 64, 64, 3).
            probabilities: add the probability of each answer, in columns `<attribute>_probability`.

        Returns:
            n rows, one column of category names for each attribute.
        """
        parts = []
        for start in range(0, len(images), 256):
            read = self.probabilities(to_tensor(images[start : start + 256]))
            best = {name: values.max(1) for name, values in read.items()}
            columns = {name: np.array(self.categories[name])[b.indices.numpy()] for name, b in best.items()}
            if probabilities:
                columns |= {f"{name}_probability": b.values.numpy() for name, b in best.items()}
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)


def train_judge(
    portraits: PictureSet,
    scenes: PictureSet,
    twins: tuple[PictureSet, PictureSet],
    schedule: Schedule,
    members: int,
) -> Judge:
    """Train a judge on rendered pictures, half of every batch of each kind, and on mixtures of twins.

    Args:
        portraits: pictures of the even world.
        scenes: likewise.
        twins: portraits and scenes, see `pictures.draw_twins`; a quarter of a batch comes from them in addition.
        schedule: how long and how each network learns; the seed is the first one's, the next ones follow on it.
        members: how many networks.
    """
    judge = Judge(members)
    for number in range(members):
        own = replace(schedule, seed=schedule.seed + number)
        judge.members[number] = _train_network(portraits, scenes, twins, own)
    return judge.eval()


def _train_network(
    portraits: PictureSet, scenes: PictureSet, twins: tuple[PictureSet, PictureSet], schedule: Schedule
) -> nn.Module:
    set_up(schedule.seed, schedule.threads)
    generator = torch.Generator().manual_seed(schedule.seed)
    rng = np.random.default_rng(schedule.seed)
    model = Judge().members[0].to(memory_format=torch.channels_last)
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
        scores = model(augment(torch.cat([images, mixed]), generator))
        genders = scores["gender"][len(images) :]
        total = functional.cross_entropy(genders, torch.stack([1 - share, share], 1))
        for name, values in scores.items():
            for kind, part in zip(sets, values[: len(images)].chunk(2), strict=True):
                if _ONLY.get(name, kind) == kind:
                    total = total + functional.cross_entropy(part, codes[kind][name][rows[kind]])
        return total

    fit(model, loss, sets, schedule, name="judge")
    return model


def save_judge(model: Judge, folder: Path) -> None:
    """Write `model.safetensors` and `config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text(json.dumps(model.config, indent=2) + "\n")


def load_judge(folder: Path) -> Judge:
    """Load a judge that `save_judge` wrote."""
    config = json.loads((folder / "config.json").read_text())
    model = Judge(**config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


def score_judge(model: Judge, pictures: PictureSet) -> pd.DataFrame:
    """Return the shares of correct answers on one kind of picture, overall and by group; see `scores.by_group`."""
    kind = str(pictures.people["kind"].iloc[0])
    predicted = model(pictures.images)
    names = [name for name in model.categories if _ONLY.get(name, kind) == kind]
    return accuracies("judge", pictures.people, predicted[names])
