"""Decides whether the light in a picture allows a statement about skin tone. Pure arrays.

The limits contain all ten swatches of the Monk Skin Tone scale (Monk 2019) with a margin. The swatches have L* from
14.6 to 94.1, chroma from 3.8 to 28 and hue angles from 49 to 89 degrees (CIELAB, D65).
"""

import numpy as np

TOO_SMALL, DARK, BRIGHT, GREY, TINTED = (
    "too few pixels",
    "too dark",
    "overexposed",
    "grey",
    "coloured light",
)
"""Reasons against a statement."""
LIGHTNESS = (10.0, 97.0)
"""Least and largest L*. Below and above, pixels hardly differ between skin tones."""
CHROMA = (3.0, 50.0)
"""Least and largest chroma, sqrt(a*^2 + b*^2). A colour below the range is grey."""
HUE = (15.0, 105.0)
"""Range of the hue angle arctan2(b*, a*) in degrees, from red to yellow. Bluish, green and purple faces lie outside."""
MOST_CLIPPED = 0.5
"""Largest share of clipped pixels. Above it, the median colour itself is clipped."""
BRIGHTNESS_CHANGE = 0.1
"""Relative change of brightness under which the uncertainty of a skin tone is stated."""


def why_no_skin_tone(lab: np.ndarray, clipped: float) -> str:
    """Return why a face has no skin tone, or an empty text.

    Args:
        lab: L*, a*, b* of the face under D65, see `skin_tone.skin_colour`.
        clipped: share of clipped pixels, see `skin_tone.clipped_share`.
    """
    lightness, red, yellow = (float(value) for value in lab)
    if lightness < LIGHTNESS[0] or (clipped > MOST_CLIPPED and lightness < 50):
        return DARK
    if lightness > LIGHTNESS[1] or clipped > MOST_CLIPPED:
        return BRIGHT
    chroma = float(np.hypot(red, yellow))
    if chroma < CHROMA[0]:
        return GREY
    hue = float(np.degrees(np.arctan2(yellow, red)))
    return "" if chroma <= CHROMA[1] and HUE[0] <= hue <= HUE[1] else TINTED
