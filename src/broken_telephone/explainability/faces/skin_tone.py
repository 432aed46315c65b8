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
_CLIPPED = 1
"""Distance of a channel, 0 to 255, from the ends of its range at which it counts as clipped."""


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


def at_brightness(lab: np.ndarray, factor: float) -> np.ndarray:
    """Return a colour under light that is `factor` times as bright, in CIELAB; nothing is clipped.

    The factor multiplies linear light (XYZ). CIE 15:2004 defines the conversion.

    Args:
        lab: L*, a*, b* under D65.
        factor: above 0; 1.1 is 10 % more light.
    """
    lightness = (lab[0] + 16) / 116
    curve = np.array([lightness + lab[1] / 500, lightness, lightness - lab[2] / 200])
    edge = 6 / 29
    linear = np.where(curve > edge, curve**3, 3 * edge**2 * (curve - 4 / 29)) * factor
    x, y, z = np.where(linear > edge**3, np.cbrt(linear), linear / (3 * edge**2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


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
    return np.asarray(np.median(lab[_middle_half(lab)], 0))


def clipped_share(picture: np.ndarray, face: np.ndarray) -> float:
    """Return the share of the pixels behind `skin_colour` with a channel at an end of its range, 0 to 1.

    Such a channel was darker or brighter than the file can state. Null without pixels.
    """
    colours = picture[face]
    if not len(colours):
        return float("nan")
    middle = colours[_middle_half(to_lab(colours / 255))]
    return float(((middle <= _CLIPPED) | (middle >= 255 - _CLIPPED)).any(1).mean())


def _middle_half(lab: np.ndarray) -> np.ndarray:
    """Return which colours (n, 3) are in the middle half by lightness: bool (n,)."""
    low, high = np.quantile(lab[:, 0], [0.25, 0.75])
    return np.asarray((lab[:, 0] >= low) & (lab[:, 0] <= high))


def to_lab(colours: np.ndarray) -> np.ndarray:
    """Turn sRGB, (n, 3) from 0 to 1, into CIELAB under D65."""
    import cv2

    return np.asarray(cv2.cvtColor(colours[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0], np.float64)
