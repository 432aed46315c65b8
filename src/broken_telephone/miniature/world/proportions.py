"""Defines positions in a face, in face units: u from -1 (left cheek) to 1, v from -1 (crown) to 1 (chin).

The painter (`head`) and the landmarks of the data sets read the same numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Shape:
    """The effects of age on a face."""

    width: float  # face width over face height
    eyes: float  # height of the eye line
    eye: float  # eye size, half-width over face half-width
    jaw: float  # 0 round, 1 square
    taper: float  # how much the face narrows to the chin
    hairline: float  # height of the hairline
    feature: float  # size of brows, nose and mouth
    mouth: float  # height of the mouth


SHAPES = {
    "baby": Shape(0.98, 0.26, 0.26, 0.35, 0.00, -0.80, 0.80, 0.70),
    "child": Shape(0.88, 0.14, 0.26, 0.25, 0.10, -0.46, 0.90, 0.64),
    "young": Shape(0.74, 0.00, 0.22, 0.25, 0.18, -0.54, 1.00, 0.62),
    "adult": Shape(0.92, -0.06, 0.18, 0.95, -0.06, -0.60, 1.06, 0.60),
    "senior": Shape(0.76, -0.02, 0.18, 0.50, 0.12, -0.64, 1.02, 0.62),
}


@dataclass(frozen=True)
class Expression:
    """The effects of an emotion on a face."""

    brow: float = 0.0  # height of the brows
    slant: float = 0.0  # inner ends up (positive) or down
    open: float = 1.0  # opening of the eyes
    corners: float = 0.0  # corners of the mouth up (positive) or down
    gape: float = 0.0  # opening of the mouth
    spread: float = 1.0  # width of the mouth
    teeth: float = 0.0  # share of the open mouth that the teeth fill
    wrinkled_nose: bool = False
    frown: bool = False  # creases between the brows
    skew: float = 0.0  # one corner higher than the other


EXPRESSIONS = {
    "neutral": Expression(spread=0.95),
    "happiness": Expression(brow=0.03, open=0.7, corners=0.22, gape=0.22, spread=1.4, teeth=0.45),
    "sadness": Expression(brow=0.06, slant=0.24, open=0.5, corners=-0.2, spread=0.95),
    "anger": Expression(brow=-0.07, slant=-0.3, open=0.7, gape=0.17, spread=1.25, teeth=0.8, frown=True),
    "surprise": Expression(brow=0.2, open=1.6, gape=0.3, spread=0.6),
    "fear": Expression(brow=0.14, slant=0.22, open=1.5, corners=-0.16, gape=0.2, spread=1.3, teeth=0.4),
    "disgust": Expression(brow=-0.05, slant=-0.1, open=0.4, corners=-0.08, spread=1.05, wrinkled_nose=True, skew=0.17),
}


def strength(jitter: np.ndarray | None) -> float:
    """Return the strength of a person's expression; 1 on average."""
    return 1 + (0.0 if jitter is None else 0.12 * float(jitter[3]))


def eyes_apart(jitter: np.ndarray | None) -> float:
    """Return u of an eye."""
    return 0.43 + (0.0 if jitter is None else 0.025 * float(jitter[4]))


def nose_tip(age: str) -> float:
    """Return v of the tip of the nose."""
    shape = SHAPES[age]
    size = shape.feature * (1.1 if age in ("adult", "senior") else 1.0)
    return shape.eyes + 0.34 * size * (1 - 0.25 * max(shape.eyes, 0))


def mouth_corners(age: str, emotion: str, jitter: np.ndarray | None) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (u, v) of the left and the right corner of the mouth."""
    shape, face = SHAPES[age], EXPRESSIONS[emotion]
    half = 0.39 * shape.feature * face.spread
    middle = shape.mouth - face.corners * strength(jitter)
    return (-half, middle - face.skew), (half, middle + face.skew)


def five_points(person: Mapping[str, Any], face: np.ndarray, jitter: np.ndarray | None = None) -> np.ndarray:
    """Return left eye, right eye, nose tip, left and right corner of the mouth, as the viewer sees them.

    Args:
        person: at least age and emotion.
        face: its box: x, y, width, height in pixels.
        jitter: the person's jitter; without it, points are where an average face has them (less than
            0.02 face widths off).

    Returns:
        float32, (5, 2): x, y in pixels.
    """
    age, emotion = person["age"], person["emotion"]
    apart, line = eyes_apart(jitter), SHAPES[age].eyes
    points = [(-apart, line), (apart, line), (0.0, nose_tip(age)), *mouth_corners(age, emotion, jitter)]
    x, y, width, height = (float(v) for v in face)
    return np.array([(x + width * (1 + u) / 2, y + height * (1 + v) / 2) for u, v in points], np.float32)
