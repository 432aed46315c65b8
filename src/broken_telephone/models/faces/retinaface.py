"""Finds faces in a batch of pictures of one size with RetinaFace, as facexlib does in one picture."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from broken_telephone.models.loading.pixels import resize

MEAN = (104.0, 117.0, 123.0)
"""Means of blue, green and red, 0 to 255, which facexlib subtracts."""
_STRIDE = 32


def prepare(pictures: Any, height: int, width: int, mean: Sequence[float] = MEAN) -> Any:
    """Scale RGB pictures, (n, 3, h, w), 0 to 1, and convert them for the network: BGR, 0 to 255 less the mean.

    A side shorter than the stride of the coarsest features (32 pixels) gets a margin of the mean colour (right, below).
    """
    import torch
    from torch.nn import functional

    subtracted = torch.tensor(mean, device=pictures.device).view(1, 3, 1, 1)
    prepared = resize(pictures, height, width).flip(1) * 255 - subtracted
    margin = (0, max(_STRIDE - width, 0), 0, max(_STRIDE - height, 0))
    if any(margin):
        prepared = functional.pad(prepared, margin)
    return prepared.contiguous(memory_format=torch.channels_last)


def find_faces(
    network: Any,
    pictures: Any,
    size: tuple[int, int],
    *,
    score: float,
    overlap: float,
    mean: Sequence[float] = MEAN,
) -> list[np.ndarray]:
    """Find the faces in pictures.

    Args:
        network: facexlib's RetinaFace in evaluation.
        pictures: (n, 3, height, width), RGB, 0 to 1, on the network's device.
        size: height and width to which they are scaled first, pixels.
        score: minimum score of a face.
        overlap: maximum intersection over union of two faces.
        mean: see `prepare`.

    Returns:
        One array per picture, float32 (k, 15), highest score first: x, y, width, height in pixels of the picture, not
        clipped to it; score; x, y of the five landmarks.
    """
    import torch
    from facexlib.detection.retinaface_utils import batched_decode, batched_decode_landm
    from torchvision.ops import nms

    faces = []
    with torch.inference_mode():
        prepared = prepare(pictures, *size, mean)
        boxes, classes, points = network(prepared)
        tall, wide = prepared.shape[2:]
        priors = _priors(_hashable(network.cfg["min_sizes"]), tuple(network.cfg["steps"]), tall, wide).to(boxes.device)
        # Both are decoded as shares of what the network saw, margin included.
        scale = boxes.new_tensor([wide * pictures.shape[3] / size[1], tall * pictures.shape[2] / size[0]])
        edges = batched_decode(boxes, priors, network.cfg["variance"]) * scale.repeat(2)
        marks = batched_decode_landm(points, priors, network.cfg["variance"]) * scale.repeat(5)
        for own, scores, spots in zip(edges, classes[..., 1], marks, strict=True):
            sure = scores > score
            own, scores, spots = own[sure], scores[sure], spots[sure]
            keep = nms(own, scores, overlap)
            own = own[keep]
            rows = torch.cat([own[:, :2], own[:, 2:] - own[:, :2], scores[keep, None], spots[keep]], 1)
            faces.append(rows.cpu().numpy())
    return faces


def _hashable(sizes: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(each) for each in sizes)


# facexlib builds them in a Python loop: a quarter of a million for a picture 3000 pixels wide.
@lru_cache(maxsize=16)
def _priors(min_sizes: tuple[tuple[int, ...], ...], steps: tuple[int, ...], height: int, width: int) -> Any:
    """Return the prior boxes of a picture, (1, m, 4): centre and size in shares of it."""
    from facexlib.detection.retinaface_utils import PriorBox

    config = {"min_sizes": min_sizes, "steps": steps, "clip": False}
    return PriorBox(config, image_size=(height, width)).forward()[None]
