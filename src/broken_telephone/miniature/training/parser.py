"""Trains the region parser: facexlib's ParseNet, which segments background, hair, face and body.

ParseNet's second output, a restored picture, is neither trained nor used. Leaves out how a study calls a
parser: that is `models`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from facexlib.parsing.parsenet import ParseNet
from safetensors.torch import load_file, save_file
from torch.nn import functional

from broken_telephone.miniature.checks.scores import by_group
from broken_telephone.miniature.training.augment import augment
from broken_telephone.miniature.training.fitting import Rows, Schedule, fit, to_tensor
from broken_telephone.miniature.training.optimisation import set_up
from broken_telephone.miniature.world.pictures import PictureSet
from broken_telephone.miniature.world.portrait import SIZE
from broken_telephone.miniature.world.reflection import quicken
from broken_telephone.models.faces.region_parsing import places, region_scores
from broken_telephone.models.protocols import REGIONS

# Half the size is as small as features may get: arms and tufts of hair are one or two pixels wide.
CONSTRUCTOR: dict[str, Any] = {
    "in_size": SIZE,
    "out_size": SIZE,
    "min_feat_size": SIZE // 2,
    "base_ch": 32,
    "parsing_ch": len(REGIONS),
    "res_depth": 5,
    "ch_range": [32, 32],
}
MEAN = DEVIATION = (0.5, 0.5, 0.5)


def train_parser(portraits: PictureSet, scenes: PictureSet, schedule: Schedule) -> ParseNet:
    """Train a parser on rendered pictures and their true regions, half of every batch of each kind."""
    set_up(schedule.seed, schedule.threads)
    generator = torch.Generator().manual_seed(schedule.seed)
    model = ParseNet(**CONSTRUCTOR).to(memory_format=torch.channels_last)
    quicken(model)
    sets = {"portraits": portraits, "scenes": scenes}

    def loss(rows: Rows) -> torch.Tensor:
        images = torch.cat([to_tensor(sets[kind].images[rows[kind]]) for kind in sets])
        truth = torch.from_numpy(np.concatenate([sets[kind].regions[rows[kind]] for kind in sets])).long()
        # Pictures are not shifted, because the regions would have to move too.
        scores = model(augment(images, generator, shift=0, soften=0.2) * 2 - 1)[0].float()
        return functional.cross_entropy(scores, truth) + _overlap_loss(scores, truth)

    fit(
        model,
        loss,
        sets,
        schedule,
        name="parser",
    )
    return model


def _overlap_loss(scores: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return one minus the soft intersection over union, averaged with equal weight over pictures and regions."""
    shares = scores.softmax(1)
    wanted = functional.one_hot(truth, scores.shape[1]).permute(0, 3, 1, 2)
    both = (shares * wanted).sum((2, 3))
    union = (shares + wanted).sum((2, 3)) - both
    return 1 - ((both + 1) / (union + 1)).mean()


def parse(model: ParseNet, images: np.ndarray) -> np.ndarray:
    """Return the regions of pictures, uint8 (n, 64, 64, 3), as indices of REGIONS, uint8 (n, 64, 64)."""
    parts = []
    for start in range(0, len(images), 64):
        scores = region_scores(model, to_tensor(images[start : start + 64]), places(REGIONS), MEAN, DEVIATION)
        parts.append(scores.argmax(1).to(torch.uint8).numpy())
    return np.concatenate(parts)


def save_parser(model: ParseNet, folder: Path) -> None:
    """Write `model.safetensors` and `config.json`: the constructor's arguments and the regions' names."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()},
        folder / "model.safetensors",
    )
    config = {
        "class": "facexlib.parsing.parsenet.ParseNet",
        "constructor": CONSTRUCTOR,
        "regions": list(REGIONS),
        "input": {"size": SIZE, "channels": "RGB", "mean": MEAN[0], "std": DEVIATION[0]},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def load_parser(folder: Path) -> ParseNet:
    """Load a parser that `save_parser` wrote."""
    config = json.loads((folder / "config.json").read_text())
    model = ParseNet(**config["constructor"])
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval().to(memory_format=torch.channels_last)


def score_parser(model: ParseNet, pictures: PictureSet) -> pd.DataFrame:
    """Return the intersection over union of each region on one kind of picture; see `scores.by_group`.

    Figures: "<region> IoU", of the pixels of all pictures together, as is usual for segmentation, and
    "<region> IoU, mean of pictures", in which a tuft of hair weighs as much as a mane. A picture counts for
    a region that it shows or that the parser finds in it.
    """
    predicted = parse(model, pictures.images)
    parts = []
    for number, name in enumerate(REGIONS):
        here, truth = predicted == number, pictures.regions == number
        both, union = (here & truth).sum((1, 2)), (here | truth).sum((1, 2))
        values = np.where(union > 0, both / np.maximum(union, 1), np.nan)
        parts.append(by_group("parser", f"{name} IoU", pictures.people, values, np.maximum(union, 1)))
        parts.append(by_group("parser", f"{name} IoU, mean of pictures", pictures.people, values))
    return pd.concat(parts, ignore_index=True)
