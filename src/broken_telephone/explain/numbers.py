"""What a map says of regions: their area, their density and their share of the activation. Pure arrays."""

import numpy as np

from broken_telephone.models import REGIONS

NUMBERS = ("area", "density", "share")


def region_numbers(activation: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return the numbers of every region.

    Args:
        activation: (height, width), not below 0.
        regions: uint8 (height, width), places in `REGIONS`.

    Returns:
        float64 (regions, 3): the share of the picture that is the region; the mean activation over it, divided by that
        over the picture (null for a region that is not there); its share of the activation. Density and share are null
        where the map is empty.
    """
    places = np.arange(len(REGIONS))
    area = np.bincount(regions.ravel(), minlength=len(places)) / regions.size
    inside = np.bincount(regions.ravel(), activation.ravel(), len(places))
    total = inside.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        share = inside / total if total > 0 else np.full(len(places), np.nan)
        density = np.where(area > 0, share / area, np.nan)
    return np.stack([area, density, share], 1)
