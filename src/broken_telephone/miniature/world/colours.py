"""Defines colours of hair and skin, and shades colours."""

import numpy as np

from broken_telephone.miniature.world.canvas import Colour

HAIR_COLOURS: dict[str, Colour] = {
    "black": (28, 24, 26),
    "brown": (104, 62, 32),
    "blond": (224, 186, 92),
    "red": (178, 74, 28),
    "grey": (140, 140, 146),
    "white": (212, 214, 222),
}
_LIGHT, _MIDDLE, _DARK = np.array([252, 222, 200]), np.array([196, 144, 106]), np.array([106, 68, 50])


def skin_colour(tone: float) -> Colour:
    """Return the RGB colour of a skin tone between 0 (lightest) and 1 (darkest)."""
    if tone < 0.5:
        return to_colour(_LIGHT + (_MIDDLE - _LIGHT) * (tone / 0.5))
    return to_colour(_MIDDLE + (_DARK - _MIDDLE) * ((tone - 0.5) / 0.5))


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour darker (factor below 1) or lighter (above 1)."""
    return to_colour(np.array(colour) * factor)


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """Mix a colour with `share` of the other colour."""
    return to_colour(np.array(colour) * (1 - share) + np.array(other) * share)


def to_colour(values: np.ndarray) -> Colour:
    """Convert three numbers to RGB between 0 and 255."""
    red, green, blue = np.clip(values, 0, 255).astype(int)
    return int(red), int(green), int(blue)
