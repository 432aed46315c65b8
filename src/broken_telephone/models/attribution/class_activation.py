"""Class activation: how much each patch of a picture supports a word that a describer wrote.

The whole sequence, prompt and text, goes through the model once. What is explained is how likely the word's pieces
are where they stand, given everything before them. Left out is where patches lie in the picture (`vision.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from broken_telephone.models.attribution.vision_tower import Patches, Tower

Target = Literal["log_probability", "logit"]


@dataclass(frozen=True)
class Word:
    """A word in what a describer wrote about a picture."""

    text: str
    """All that it wrote."""
    start: int
    """The place of the word's first letter in the text."""
    end: int
    """The place behind its last one."""


@dataclass(frozen=True)
class Explanation:
    """What supports a word."""

    log_probability: float
    """Natural logarithm of the word's probability, given the picture, the prompt and the text before it."""
    activations: dict[str, np.ndarray]
    """Method -> float32 (p,): what each patch supports, not below 0, on a scale of its own."""
    patches: Patches
    """Which part of the picture each of the p patches sees."""


def grad_cam(activations: Any, gradients: Any) -> Any:
    """Weigh channels by their mean gradient (Selvaraju et al. 2017).

    Args:
        activations: (n, p, d), of the p patches of a picture.
        gradients: (n, p, d), of the target.

    Returns:
        (n, p), not below 0.
    """
    return (activations * gradients.mean(1, keepdim=True)).sum(2).relu()


def grad_cam_plus_plus(activations: Any, gradients: Any) -> Any:
    """Weigh channels by their positive gradients, those of single patches more (Chattopadhay et al. 2018, eq. 19)."""
    square, cube = gradients**2, gradients**3
    below = 2 * square + activations.sum(1, keepdim=True) * cube
    shares = square / below.where(below != 0, 1.0)
    weights = (shares * gradients.relu()).sum(1, keepdim=True)
    return (activations * weights).sum(2).relu()


def hires_cam(activations: Any, gradients: Any) -> Any:
    """Multiply activations by gradients patch by patch (Draelos and Carin 2020)."""
    return (activations * gradients).sum(2).relu()


def layer_cam(activations: Any, gradients: Any) -> Any:
    """Multiply activations by positive gradients patch by patch (Jiang et al. 2021)."""
    return (activations * gradients.relu()).sum(2).relu()


METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "Grad-CAM": grad_cam,
    "Grad-CAM++": grad_cam_plus_plus,
    "HiResCAM": hires_cam,
    "LayerCAM": layer_cam,
}


def pieces(tokenizer: Any, ids: Sequence[int], text: str, start: int, end: int) -> list[int]:
    """Return which tokens of an answer write a word.

    Args:
        tokenizer: of the model.
        ids: tokens of the answer.
        text: the answer.
        start: of the word in the text.
        end: of the word in the text.

    Returns:
        Places in `ids`; none if the tokens write another text.
    """
    lengths = [len(tokenizer.decode(ids[:count], skip_special_tokens=True)) for count in range(len(ids) + 1)]
    written = tokenizer.decode(ids, skip_special_tokens=True)
    before = written.find(text)
    if before < 0:
        return []
    inside = range(before + start, before + end)
    return [k for k in range(len(ids)) if max(lengths[k], inside.start) < min(lengths[k + 1], inside.stop)]


@contextmanager
def kept(tower: Tower, layers: Sequence[int]) -> Iterator[list[Any]]:
    """Keep what layers of a tower give out, in their order, while a model reads."""
    found: list[Any] = [None] * len(layers)

    def keep(place: int) -> Callable[..., None]:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            found[place] = output[0] if isinstance(output, tuple) else output

        return hook

    with ExitStack() as hooks:
        for place, layer in enumerate(layers):
            hooks.callback(tower.layer(layer).register_forward_hook(keep(place)).remove)
        yield found


def maps(states: Sequence[Any], gradients: Sequence[Any], pictures: int, patches: Patches) -> list[dict[str, Any]]:
    """Turn what layers gave out, and its gradients, into maps.

    Args:
        states: what each layer gave out: (views of all pictures, tokens, d), or (patches of all pictures, d).
        gradients: likewise.
        pictures: how many.
        patches: of each of them.

    Returns:
        Per picture: method -> float32 (p,); of several layers the mean, each scaled to the sum 1.
    """
    count = len(patches.boxes)
    found: list[dict[str, Any]] = [{} for _ in range(pictures)]
    rows = [
        [_of_patches(values.detach(), pictures, patches) for values in (state, gradient)]
        for state, gradient in zip(states, gradients, strict=True)
    ]
    for name, method in METHODS.items():
        by_layer = [method(state, gradient) for state, gradient in rows]
        if len(by_layer) > 1:
            by_layer = [values / values.sum(1, keepdim=True).clamp(min=1e-30) for values in by_layer]
        mean = sum(by_layer) / len(by_layer)
        for own, values in zip(found, mean.float().cpu().numpy(), strict=True):
            assert values.shape == (count,)
            own[name] = values
    return found


def _of_patches(values: Any, pictures: int, patches: Patches) -> Any:
    """Leave out what is no patch, such as a class token, which stands before: float32 (n, p, d), or float64."""
    import torch

    values = values if values.dtype == torch.float64 else values.float()
    if values.ndim == 3:
        values = values[:, -(len(patches.boxes) // patches.views) :]
    return values.reshape(pictures, len(patches.boxes), values.shape[-1])
