"""Finds the patches of a describer's vision tower, and the part of the picture that each patch covers.

Processors crop, pad, scale and tile pictures, every family in its own way. Pictures whose colours encode coordinates
measure the result, so that no code here is specific to a family. Towers without a grid of patches are not supported.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from broken_telephone.errors import StudyError

_FINEST = 8
"""Edges are rounded to 1 / 8 pixel, the precision of a probe. Views begin and end at whole pixels."""
# Away from the ends of the scale, where resampling artefacts at edges would be clipped.
_DARK, _LIGHT = 30, 220
_PROBES = 16
_FEWEST = 4
"""Pixels: in a shorter side no gradient can be measured, and each patch is taken to cover it all."""


@dataclass(frozen=True)
class Patches:
    """The patches that a tower makes of a picture, in the order of its tokens."""

    boxes: np.ndarray
    """float64 (p, 4): left, top, right, bottom in the picture's pixels; NaN for padding."""
    views: int
    """How many views of the picture the tower read."""


class UnseenError(StudyError):
    """A model's words cannot be explained, because its vision tower has no usable patches."""


class Tower:
    """The vision tower of a model: the module that transformers calls its image encoder."""

    def __init__(self, model: Any, name: str) -> None:
        """Find the tower.

        Args:
            model: any image-text-to-text model of transformers.
            name: the model's name, for errors.

        Raises:
            UnseenError: if the model has no such tower.
        """
        from torch import nn

        self._name = name
        self.module = model.get_encoder(modality="image")
        lists = [part for part in self.module.modules() if isinstance(part, nn.ModuleList)]
        side = getattr(getattr(self.module, "config", None), "patch_size", None)
        if self.module is model or not lists or side is None:
            raise UnseenError(f"{name} has no vision tower with blocks, so there is nothing to explain its words by")
        self.blocks = max(lists, key=len)
        self.patch = int(side[0] if isinstance(side, list | tuple) else side)
        self._grid: tuple[int, int] | None = None

    def layer(self, number: int) -> Any:
        """Return the last normalisation in a block, as in the published study; the block itself if it has none.

        Args:
            number: the number of the block, counted from 1.

        Raises:
            StudyError: if there is no such block.
        """
        if number > len(self.blocks):
            raise StudyError(f"explain.layers: {number} is too large: {self._name} has {len(self.blocks)} blocks")
        block = self.blocks[number - 1]
        return [block, *(part for name, part in block.named_children() if "norm" in name)][-1]

    def patches(self, size: tuple[int, int], read: Callable[[Image.Image], Any]) -> Patches:
        """Find the part of a picture that each patch covers.

        Args:
            size: width and height of the picture.
            read: puts a picture into the model; its output is ignored.

        Raises:
            UnseenError: if the tower's tokens are no grid of patches.
        """
        plain = [self._input(read, _plain(size, level)) for level in (_DARK, _LIGHT)]
        inputs = np.mean([self._input(read, _coordinates(size, probe)) for probe in range(_PROBES)], 0)
        # Processors shift and scale each channel; the two plain pictures measure both. Padding has no scale.
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = (inputs - plain[0]) / (plain[1] - plain[0])
        shares[~np.isfinite(shares)] = np.nan
        if self._grid is None:
            return Patches(_boxes(shares, size, None)[self._order(read, size)], 1)
        views = np.split(shares, len(shares) // (self._grid[0] * self._grid[1]))
        return Patches(np.concatenate([_boxes(view, size, self._grid) for view in views]), len(views))

    def _input(self, read: Callable[[Image.Image], Any], picture: Image.Image) -> np.ndarray:
        """Return the tower's input for a picture, patch by patch: float64 (p, 3, side, side)."""
        pixels = _input_of(self.module, lambda: read(picture)).detach().cpu().double().numpy()
        side = self.patch
        if pixels.ndim == 2:
            # Already split into patches: channel, frame, row, column. All frames of a still picture are equal.
            self._grid = None
            return np.asarray(pixels.reshape(len(pixels), 3, -1, side, side)[:, :, 0])
        if pixels.ndim != 4:
            raise UnseenError(f"{self._name}: its vision tower is given no pictures, so no word can be explained")
        rows, columns = self._grid = pixels.shape[2] // side, pixels.shape[3] // side
        cut = pixels[:, :, : rows * side, : columns * side].reshape(len(pixels), 3, rows, side, columns, side)
        return np.asarray(cut.transpose(0, 2, 4, 1, 3, 5).reshape(-1, 3, side, side))

    def _order(self, read: Callable[[Image.Image], Any], size: tuple[int, int]) -> np.ndarray:
        """Return the patch of each token of the first block, because some towers reorder patches into windows."""
        import torch

        embedded: list[Any] = []
        noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)

        with self.module.patch_embed.register_forward_hook(lambda _module, _args, output: embedded.append(output)):
            tokens = _input_of(self.blocks[0], lambda: read(Image.fromarray(noise)))
        # On the CPU: Apple's GPUs have no 64-bit numbers.
        distances = torch.cdist(tokens.cpu().double(), embedded[0].cpu().double())
        nearest = distances.argmin(1)
        # If the tower adds position embeddings, the order is unchanged. Only an exact permutation counts.
        moved = bool((distances.min(1).values < 1e-4 * distances.mean()).all())
        return np.asarray(nearest if moved else np.arange(len(nearest)))


