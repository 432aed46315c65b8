"""Draws a whole person, head to feet, in a pose.

Poses are given in figure units: x in heights of the figure from its middle, y from the crown (0) to the
soles (1). The build follows age (how many heads tall, how wide) and gender presentation (dress or trousers).
"""

from dataclasses import dataclass, replace

import numpy as np

from broken_telephone.miniature.world.canvas import BODY, Canvas
from broken_telephone.miniature.world.colours import shade
from broken_telephone.miniature.world.head import Head
from broken_telephone.miniature.world.people import Person
from broken_telephone.miniature.world.portrait import CLOTH_COLOURS

XY = tuple[float, float]

# Height of the main person in picture units, and how many face heights make the figure.
HEIGHTS = {"baby": 41.0, "child": 47.0, "young": 54.0, "adult": 54.0, "senior": 52.0}
_HEADS = {"baby": 2.05, "child": 2.5, "young": 3.0, "adult": 3.0, "senior": 2.85}
_GIRTH = {"baby": 0.19, "child": 0.13, "young": 0.12, "adult": 0.19, "senior": 0.13}
_TROUSERS = (58, 62, 84)


@dataclass(frozen=True)
class Pose:
    """Positions of hands and feet in figure units, left and right as the viewer sees them."""

    hands: tuple[XY, XY] = ((-0.2, 0.66), (0.2, 0.66))
    feet: tuple[XY, XY] = ((-0.07, 1.0), (0.07, 1.0))
    lean: float = 0.0
    """Horizontal distance of the head from the hips."""

    def mirrored(self) -> "Pose":
        """Return the mirrored pose."""
        (lh, rh), (lf, rf) = self.hands, self.feet
        return replace(
            self,
            hands=((-rh[0], rh[1]), (-lh[0], lh[1])),
            feet=((-rf[0], rf[1]), (-lf[0], lf[1])),
            lean=-self.lean,
        )


class Figure:
    """A standing person; `x` is the middle, `soles` the ground, both in picture units."""

    def __init__(self, canvas: Canvas, person: Person, x: float, soles: float, height: float, pose: Pose) -> None:
        self._canvas, self._person, self._pose = canvas, person, pose
        self.x, self.crown, self.height = x, soles - height, height
        face = height / _HEADS[person.age]
        stoop = 0.04 if person.age == "senior" else 0.0
        lean = (pose.lean + stoop) * height
        self.head = Head(canvas, person, x + lean, self.crown + face / 2 + stoop * height, face)
        self._neck = (face + stoop * height) / height
        self._hip = self._neck + 0.42 * (1 - self._neck)

    def at(self, x: float, y: float) -> XY:
        """Convert figure units to picture units."""
        return self.x + x * self.height, self.crown + y * self.height

    def draw(self) -> None:
        """Draw hair behind, legs, clothes, arms and head."""
        self.head.back()
        self.head.neck(self.crown + (self._neck + 0.05) * self.height)
        self._legs()
        self._torso()
        for side in (-1, 1):
            self._arm(side)
        self.head.front()

    @property
    def _girth(self) -> float:
        return _GIRTH[self._person.age] * (0.9 if self._person.gender == "female" else 1.08)

    def _legs(self) -> None:
        draw, person = self._canvas, self._person
        bare = person.gender == "female"
        wide = 0.52 * self._girth * self.height
        for side, foot in zip((-1, 1), self._pose.feet, strict=True):
            hip = self.at(0.5 * self._girth * side, self._hip)
            end = self.at(*foot)
            knee = ((hip[0] + end[0]) / 2 + 0.02 * self.height * side, (hip[1] + end[1]) / 2)
            draw.line([hip, knee, end], wide * (0.75 if bare else 1), self.head.skin if bare else _TROUSERS, BODY)
            draw.ellipse(
                end[0] + 0.02 * side * self.height,
                end[1] - 0.012 * self.height,
                wide * 0.8,
                wide * 0.45,
                (40, 30, 30),
                BODY,
            )

    def _torso(self) -> None:
        girth, top, hip = self._girth, self._neck, self._hip
        lean = self._pose.lean
        colour = CLOTH_COLOURS[self._person.clothes]
        belly = girth * (1.12 if self._person.age in ("baby", "adult") else 0.92)
        points = [
            (lean - girth * 0.9, top + 0.03),
            (lean, top),
            (lean + girth * 0.9, top + 0.03),
            (belly, hip),
            (-belly, hip),
        ]
        self._canvas.polygon([self.at(*p) for p in points], colour, BODY)
        if self._person.gender == "female":
            hem = hip + 0.5 * (1 - hip)
            skirt = [
                (-girth * 0.85, hip - 0.03),
                (girth * 0.85, hip - 0.03),
                (girth * 1.6, hem),
                (-girth * 1.6, hem),
            ]
            self._canvas.polygon([self.at(*p) for p in skirt], shade(colour, 0.92), BODY)
        else:
            belt = [(-belly, hip - 0.02), (belly, hip - 0.02), (belly, hip + 0.03), (-belly, hip + 0.03)]
            self._canvas.polygon([self.at(*p) for p in belt], _TROUSERS, BODY)

    def _arm(self, side: int) -> None:
        hand = np.array(self.at(*self._pose.hands[0 if side < 0 else 1]))
        shoulder = np.array(self.at(self._pose.lean + side * self._girth * 0.85, self._neck + 0.06))
        elbow = (shoulder + hand) / 2 + np.array([side * 0.045, 0.025]) * self.height
        # Babies' arms are short, so most of their pixels are edges. The parser had more errors on thinner arms.
        wide = 0.065 * self.height * {"baby": 1.6, "adult": 1.25}.get(self._person.age, 1.0)
        sleeve = shade(CLOTH_COLOURS[self._person.clothes], 0.82)
        self._canvas.line(np.stack([shoulder, elbow]), wide, sleeve, BODY)
        self._canvas.line(np.stack([elbow, hand]), wide * 0.85, self.head.skin, BODY)
        self._canvas.ellipse(hand[0], hand[1], wide * 0.62, wide * 0.62, self.head.skin, BODY)
