"""Draws a picture and its true regions at the same time.

Coordinates are picture units (one unit is one pixel of the finished picture); shapes are drawn four times
finer and averaged, so edges are smooth and every position counts. Colours are RGB, 0 to 255.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from broken_telephone.models.protocols import REGIONS

BACKGROUND, HAIR, FACE, BODY, PROP = range(len(REGIONS) + 1)
"""Indices of REGIONS, then the props of activities, which are a part of the background."""
Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]] | np.ndarray
_FINE = 4
_SHIFT = 4


class Canvas:
    """Draws on a square picture of `size` pixels and a region map of the same size."""

    def __init__(self, size: int, colour: Colour) -> None:
        self.size = size
        self._colour = np.full((size * _FINE, size * _FINE, 3), colour, np.uint8)
        self._region = np.zeros((size * _FINE, size * _FINE), np.uint8)

    def polygon(self, points: Points, colour: Colour, region: int | None = None) -> None:
        """Fill a polygon of points (x, y); `region=None` leaves the region map unchanged (a detail)."""
        corners = [np.rint(np.asarray(points, float) * (_FINE << _SHIFT)).astype(np.int32)]
        cv2.fillPoly(self._colour, corners, colour, cv2.LINE_AA, _SHIFT)
        if region is not None:
            cv2.fillPoly(self._region, corners, region, cv2.LINE_8, _SHIFT)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        region: int | None = None,
        tilt: float = 0.0,
    ) -> None:
        """Fill an ellipse with centre, radii and a clockwise tilt in degrees."""
        scale = _FINE << _SHIFT
        centre = (round(x * scale), round(y * scale))
        radii = (max(round(rx * scale), 1), max(round(ry * scale), 1))
        cv2.ellipse(self._colour, centre, radii, tilt, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)
        if region is not None:
            cv2.ellipse(self._region, centre, radii, tilt, 0, 360, region, -1, cv2.LINE_8, _SHIFT)

    def line(self, points: Points, width: float, colour: Colour, region: int | None = None) -> None:
        """Stroke an open line of at least one fine pixel."""
        corners = [np.rint(np.asarray(points, float) * (_FINE << _SHIFT)).astype(np.int32)]
        thick = max(round(width * _FINE), 1)
        cv2.polylines(self._colour, corners, False, colour, thick, cv2.LINE_AA, _SHIFT)
        if region is not None:
            cv2.polylines(self._region, corners, False, region, thick, cv2.LINE_8, _SHIFT)

    def gradient(self, top: Colour, bottom: Colour) -> None:
        """Fill the whole picture from one colour to another, top to bottom."""
        ramp = np.linspace(0, 1, self.size * _FINE)[:, None, None]
        self._colour[:] = (np.array(top) * (1 - ramp) + np.array(bottom) * ramp).astype(np.uint8)

    def lift(self) -> np.ndarray:
        """Set the region map aside for an empty one; everything drawn before `lay` is one figure."""
        under, self._region = self._region, np.zeros_like(self._region)
        return under

    def lay(self, under: np.ndarray) -> tuple[float, float, float, float]:
        """Put the region map back below the figure drawn since `lift`; return the figure's box (x, y, w, h)."""
        rows, columns = np.nonzero(self._region.any(axis=1))[0], np.nonzero(self._region.any(axis=0))[0]
        np.copyto(self._region, under, where=self._region == 0)
        left, top = columns[0] / _FINE, rows[0] / _FINE
        return left, top, (columns[-1] + 1) / _FINE - left, (rows[-1] + 1) / _FINE - top

    def picture(self) -> np.ndarray:
        """Return the picture, uint8, (size, size, 3)."""
        return cv2.resize(self._colour, (self.size, self.size), interpolation=cv2.INTER_AREA)

    def regions(self) -> np.ndarray:
        """Return the region that covers most of each pixel, uint8, (size, size), indices of REGIONS.

        Props count as background.
        """
        regions = np.where(self._region == PROP, BACKGROUND, self._region)
        return np.argmax([_cover(regions == k, self.size) for k in range(len(REGIONS))], axis=0).astype(np.uint8)

    def props(self) -> np.ndarray:
        """Return the pixels of the background that props cover more than the rest of it, bool, (size, size)."""
        more = _cover(self._region == PROP, self.size) > _cover(self._region == BACKGROUND, self.size)
        return np.asarray(more & (self.regions() == BACKGROUND))


def _cover(where: np.ndarray, size: int) -> np.ndarray:
    """Return how much of each pixel lies in a part of the fine picture, uint8, (size, size), from 0 to 255."""
    return np.asarray(cv2.resize(where.astype(np.uint8) * 255, (size, size), interpolation=cv2.INTER_AREA))
