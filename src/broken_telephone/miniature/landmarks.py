"""Where eyes, nose tip and mouth corners of a drawn face are.

The formulas follow the strokes of `head`; a change there belongs here too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from broken_telephone.miniature.head import _EXPRESSIONS, _SHAPES


def five_points(person: Mapping[str, Any], face: np.ndarray, jitter: np.ndarray | None = None) -> np.ndarray:
    """Left eye, right eye, nose tip, left and right corner of the mouth, as the viewer sees them.

    Args:
        person: at least age and emotion.
        face: its box: x, y, width, height in pixels.
        jitter: the person's jitter; without it, points are where an average face has them (less than
            0.02 face widths off).

    Returns:
        float32, (5, 2): x, y in pixels.
    """
    shape, expression = _SHAPES[person["age"]], _EXPRESSIONS[person["emotion"]]
    strength = 1 + 0.15 * (0.0 if jitter is None else float(jitter[3]))
    apart = 0.42 + 0.025 * (0.0 if jitter is None else float(jitter[4]))
    size = shape.feature * (1.1 if person["age"] in ("adult", "senior") else 1.0)
    tip = shape.eyes + 0.36 * size * (1 - 0.25 * max(shape.eyes, 0))
    half = 0.36 * shape.feature * expression.spread * (1.05 if expression.skew else 1.0)
    mouth = (0.68 if person["age"] == "baby" else 0.62) - expression.corners * strength
    points = [
        (-apart, shape.eyes),
        (apart, shape.eyes),
        (0, tip + 0.02),
        (-half, mouth - expression.skew),
        (half, mouth + expression.skew),
    ]
    x, y, width, height = (float(v) for v in face)
    return np.array([(x + width * (1 + u) / 2, y + height * (1 + v) / 2) for u, v in points], np.float32)
