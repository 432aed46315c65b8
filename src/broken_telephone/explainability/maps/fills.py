"""What hidden parts of a picture are replaced by. Pure arrays.

Each fill leaves something else: one colour makes an edge, noise makes a texture, and a blurred copy keeps the colours.
A verdict that all fills share does not depend on such traces (compare Sturmfels, Lundberg and Lee 2020, Distill).
"""

import numpy as np

MEAN_COLOUR, NOISE, BLURRED = "mean colour", "noise", "blurred"
FILLS = (MEAN_COLOUR, NOISE, BLURRED)
"""The first is the reference: reported verdicts use it, and the others are compared with it."""
_BLUR = 0.1
"""Standard deviation of the blur, in shorter sides of the picture."""


def filling(picture: np.ndarray, fill: str, colour: tuple[int, int, int], seed: int) -> np.ndarray:
    """Return what hidden pixels of a picture become.

    Args:
        picture: uint8 (height, width, 3).
        fill: one of FILLS. Noise is uniform from 0 to 255 and independent for each pixel and channel. The blur is
            Gaussian, with a standard deviation of a tenth of the shorter side.
        colour: the mean colour, the same for all pictures.
        seed: of the noise.

    Returns:
        uint8 (height, width, 3) or (3,).

    Raises:
        ValueError: if the fill is unknown.
    """
    if fill == MEAN_COLOUR:
        return np.array(colour, np.uint8)
    if fill == NOISE:
        return np.random.default_rng([seed, 1]).integers(0, 256, picture.shape, np.uint8)
    if fill == BLURRED:
        import cv2

        spread = max(_BLUR * min(picture.shape[:2]), 0.5)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), spread, borderType=cv2.BORDER_REFLECT))
    raise ValueError(f"{fill!r} is none of {', '.join(FILLS)}")
