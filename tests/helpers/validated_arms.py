"""Invented arms of a validation: people follow planted shares, the judge is right, and the annotator may err."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from broken_telephone.pictures import StudyPictures
from broken_telephone.statistics import panels
from broken_telephone.tables import CHAINS, as_table
from broken_telephone.validation import ValidatedArm

GENDERS = ("male", "female")
ATTRIBUTES = {"gender": GENDERS}
LABELS = ("happiness", "anger")


def chains_of(starts: int) -> pd.DataFrame:
    """Return `starts` chains for each label, each from an image of its own."""
    rows = [
        {"chain_id": f"{label}{k}", "replicate": 0, "start": "image", "image_id": f"{label}{k}"}
        | {"image_path": f"{label}{k}.png", "image_digest": f"digest {label}{k}", "prompt": None, "concept": "emotion"}
        | {"label": label, "seed": k}
        for label in LABELS
        for k in range(starts)
    ]
    return as_table(rows, CHAINS)


def arm(
    name: str,
    female: Callable[[str], float],
    rng: np.random.Generator,
    starts: int = 40,
    error: float = 0.0,
    levels: dict[str, str] | None = None,
    path: np.ndarray | None = None,
    first: np.ndarray | None = None,
) -> ValidatedArm:
    """Return an arm whose last image shows women with the planted chance of its label.

    Args:
        name: of the arm.
        female: label -> planted chance of a woman.
        rng: of the people.
        starts: for each label.
        error: share of the women in drawn images whom the annotator calls men.
        levels: factor -> level.
        path: codes of all images, (n, K + 1), in place of one drawn image.
        first: codes of the originals, (n,).
    """
    chains = chains_of(starts)
    n = len(chains)
    chance = chains["label"].astype(str).map(female).to_numpy(float)
    if path is None:
        original = rng.integers(0, 2, n) if first is None else first
        path = np.stack([original, (rng.random(n) < chance).astype(int)], 1)
    answered = path.copy()
    answered[:, 1:][(path[:, 1:] == 1) & (rng.random(path[:, 1:].shape) < error)] = 0
    iterations = path.shape[1] - 1
    annotations = answers(chains, answered)
    planted = np.full((n, iterations + 1, 2), np.nan)
    planted[:, 1:, 1] = chance[:, None]
    planted[:, 1:, 0] = 1 - chance[:, None]
    expected = planted.copy()
    expected[:, 0] = 0.5
    people = pd.DataFrame(
        {"image_id": chains["image_id"], "is_main": True, "split": "test", "gender": [GENDERS[k] for k in path[:, 0]]}
    )
    digests = {f"{chain}/{k}": f"{chain} {k}" for chain in chains["chain_id"] for k in range(1, iterations + 1)}
    return ValidatedArm(
        name,
        levels or {},
        chains,
        people,
        annotations,
        StudyPictures({}, {}, digests),
        panels(annotations, chains, ATTRIBUTES, iterations),
        panels(answers(chains, path), chains, ATTRIBUTES, iterations),
        {"gender": planted},
        {"gender": expected},
    )


def answers(chains: pd.DataFrame, codes: np.ndarray) -> pd.DataFrame:
    """Return the rows of one annotator."""
    n, width = codes.shape
    return pd.DataFrame(
        {
            "chain_id": np.repeat(chains["chain_id"].to_numpy(), width),
            "iteration": np.tile(np.arange(width), n),
            "annotator": "describer",
            "reading": "free",
            "attribute": "gender",
            "category": [GENDERS[code] for code in codes.ravel()],
            "status": "valid",
        }
    )
