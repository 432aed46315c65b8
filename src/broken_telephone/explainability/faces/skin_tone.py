"""Skin tone of a face as a continuous number, from its pixels. Pure arrays.

What is measured is the colour of pixels, not of skin: light, exposure, make-up and a generator's palette all enter.
"""

import numpy as np

MONK = (
    "#f6ede4",
    "#f3e7db",
    "#f7ead0",
    "#eadaba",
    "#d7bd96",
    "#a07e56",
    "#825c43",
    "#604134",
    "#3a312a",
    "#292420",
)
"""The ten swatches of the Monk Skin Tone scale (Monk 2019), from the lightest."""
MONK_BINS = tuple(f"monk {number:02}" for number in range(1, len(MONK) + 1))
_LEAST = 4
"""Pixels below which nothing is said."""


def typology_angle(lab: np.ndarray) -> float:
    """Return the individual typology angle of a colour in degrees, from -90 to 90; light skin has a large one.

    arctan((L* - 50) / b*), Chardon, Cretois and Hourseau (1991).

    Args:
        lab: L*, a*, b* under D65.
    """
    return float(np.degrees(np.arctan2(lab[0] - 50, max(lab[2], 1e-9))))


def monk_bin(lab: np.ndarray) -> str:
    """Return the swatch that is nearest to a colour in CIELAB."""
    from matplotlib.colors import to_rgb

    swatches = to_lab(np.array([to_rgb(swatch) for swatch in MONK]))
    return MONK_BINS[int(np.linalg.norm(swatches - lab, axis=1).argmin())]


def skin_colour(picture: np.ndarray, face: np.ndarray) -> np.ndarray | None:
    """Return the median colour of a face in CIELAB, without its darkest and lightest parts.

    Eyes, brows, nostrils and teeth are darker or lighter than skin: the middle half of the face by lightness counts.

    Args:
        picture: uint8 (height, width, 3).
        face: bool (height, width), the face without its hair.

    Returns:
        L*, a*, b* under D65; None of too few pixels.
    """
    colours = picture[face]
    if len(colours) < _LEAST:
        return None
    lab = to_lab(colours / 255)
    low, high = np.quantile(lab[:, 0], [0.25, 0.75])
    return np.asarray(np.median(lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)], 0))


def to_lab(colours: np.ndarray) -> np.ndarray:
    """Turn sRGB, (n, 3) from 0 to 1, into CIELAB under D65."""
    import cv2

    return np.asarray(cv2.cvtColor(colours[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0], np.float64)
