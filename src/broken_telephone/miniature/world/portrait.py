"""Draws one person from the chest up, as in an aligned face data set."""

from dataclasses import dataclass

import numpy as np

from broken_telephone.miniature.world.canvas import BODY, Canvas, Colour
from broken_telephone.miniature.world.colours import shade, skin_colour
from broken_telephone.miniature.world.head import Head
from broken_telephone.miniature.world.people import BACKGROUNDS, Person

SIZE = 64
CLOTH_COLOURS: dict[str, Colour] = {
    "red": (204, 44, 44),
    "blue": (44, 80, 200),
    "green": (40, 148, 72),
    "yellow": (238, 206, 54),
    "purple": (130, 56, 168),
    "white": (240, 240, 244),
}
BACKGROUND_COLOURS: dict[str, Colour] = {
    "blue": (150, 186, 228),
    "green": (154, 204, 160),
    "grey": (172, 172, 176),
    "beige": (222, 204, 168),
    "pink": (232, 178, 196),
}


@dataclass(frozen=True)
class Picture:
    """A rendered picture with its true attributes."""

    image: np.ndarray
    """RGB, uint8, (SIZE, SIZE, 3)."""
    regions: np.ndarray
    """Region of each pixel, uint8, (SIZE, SIZE); see canvas.REGIONS. Props count as background."""
    people: list[Person]
    """The main person first."""
    boxes: list[tuple[float, float, float, float]]
    """One person each: x, y, width, height in pixels, inside the picture."""
    faces: list[tuple[float, float, float, float]]
    """One face each: x, y, width, height in pixels, in the order of `people`."""
    background: str
    """Colour of the background, or the place of a scene."""
    doing: str | None = None
    """Action of the main person of a scene, in words."""
    props: np.ndarray | None = None
    """Pixels of the props of a scene's activity, bool, (SIZE, SIZE), all of them background."""


def render_portrait(person: Person, rng: np.random.Generator) -> Picture:
    """Render a portrait of SIZE x SIZE pixels."""
    background = person.background or str(rng.choice(BACKGROUNDS))
    colour = BACKGROUND_COLOURS[background]
    canvas = Canvas(SIZE, colour)
    canvas.gradient(shade(colour, 1 + 0.1 * rng.uniform()), shade(colour, 0.86 - 0.1 * rng.uniform()))
    for _ in range(int(rng.integers(0, 4))):
        (x, y), (wide, high) = rng.uniform(0, SIZE, 2), rng.uniform(3, 9, 2)
        canvas.ellipse(x, y, wide, high, shade(colour, rng.uniform(0.84, 1.1)))

    face_height = {"baby": 42.0, "child": 41.0, "young": 45.0, "adult": 44.0, "senior": 43.0}[person.age]
    face_height *= 1 + 0.04 * rng.uniform(-1, 1)
    x = SIZE / 2 + 2.0 * rng.uniform(-1, 1)
    y = {"baby": 33, "child": 32, "young": 31, "adult": 30, "senior": 32}[person.age] + 1.5 * rng.uniform(-1, 1)
    under = canvas.lift()
    head = Head(canvas, person, x, y, face_height)
    head.back()
    shoulders = y + face_height * 0.56
    head.neck(shoulders + 3)
    _clothes(canvas, person, x, shoulders)
    head.front()

    box = canvas.lay(under)
    return Picture(canvas.picture(), canvas.regions(), [person], [box], [head.box], background)


def _clothes(canvas: Canvas, person: Person, x: float, top: float) -> None:
    half = {"baby": 17.0, "child": 19.0, "young": 24.0, "adult": 31.0, "senior": 24.0}[person.age]
    half *= 0.88 if person.gender == "female" else 1.08
    drop = {"baby": 2.0, "child": 3.0, "young": 4.0, "adult": 4.5, "senior": 8.0}[person.age]
    colour = CLOTH_COLOURS[person.clothes]
    edge = [
        (x - 6, top + 1),
        (x + 6, top + 1),
        (x + half * 0.8, top + drop),
        (x + half, top + drop + 6),
        (x + half, SIZE + 2),
    ]
    canvas.polygon(
        [*edge, (x - half, SIZE + 2), (x - half, top + drop + 6), (x - half * 0.8, top + drop)], colour, BODY
    )
    if person.gender == "female":
        canvas.ellipse(x, top + 1, 6.5, 4.5, shade(skin_colour(person.tone), 0.9), BODY)
    else:
        canvas.polygon([(x - 6, top + 1), (x, top + 8), (x + 6, top + 1)], shade(colour, 0.7), BODY)
