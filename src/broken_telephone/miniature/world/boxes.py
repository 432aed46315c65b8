"""Computes overlap, matching with prior boxes and encoding of boxes for the face detector.

Boxes are (x, y, width, height) unless a name ends in `corners`.
"""

import torch


def corners(boxes: torch.Tensor) -> torch.Tensor:
    """Convert (..., 4) x, y, width, height to left, top, right, bottom."""
    return torch.cat([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], -1)


def overlap(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the intersection over union of all pairs: (..., n, 4) and (..., m, 4) give (..., n, m)."""
    a, b = corners(first)[..., :, None, :], corners(second)[..., None, :, :]
    sides = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    both = sides.prod(-1)
    return both / (first[..., 2:].prod(-1)[..., :, None] + second[..., 2:].prod(-1)[..., None, :] - both)


def match(faces: torch.Tensor, priors: torch.Tensor, enough: float) -> torch.Tensor:
    """Return the face of each prior box: the one with the largest overlap, or -1 if the overlap is too small.

    Each face gets at least the prior box that overlaps it most, as in SSD and RetinaFace.

    Args:
        faces: (n, k, 4), NaN where there is none.
        priors: (m, 4).
        enough: least overlap.

    Returns:
        int64, (n, m): index of the face or -1.
    """
    shares = overlap(faces, priors[None].expand(len(faces), -1, -1)).nan_to_num(-1)
    best, chosen = shares.max(1)
    chosen = torch.where(best >= enough, chosen, -1)
    own = shares.argmax(2)
    for k in range(faces.shape[1]):
        present = torch.nonzero(~faces[:, k, 0].isnan())[:, 0]
        chosen[present, own[present, k]] = k
    return chosen


def encode(boxes: torch.Tensor, priors: torch.Tensor, variances: list[float]) -> torch.Tensor:
    """Encode boxes (n, 4) relative to prior boxes (n, 4), the inverse of facexlib's `decode`."""
    centres, middles = boxes[:, :2] + boxes[:, 2:] / 2, priors[:, :2] + priors[:, 2:] / 2
    offsets = (centres - middles) / (variances[0] * priors[:, 2:])
    return torch.cat([offsets, (boxes[:, 2:] / priors[:, 2:]).log() / variances[1]], 1)


def encode_points(points: torch.Tensor, priors: torch.Tensor, variances: list[float]) -> torch.Tensor:
    """Encode points (n, 5, 2) relative to prior boxes (n, 4) as (n, 10), the inverse of facexlib's `decode_landm`."""
    middles = priors[:, :2] + priors[:, 2:] / 2
    return ((points - middles[:, None]) / (variances[0] * priors[:, None, 2:])).flatten(1)
