"""Defines heads that predict attributes from a vision tower's tokens, to train the tower."""

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as nnf
from torch import nn

_READ = (
    "emotion",
    "activity",
    "doing",
    "gender",
    "age",
    "ethnicity",
    "skin_tone",
    "hair_style",
    "hair_colour",
    "clothes",
    "background",
)


class AttributeHeads(nn.Module):
    """Predicts the main person's attributes from the tower's tokens, each with its own attention.

    The language model reads the tokens in the same way, so what these heads can read it can learn to say.
    """

    def __init__(self, width: int, tokens: int, people: pd.DataFrame) -> None:
        super().__init__()
        codes = {name: pd.Categorical(people[name]) for name in _READ}
        self.targets = {name: torch.from_numpy(code.codes.astype(np.int64)) for name, code in codes.items()}
        # An attribute that a kind of picture lacks is -1, which the loss ignores.
        self.targets["emotion"][torch.tensor((people["kind"] == "scenes").tolist())] = -1
        self.places = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.queries = nn.Linear(width, len(codes))
        self.read = nn.ModuleDict({name: nn.Linear(width, len(code.categories)) for name, code in codes.items()})

    def loss(self, tokens: torch.Tensor, index: np.ndarray) -> torch.Tensor:
        """Return the sum of cross-entropies for tokens, (n, tokens, width), of the pictures with these indices."""
        placed = tokens + self.places
        pooled = self.queries(placed).softmax(1).transpose(1, 2) @ placed
        losses = [
            nnf.cross_entropy(head(pooled[:, k]).float(), self.targets[name][index], ignore_index=-1)
            for k, (name, head) in enumerate(self.read.items())
        ]
        return torch.stack(losses).sum()
