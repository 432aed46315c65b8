"""Draws a head with face, features and signs of age, at any size.

Age shows in proportions (`proportions`), hair (`hair`) and wrinkles; gender presentation in hair, brows, lips
and jaw; ethnicity in the nose, the eyes, the lips and the hair, its curls and colours; tone in the skin. The strokes
are listed back to front.
"""

import numpy as np

from broken_telephone.miniature.world.canvas import BODY, FACE, Canvas, Colour
from broken_telephone.miniature.world.colours import HAIR_COLOURS, mix, shade, skin_colour
from broken_telephone.miniature.world.hair import Frame, draw_back, draw_front
from broken_telephone.miniature.world.people import Person
from broken_telephone.miniature.world.proportions import (
    EXPRESSIONS,
    SHAPES,
    eyes_apart,
    mouth_corners,
    nose_tip,
    strength,
)

_GROWN = ("young", "adult", "senior")
_DARK: Colour = (24, 18, 18)


class Head:
    """Draws a head at a position of the canvas; draw `back`, then neck and clothes, then `front`.

    Args:
        person: whose head it is.
        x, y: centre of the face in picture units.
        height: face height from crown to chin in picture units.
    """

    def __init__(self, canvas: Canvas, person: Person, x: float, y: float, height: float) -> None:
        self._canvas, self._person = canvas, person
        self._shape, self._face = SHAPES[person.age], EXPRESSIONS[person.expression]
        self._strength = strength(person.jitter)
        self._female = person.gender == "female"
        width = self._shape.width * (1 + 0.04 * person.jitter[0]) * (0.97 if self._female else 1.02)
        self._frame = Frame(canvas, x, y, height / 2 * width, height / 2)
        self._at, self._points = self._frame.at, self._frame.points
        self._rx, self._ry = self._frame.rx, self._frame.ry
        self.skin = skin_colour(person.tone)
        self._natural = person.facial_hair or person.hair_colour
        self._hair = HAIR_COLOURS[self._natural]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return the box of the face as x, y, width, height: crown to chin, cheek to cheek."""
        return self._frame.x - self._rx, self._frame.y - self._ry, 2 * self._rx, 2 * self._ry

    def back(self) -> None:
        """Draw the hair behind the neck and shoulders."""
        draw_back(self._frame, self._person)

    def front(self) -> None:
        """Draw face, features and the hair in front of them."""
        self._ears()
        self._canvas.polygon(self._outline(), self.skin, FACE)
        self._wrinkles()
        self._eyes()
        self._nose()
        self._beard()
        self._mouth()
        draw_front(self._frame, self._person)

    def _outline(self) -> list[tuple[float, float]]:
        jaw = float(np.clip(self._shape.jaw - (0.15 if self._female else -0.1), 0, 1))
        points = []
        for angle in np.linspace(0, 2 * np.pi, 48, endpoint=False):
            u, v = np.sin(angle), -np.cos(angle)
            if v > 0:
                power = 2 + 1.4 * jaw
                u = np.sign(u) * (1 - v**power) ** (1 / power) * (1 - self._shape.taper * v)
            points.append((float(u), float(v)))
        return self._points(points)

    def _ears(self) -> None:
        for side in (-1, 1):
            x, y = self._at(1.0 * side, self._shape.eyes + 0.12)
            self._canvas.ellipse(x, y, self._rx * 0.15, self._ry * 0.17, shade(self.skin, 0.9), FACE)
            if self._female and self._person.age in _GROWN:
                x, y = self._at(1.04 * side, self._shape.eyes + 0.36)
                self._canvas.ellipse(x, y, self._rx * 0.09, self._rx * 0.09, (246, 214, 80), FACE)

    def _wrinkles(self) -> None:
        age, draw = self._person.age, self._canvas
        if age not in ("adult", "senior"):
            return
        crease, thin = shade(self.skin, 0.68), 0.035 * self._ry
        for side in (-1, 1):
            fold = [(0.34 * side, 0.26), (0.52 * side, 0.4), (0.62 * side, 0.62)]
            draw.line(self._points(fold), thin * (1.5 if age == "senior" else 1.2), crease)
        if age == "adult":
            # A fuller chin.
            draw.line(self._points([(-0.5, 0.84), (0, 0.93), (0.5, 0.84)]), thin * 1.4, crease)
            return
        for height in (-0.5, -0.38):
            draw.line(self._points([(-0.5, height), (0, height - 0.03), (0.5, height)]), thin * 1.2, crease)
        line = self._shape.eyes
        for side in (-1, 1):
            bag = [(0.22 * side, line + 0.2), (0.42 * side, line + 0.25), (0.6 * side, line + 0.18)]
            draw.line(self._points(bag), thin * 1.2, crease)
            for fan in (-0.06, 0.08):
                draw.line(self._points([(0.72 * side, line), (0.9 * side, line + fan)]), thin, crease)

    def _eyes(self) -> None:
        person, shape, draw = self._person, self._shape, self._canvas
        asian = person.ethnicity == "Asian"
        apart = eyes_apart(person.jitter)
        half = shape.eye * self._rx * (1.08 if self._female else 1.0) * (1.12 if asian else 1.0)
        opening = 1 + (self._face.open - 1) * self._strength
        high = half * (0.4 if asian else 0.64) * opening * (0.9 if person.age == "senior" else 1.0)
        lid = 0.05 * self._ry * (1.45 if self._female else 0.9)
        for side in (-1, 1):
            x, y = self._at(apart * side, shape.eyes)
            tilt = -13 * side if asian else 0
            draw.ellipse(x, y, half, high, (250, 250, 250), None, tilt)
            iris = min(half * 0.55, high * 1.05)
            draw.ellipse(x, y, iris, min(iris, high), _DARK)
            arc = [(x + half * t, y - high * (1 - t * t) ** 0.5 + tilt / 55 * t) for t in np.linspace(-1, 1, 7)]
            draw.line(arc, lid, _DARK)
            if self._female:
                x2, y2 = x + side * half, y - high * 0.35 + (tilt * side / 55)
                draw.line([(x2, y2), (x2 + side * 0.09 * self._rx, y2 - 0.09 * self._ry)], lid * 0.8, _DARK)
            self._brow(side, apart, high / self._ry)

    def _brow(self, side: int, apart: float, high: float) -> None:
        person, face = self._person, self._face
        brow = shade(self._hair, 0.62 if self._natural in ("white", "grey", "blond") else 0.75)
        if sum(self.skin) - sum(brow) < 150:
            brow = shade(brow, 0.4)
        size = self._shape.feature
        base = (
            self._shape.eyes
            - (0.15 if self._female else 0.13) * size
            - high / (0.4 + 0.6 * face.open)
            - face.brow * self._strength
        )
        lean = face.slant * self._strength / 2
        inner, outer = (side * (apart - 0.22), base - lean), (side * (apart + 0.25), base + lean)
        width = 0.064 * self._ry * size * (1.55 if person.gender == "male" else 1.0)
        self._canvas.line(self._points([inner, (side * apart, base - 0.04), outer]), width, brow)
        if face.frown:
            crease = [(side * 0.08, base - 0.02), (side * 0.07, base + 0.14)]
            self._canvas.line(self._points(crease), 0.045 * self._ry, shade(self.skin, 0.55))

    def _nose(self) -> None:
        person, draw = self._person, self._canvas
        size = self._shape.feature * (1.1 if person.age in ("adult", "senior") else 1.0)
        tip, line = nose_tip(person.age), self._shape.eyes
        dark, thin = shade(self.skin, 0.62), 0.045 * self._ry
        if person.ethnicity == "Caucasian":
            # A long bridge.
            bridge = [(0.06, line + 0.02), (0.13 * size, tip + 0.01), (-0.1 * size, tip + 0.03)]
            draw.line(self._points(bridge), thin, dark)
        elif person.ethnicity == "African-American":
            # Broad, with wings.
            wide = 0.25 * size
            draw.line(self._points([(-wide, tip), (0, tip + 0.04), (wide, tip)]), thin * 1.5, dark)
            for side in (-1, 1):
                x, y = self._at(wide * side, tip - 0.02)
                draw.ellipse(x, y, 0.075 * self._ry * size, 0.06 * self._ry * size, dark)
        else:
            draw.line(self._points([(-0.13 * size, tip), (0, tip + 0.04), (0.13 * size, tip)]), thin, dark)
        if self._face.wrinkled_nose:
            for height in (0.06, 0.16):
                fold = [(-0.2, line + height + 0.06), (0, line + height), (0.2, line + height + 0.06)]
                draw.line(self._points(fold), thin, shade(self.skin, 0.5))

    def _beard(self) -> None:
        person = self._person
        if person.gender != "male" or person.age not in _GROWN:
            return
        if person.jitter[5] > 0.35:  # along the jaw; the mouth stays free
            jaw = [p for p in self._outline() if p[1] > self._frame.y + 0.34 * self._ry]
            jaw.sort(key=lambda p: np.arctan2(p[0] - self._frame.x, p[1] - self._frame.y))
            inner = [(0.8, 0.36), (0.66, 0.74), (0.4, 0.9), (-0.4, 0.9), (-0.66, 0.74), (-0.8, 0.36)]
            self._canvas.polygon(jaw + self._points(inner), self._hair)
        elif person.jitter[5] > -0.3:
            moustache = [(-0.34, 0.46), (0, 0.34), (0.34, 0.46), (0, 0.43)]
            self._canvas.polygon(self._points(moustache), self._hair)
        else:
            shaven = [(-0.52, 0.76), (0, 0.95), (0.52, 0.76)]
            self._canvas.line(self._points(shaven), 0.05 * self._ry, shade(self.skin, 0.8))

    def _mouth(self) -> None:
        person, face, draw = self._person, self._face, self._canvas
        (low, left), (half, right) = mouth_corners(person.age, person.expression, person.jitter)
        y, gape = self._shape.mouth, face.gape * self._strength
        full = 1.4 if person.ethnicity == "African-American" else 1.0
        lip = mix(self.skin, (196, 30, 52) if self._female else (120, 44, 44), 0.65)
        upper = [
            (low, left),
            (low / 2, y - 0.02 - gape * 0.3 + 0.3 * (left - y)),
            (0, y - gape * 0.35),
            (half / 2, y - 0.02 - gape * 0.3 + 0.3 * (right - y)),
            (half, right),
        ]
        lower = [
            (half, right),
            (half * 0.55, y + gape * 0.75 + 0.3 * (right - y)),
            (0, y + gape),
            (-half * 0.55, y + gape * 0.75 + 0.3 * (left - y)),
            (low, left),
        ]
        thick = 0.07 * self._ry * (1.25 if self._female else 1.0) * full
        if gape:
            draw.polygon(self._points(upper + lower), (70, 16, 22))
            if face.teeth:
                down = [(u * 0.86, v + (w - v) * face.teeth) for (u, v), (_, w) in zip(upper, lower[::-1], strict=True)]
                draw.polygon(self._points([(u * 0.86, v + 0.012) for u, v in upper] + down[::-1]), (252, 252, 250))
            draw.line(self._points([*upper, *lower]), thick * 0.8, lip)
        else:
            draw.line(self._points(upper), thick * 1.2, lip)
            draw.line(self._points([(low, left), (0, y + 0.02), (half, right)]), 0.045 * self._ry, shade(lip, 0.5))

    def neck(self, shoulders: float) -> None:
        """Draw the neck, from inside the face down to `shoulders` (y in picture units)."""
        thin = {"baby": 0.5, "child": 0.42, "young": 0.5, "adult": 0.72, "senior": 0.5}[self._person.age]
        wide = self._rx * thin * (0.9 if self._female else 1.08)
        x, top = self._frame.x, self._frame.y + 0.6 * self._ry
        box = [(x - wide, top), (x + wide, top), (x + wide, shoulders), (x - wide, shoulders)]
        self._canvas.polygon(box, shade(self.skin, 0.86), BODY)