class _RecordedError(Exception):
    """Ends a pass through the model once an input was recorded."""


def _input_of(module: Any, run: Callable[[], Any]) -> Any:
    """Return the first argument that a module receives during `run`, which ends there."""
    inputs: list[Any] = []

    def keep(_module: Any, args: Any, kwargs: Any) -> None:
        inputs.append(args[0] if args else next(iter(kwargs.values())))
        raise _RecordedError

    with module.register_forward_pre_hook(keep, with_kwargs=True), suppress(_RecordedError):
        run()
    return inputs[0]


def _plain(size: tuple[int, int], level: int) -> Image.Image:
    return Image.new("RGB", size, (level, level, level))


def _coordinates(size: tuple[int, int], probe: int) -> Image.Image:
    """Return a picture whose red grows with x and whose green grows with y."""
    width, height = size
    # Processors round pixels. The mean over probes that differ by fractions of a level is exact.
    dark = _DARK + (probe + 0.5) / _PROBES - 0.5
    x, y = (dark + (_LIGHT - _DARK) * (np.arange(n) + 0.5) / n for n in size)
    red, green = np.tile(x, (height, 1)), np.tile(y[:, None], (1, width))
    # Colours are rounded at random for the same reason.
    dither = np.random.default_rng(probe).random((2, height, width))
    channels = [np.floor(red + dither[0]), np.floor(green + dither[1]), np.full((height, width), _LIGHT)]
    return Image.fromarray(np.stack(channels, 2).astype(np.uint8))


def _boxes(shares: np.ndarray, size: tuple[int, int], grid: tuple[int, int] | None) -> np.ndarray:
    """Turn the colours of a view into boxes, float64 (p, 4).

    Args:
        shares: (p, 3, side, side): x and y as shares of the picture's width and height, and 1 outside padding.
        size: width and height of the picture.
        grid: rows and columns of the patches, if they stand row by row.
    """
    side = shares.shape[-1]
    # A picture may end inside a patch; the box of such a patch is clipped to the picture.
    padded = ~np.isfinite(shares).all(1) | (np.abs(shares[:, 2] - 1) > 0.05)
    whole = ~padded.any((1, 2))
    boxes = np.full((len(shares), 4), np.nan)
    if not whole.any():
        return boxes
    for axis, length in enumerate(size):
        along = shares[:, axis].mean(1 if axis == 0 else 2) * length
        middle = along.mean(1)
        # The size of a patch: a median, because resampling distorts the scale at the picture's edges.
        wide = float(np.median((along[whole, -1] - along[whole, 0]) * side / (side - 1)))
        if grid is not None:
            place = np.arange(len(shares)) % grid[1] if axis == 0 else np.arange(len(shares)) // grid[1]
            if np.ptp(place[whole]):
                wide = float(np.polyfit(place[whole], middle[whole], 1)[0])
            middle = wide * place + np.median((middle - wide * place)[whole])
        edges = np.stack([middle - wide / 2, middle + wide / 2], 1)
        if length < _FEWEST:
            edges = np.tile([0.0, length], (len(shares), 1))
        boxes[:, [axis, axis + 2]] = np.clip(np.round(edges * _FINEST) / _FINEST, 0, length)
    if grid is None:
        boxes[~whole] = np.nan
    boxes[(boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])] = np.nan
    return boxes
