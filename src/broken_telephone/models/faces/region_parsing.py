"""Scores regions with a face parser, and assigns its classes to regions.

A region's score is the highest score of its classes, so that the region with the highest score is that of the class
with the highest score.
"""

from collections.abc import Sequence
from typing import Any

from broken_telephone.models.protocols import REGIONS

_FACE = (
    "skin",
    "l_brow",
    "r_brow",
    "l_eye",
    "r_eye",
    "eye_g",
    "l_ear",
    "r_ear",
    "ear_r",
    "nose",
    "mouth",
    "u_lip",
    "l_lip",
)

BISENET = ("background", *_FACE, "neck", "neck_l", "cloth", "hair", "hat")
"""The 19 classes of facexlib's BiSeNet, in the order of its inference/inference_parsing.py."""

PARSENET = (
    *("background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip"),
    *("l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
"""The 19 classes of facexlib's ParseNet, in CelebAMask-HQ's order (inference/inference_parsing_parsenet.py)."""

# A hat counts as hair, because it covers the place of the hair. Earrings (ear_r) count as ears and a necklace (neck_l)
# as neck.
_REGION = {
    **{region: region for region in REGIONS},
    "hat": "hair",
    **dict.fromkeys(_FACE, "face"),
    **dict.fromkeys(("neck", "neck_l", "cloth"), "body"),
}


# Scores are scaled later, which would make NaN of an infinite one.
_NEVER = -1e30


def is_known(name: str) -> bool:
    """Tell whether a class has the name of a class of facexlib's parsers, or of a region."""
    return name in _REGION


def places(classes: Sequence[str]) -> list[int]:
    """Return for each class or region the index in `REGIONS` of its region.

    Raises:
        KeyError: for an unknown class.
    """
    return [REGIONS.index(_REGION[name]) for name in classes]


def region_scores(
    network: Any, pictures: Any, counts_as: Sequence[int], mean: Sequence[float], deviation: Sequence[float]
) -> Any:
    """Score the regions in each pixel of pictures.

    Args:
        network: facexlib's ParseNet or BiSeNet in evaluation.
        pictures: (n, 3, h, w), RGB, 0 to 1, on the network's device.
        counts_as: the region of each of its classes; see `places`.
        mean: mean of red, green and blue, 0 to 1, which is subtracted.
        deviation: standard deviation of these, which divides.

    Returns:
        Float (n, 4, h, w), in the order of `REGIONS`: the highest score is the region of the pixel.
    """
    import torch

    with torch.inference_mode():
        centre, spread = (torch.tensor(each, device=pictures.device).view(1, 3, 1, 1) for each in (mean, deviation))
        return by_region(network((pictures - centre) / spread)[0], counts_as)


def by_region(scores: Any, counts_as: Sequence[int]) -> Any:
    """Return the scores of regions from the scores of classes, (n, classes, h, w): float (n, 4, h, w).

    A region without classes has a score below all others: no pixel is in it.
    """
    regions = scores.new_full((len(scores), len(REGIONS), *scores.shape[2:]), _NEVER)
    for region in set(counts_as):
        own = [place for place, other in enumerate(counts_as) if other == region]
        regions[:, region] = scores[:, own].amax(1)
    return regions
