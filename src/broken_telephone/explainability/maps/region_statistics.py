"""What a map says of regions: their area, their density and their share of the activation. Pure arrays."""

import numpy as np

from broken_telephone.models import REGIONS

NUMBERS = ("area", "density", "share")


def region_numbers(
    activation: np.ndarray, regions: np.ndarray, seen: np.ndarray, count: int = len(REGIONS)
) -> np.ndarray:
    """Return the numbers of every region.

    Args:
        activation: (height, width), not below 0.
        regions: uint8 (height, width), numbers of regions.
        seen: bool (height, width): what of the picture the model sees; the rest does not count.
        count: number of regions.

    Returns:
        float64 (regions, 3): the share of the seen picture that is the region; the mean activation over it, divided by
        that over the picture (null for a region that is not there); its share of the activation. Density and share are
        null where the map is empty.
    """
    area = np.bincount(regions[seen], minlength=count) / max(int(seen.sum()), 1)
    inside = np.bincount(regions[seen], activation[seen], count)
    total = inside.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        share = inside / total if total > 0 else np.full(count, np.nan)
        density = np.where(area > 0, share / area, np.nan)
    return np.stack([area, density, share], 1)
