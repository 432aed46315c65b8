"""Faces to people, and pixels to regions: disjoint, together the whole picture. Pure arrays."""

from collections.abc import Sequence

import numpy as np

from broken_telephone.models import REGIONS

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""
BACKGROUND, HAIR, FACE, BODY = range(len(REGIONS))

_CONTAINED = 0.5
"""A face belongs to a person only if at least such a part of it lies in the person's box."""


def matched(faces: Sequence[Box], people: Sequence[Box]) -> list[int | None]:
    """Say whose face each is, so that as many as possible lie within their person's box, and near its top.

    Args:
        faces: boxes that a detector found.
        people: boxes that the data set gives.

    Returns:
        For each face the place of its person, or None; nobody has two.
    """
    persons: list[int | None] = [None] * len(faces)
    if not faces or not people:
        return persons
    costs = np.array([[_cost(face, person) for person in people] for face in faces])
    from scipy.optimize import linear_sum_assignment

    for face, person in zip(*linear_sum_assignment(costs), strict=True):
        if costs[face, person] < _NOT_CONTAINED:
            persons[face] = int(person)
    return persons


_NOT_CONTAINED = 1e6


def _cost(face: Box, person: Box) -> float:
    """Return how far a face is from where a person has it, in widths of the person's box."""
    x, y, width, height = face
    left, top, wide, high = person
    across = min(x + width, left + wide) - max(x, left)
    down = min(y + height, top + high) - max(y, top)
    inside = max(across, 0) * max(down, 0) / max(width * height, 1e-9)
    middle = abs(x + width / 2 - left - wide / 2) + abs(y - top)
    return middle / max(wide, 1e-9) + (_NOT_CONTAINED if inside < _CONTAINED else 0)


def person_regions(
    parsed: Sequence[np.ndarray],
    faces: Sequence[Box],
    people: Sequence[Box | None],
    looked_at: Sequence[Box | None],
    props: np.ndarray | None = None,
) -> np.ndarray:
    """Return the regions of a picture as each person has them; the rest of it, other people too, is background.

    Args:
        parsed: of each face a uint8 (height, width) map with places in `REGIONS`, as a parser sees it around the face.
        faces: their boxes.
        people: the box of each face's person, where known.
        looked_at: which part of the picture the parser saw for each face; None for all of it.
        props: bool (height, width), pixels of props, where known: a person's box claims none of them.

    Returns:
        uint8 (faces, height, width).
    """
    if not parsed:
        return np.zeros((0, 0, 0), np.uint8)
    height, width = parsed[0].shape
    rows, columns = np.mgrid[:height, :width] + 0.5
    claims = np.full((len(parsed), height, width), np.inf)
    own = np.stack(parsed).copy()
    for k, (face, person, seen) in enumerate(zip(faces, people, looked_at, strict=True)):
        if person is not None and seen is not None:
            # Below the face, where the parser did not look, the person's box is all that is known of the body.
            below = _within(person, rows, columns) & (rows > face[1] + face[3]) & ~_within(seen, rows, columns)
            below &= True if props is None else ~props
            own[k][below & (np.stack(parsed) == BACKGROUND).all(0)] = BODY
        x, y = face[0] + face[2] / 2, face[1] + face[3] / 2
        distance = ((columns - x) / max(face[2], 1)) ** 2 + ((rows - y) / max(face[3], 1)) ** 2
        if person is not None:
            # What lies in the box of one person only belongs to that one.
            distance = distance + np.where(_within(person, rows, columns), 0, _NOT_CONTAINED)
        claims[k] = np.where(own[k] != BACKGROUND, distance, np.inf)
    nearest = claims.argmin(0)
    return np.where(nearest == np.arange(len(parsed))[:, None, None], own, BACKGROUND).astype(np.uint8)


def _within(box: Box, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    left, top, width, height = box
    return (columns >= left) & (columns < left + width) & (rows >= top) & (rows < top + height)
