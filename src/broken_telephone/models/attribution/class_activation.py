"""Class activation maps: how much each patch of a picture supports a word that a describer wrote.

The whole sequence, prompt and text, goes through the model once. The maps explain the probability of the word's
tokens at their places, given everything before them. `vision_tower` finds where the patches lie in the picture.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from broken_telephone.models.attribution.vision_tower import Patches, Tower, UnseenError

Target = Literal["log_probability", "logit"]


@dataclass(frozen=True)
class Word:
    """A word in a text about a picture."""

    text: str
    """The whole text."""
    start: int
    """The index of the word's first letter in the text."""
    end: int
    """The index after its last letter."""


@dataclass(frozen=True)
class Explanation:
    """The support of a word."""

    log_probability: float
    """Natural logarithm of the word's probability, given the picture, the prompt and the text before it."""
    activations: dict[str, np.ndarray]
    """Method -> float32 (p,): the support by each patch, at least 0, on a scale of its own."""
    patches: Patches
    """The part of the picture that each of the p patches covers."""


def grad_cam(activations: Any, gradients: Any) -> Any:
    """Weigh channels by their mean gradient (Selvaraju et al. 2017).

    Args:
        activations: (n, p, d), the activations of the p patches of each picture.
        gradients: (n, p, d), the gradients of the target.

    Returns:
        (n, p), at least 0.
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
        tokenizer: the tokenizer of the model.
        ids: the tokens of the answer.
        text: the answer.
        start: the index of the word's first letter in the text.
        end: the index after its last letter.

    Returns:
        Indices into `ids`; none if the tokens write another text.
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
    """Keep the outputs of layers of a tower, in the order of `layers`, while a model reads.

    Gradients begin at the first of them: torch keeps nothing of the layers before for a backward pass.
    """
    outputs: list[Any] = [None] * len(layers)

    def keep(place: int, _module: Any, _inputs: Any, output: Any) -> Any:
        state = output[0] if isinstance(output, tuple) else output
        if not state.requires_grad:
            # The model gets a copy, which it may change in place.
            state = state.detach().requires_grad_()
            output = (state.clone(), *output[1:]) if isinstance(output, tuple) else state.clone()
        outputs[place] = state
        return output

    with ExitStack() as hooks:
        for place, layer in enumerate(layers):
            hooks.enter_context(tower.layer(layer).register_forward_hook(partial(keep, place)))
        yield outputs


def maps(states: Sequence[Any], gradients: Sequence[Any], pictures: int, patches: Patches) -> list[dict[str, Any]]:
    """Turn the outputs of layers and their gradients into maps.

    Args:
        states: the output of each layer: (views of all pictures, tokens, d), or (patches of all pictures, d).
        gradients: their gradients, of the same shapes.
        pictures: the number of pictures.
        patches: the patches of each picture.

    Raises:
        UnseenError: if the layers give out other patches.

    Returns:
        Per picture: method -> float32 (p,). Maps of several layers are scaled to the sum 1 and averaged.
    """
    count = len(patches.boxes)
    by_picture: list[dict[str, Any]] = [{} for _ in range(pictures)]
    rows = [
        [_of_patches(values.detach(), pictures, patches) for values in (state, gradient)]
        for state, gradient in zip(states, gradients, strict=True)
    ]
    for name, method in METHODS.items():
        by_layer = [method(state, gradient) for state, gradient in rows]
        if len(by_layer) > 1:
            by_layer = [values / values.sum(1, keepdim=True).clamp(min=1e-30) for values in by_layer]
        mean = sum(by_layer) / len(by_layer)
        for own, values in zip(by_picture, mean.float().cpu().numpy(), strict=True):
            assert values.shape == (count,)
            own[name] = values
    return by_picture


def _of_patches(values: Any, pictures: int, patches: Patches) -> Any:
    """Drop leading tokens that are no patches, such as a class token: float32 (n, p, d), or float64."""
    import torch

    values = values if values.dtype == torch.float64 else values.float()
    if values.ndim == 3:
        values = values[:, -(len(patches.boxes) // patches.views) :]
    if values.ndim not in (2, 3) or values.numel() != pictures * len(patches.boxes) * values.shape[-1]:
        raise UnseenError("the blocks of its vision tower give out other patches than it reads")
    return values.reshape(pictures, len(patches.boxes), values.shape[-1])
