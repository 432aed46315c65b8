"""Draws a head: face shape, hair, expression and the signs of age, at any size.

Age shows in proportions (face width, height of the eye line, size of eyes and jaw), hairline and wrinkles,
gender presentation in hair, brows, lips and jaw, tone in the skin. The strokes are listed back to front.
"""

from dataclasses import dataclass

import numpy as np

from broken_telephone.miniature.canvas import BODY, FACE, HAIR, Canvas, Colour
from broken_telephone.miniature.people import Person

HAIR_COLOURS: dict[str, Colour] = {
    "black": (28, 24, 26),
    "brown": (104, 62, 32),
    "blond": (224, 186, 92),
    "red": (178, 74, 28),
    "grey": (146, 146, 150),
    "white": (226, 226, 230),
}
_LIGHT, _MIDDLE, _DARK = np.array([252, 222, 200]), np.array([196, 144, 106]), np.array([106, 68, 50])


@dataclass(frozen=True)
class _Shape:
    width: float  # face width over face height
    eyes: float  # height of the eye line, -1 crown to 1 chin
    eye: float  # eye size, half-width over face half-width
    jaw: float  # 0 round, 1 square
    taper: float  # how much the face narrows to the chin
    hairline: float  # height of the hairline, -1 crown to 1 chin
    feature: float  # size of brows, nose and mouth


_SHAPES = {
    "baby": _Shape(0.98, 0.26, 0.25, 0.35, 0.00, -0.80, 0.74),
    "child": _Shape(0.88, 0.14, 0.25, 0.25, 0.10, -0.46, 0.88),
    "young": _Shape(0.74, 0.00, 0.20, 0.25, 0.16, -0.54, 1.00),
    "adult": _Shape(0.84, -0.04, 0.18, 0.85, 0.02, -0.60, 1.06),
    "senior": _Shape(0.76, -0.02, 0.17, 0.50, 0.12, -0.64, 1.02),
}


@dataclass(frozen=True)
class _Expression:
    brow: float = 0.0  # height of the brows
    slant: float = 0.0  # inner ends up (positive) or down
    open: float = 1.0  # opening of the eyes
    corners: float = 0.0  # corners of the mouth up (positive) or down
    gape: float = 0.0  # opening of the mouth
    spread: float = 1.0  # width of the mouth
    teeth: bool = False
    wrinkled_nose: bool = False
    skew: float = 0.0  # one corner higher than the other


_EXPRESSIONS = {
    "neutral": _Expression(),
    "happiness": _Expression(brow=0.02, open=0.75, corners=0.16, gape=0.17, spread=1.3, teeth=True),
    "sadness": _Expression(brow=0.05, slant=0.16, open=0.55, corners=-0.15, spread=0.9),
    "anger": _Expression(brow=-0.06, slant=-0.19, open=0.75, corners=-0.05, gape=0.10, spread=1.1, teeth=True),
    "surprise": _Expression(brow=0.17, open=1.5, gape=0.26, spread=0.55),
    "fear": _Expression(brow=0.12, slant=0.13, open=1.4, corners=-0.10, gape=0.16, spread=1.15, teeth=True),
    "disgust": _Expression(
        brow=-0.05, slant=-0.10, open=0.45, corners=-0.07, spread=0.95, wrinkled_nose=True, skew=0.13
    ),
}


def skin_colour(tone: float) -> Colour:
    """RGB of a tone between 0 (lightest) and 1 (darkest)."""
    if tone < 0.5:
        rgb = _LIGHT + (_MIDDLE - _LIGHT) * (tone / 0.5)
    else:
        rgb = _MIDDLE + (_DARK - _MIDDLE) * ((tone - 0.5) / 0.5)
    return _rgb(rgb)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor below 1) or lighter (above 1)."""
    return _rgb(np.array(colour) * factor)


def _rgb(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0, 255).astype(int)
    return int(red), int(green), int(blue)


class Head:
    """A head at a place of the canvas; draw `back`, then neck and clothes, then `front`.

    Args:
        person: whose head it is.
        x, y: centre of the face in picture units.
        height: face height from crown to chin in picture units.
    """

    def __init__(self, canvas: Canvas, person: Person, x: float, y: float, height: float) -> None:
        self._canvas, self._person = canvas, person
        self._shape = _SHAPES[person.age]
        self._x, self._y, self._ry = x, y, height / 2
        female = person.gender == "female"
        jaw = self._shape.jaw - (0.15 if female else -0.1)
        self._jaw = float(np.clip(jaw, 0, 1))
        self._rx = self._ry * self._shape.width * (1 + 0.04 * person.jitter[0]) * (0.97 if female else 1.02)
        self.skin = skin_colour(person.tone)
        self.hair = HAIR_COLOURS[person.hair_colour]
        self._curly = person.ethnicity == "African-American" and person.age != "baby"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The face as x, y, width, height: crown to chin, cheek to cheek."""
        return self._x - self._rx, self._y - self._ry, 2 * self._rx, 2 * self._ry

    def _at(self, u: float, v: float) -> tuple[float, float]:
        return self._x + u * self._rx, self._y + v * self._ry

    def _points(self, uv: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [self._at(u, v) for u, v in uv]

    def _outline(self) -> list[tuple[float, float]]:
        points = []
        for angle in np.linspace(0, 2 * np.pi, 48, endpoint=False):
            u, v = np.sin(angle), -np.cos(angle)
            if v > 0:
                power = 2 + 1.4 * self._jaw
                u = np.sign(u) * (1 - v**power) ** (1 / power) * (1 - self._shape.taper * v)
            points.append((float(u), float(v)))
        return self._points(points)

    def _mane(self, width: float, top: float, bottom: float) -> list[tuple[float, float]]:
        """A closed shape around the head; its edge has bumps where the hair is curly."""
        points = []
        for angle in np.linspace(0, 2 * np.pi, 72, endpoint=False):
            bump = 1 + (0.05 * np.sin(11 * angle) if self._curly else 0)
            u, v = np.sin(angle) * width * bump, -np.cos(angle) * bump
            points.append((u, top + (v + 1) / 2 * (bottom - top)))
        return self._points(points)

    def back(self) -> None:
        """Hair behind the neck and shoulders."""
        draw, style = self._canvas, self._person.hair_style
        dark = shade(self.hair, 0.8)
        if style == "long":
            draw.polygon(self._mane(1.36, -1.22, 0.6), dark, HAIR)
            low = 1.35 + 0.15 * self._person.jitter[1]
            draw.polygon(self._points([(-1.32, -0.4), (1.32, -0.4), (1.42, low), (-1.42, low)]), dark, HAIR)
        elif style == "bob":
            draw.polygon(self._mane(1.34, -1.2, 0.95), dark, HAIR)
        elif style == "ponytail":
            x, y = self._at(1.2, 0.1)
            draw.ellipse(x, y, self._rx * 0.42, self._ry * 0.85, dark, HAIR, -12)
        elif style == "pigtails":
            for side in (-1, 1):
                x, y = self._at(1.25 * side, 0.15)
                draw.ellipse(x, y, self._rx * 0.36, self._ry * 0.52, dark, HAIR, -14 * side)
        elif style == "bun":
            x, y = self._at(0, -1.28)
            draw.ellipse(x, y, self._rx * 0.46, self._ry * 0.34, dark, HAIR)

    def front(self) -> None:
        """Face, features and the hair in front of them."""
        self._ears()
        self._canvas.polygon(self._outline(), self.skin, FACE)
        self._wrinkles()
        self._eyes()
        self._nose()
        self._beard()
        self._mouth()
        self._hair_front()

    def _ears(self) -> None:
        for side in (-1, 1):
            x, y = self._at(1.0 * side, self._shape.eyes + 0.12)
            self._canvas.ellipse(x, y, self._rx * 0.15, self._ry * 0.17, shade(self.skin, 0.9), FACE)
            if self._person.gender == "female" and self._person.age in ("young", "adult", "senior"):
                x, y = self._at(1.04 * side, self._shape.eyes + 0.36)
                self._canvas.ellipse(x, y, self._rx * 0.09, self._rx * 0.09, (246, 214, 80), FACE)

    def _hair_front(self) -> None:
        draw, style, hair = self._canvas, self._person.hair_style, self.hair
        line = self._shape.hairline + 0.05 * self._person.jitter[2]
        if style == "tuft":
            draw.polygon(
                self._points([(-0.4, -0.86), (-0.1, -1.12), (0.16, -1.2), (0.4, -0.86), (0, -0.68)]),
                hair,
                HAIR,
            )
            return
        if style == "bow":
            draw.polygon(self._points([(-0.55, -0.8), (-0.1, -1.08), (0.5, -0.84), (0, -0.66)]), hair, HAIR)
            ribbon = (236, 84, 150)
            for side in (-1, 1):
                tip = [(0.1, -0.92), (0.1 + 0.5 * side, -1.22), (0.1 + 0.5 * side, -0.66)]
                draw.polygon(self._points(tip), ribbon)
            return
        if style == "bald":
            for side in (-1, 1):
                x, y = self._at(1.04 * side, -0.06)
                draw.ellipse(x, y, self._rx * 0.2, self._ry * 0.4, hair, HAIR)
            return
        sides = {
            "short": -0.02,
            "side": 0.08,
            "fringe": 0.1,
            "receding": 0.05,
            "ponytail": 0.0,
            "pigtails": 0.05,
            "bun": 0.0,
        }
        low = sides.get(style, 0.35)
        top = -1.2 if style != "receding" else -1.06
        wide = 1.13 if self._person.gender == "male" else 1.2
        outer = []
        for angle in np.linspace(-np.pi / 2, np.pi / 2, 30):
            bump = 1 + (0.045 * np.sin(13 * angle) if self._curly else 0)
            outer.append((np.sin(angle) * wide * bump, low + (top - low) * np.cos(angle) * bump))
        inner = {
            "fringe": [(0.94, low), (0.84, line + 0.22), (-0.84, line + 0.22), (-0.94, low)],
            "side": [
                (0.92, low),
                (0.8, line + 0.12),
                (0.3, line - 0.12),
                (-0.5, line + 0.06),
                (-0.86, line + 0.2),
                (-0.92, low),
            ],
            "receding": [
                (0.9, low),
                (0.86, -0.4),
                (0.56, -0.86),
                (0.0, line - 0.12),
                (-0.56, -0.86),
                (-0.86, -0.4),
                (-0.9, low),
            ],
            "long": [(0.86, low), (0.8, -0.25), (0.12, line - 0.12), (-0.8, -0.25), (-0.86, low)],
            "bob": [(0.84, low), (0.8, line + 0.2), (-0.3, line + 0.1), (-0.8, line + 0.3), (-0.84, low)],
        }.get(style, [(0.92, low), (0.74, line + 0.06), (0.0, line - 0.06), (-0.74, line + 0.06), (-0.92, low)])
        draw.polygon(self._points(outer + inner), hair, HAIR)
        if style == "pigtails":
            for side in (-1, 1):
                x, y = self._at(1.12 * side, -0.28)
                draw.ellipse(x, y, self._rx * 0.13, self._rx * 0.13, (236, 84, 150))

    def _wrinkles(self) -> None:
        age, draw = self._person.age, self._canvas
        if age not in ("adult", "senior"):
            return
        crease, thin = shade(self.skin, 0.68), 0.035 * self._ry
        for side in (-1, 1):
            fold = [(0.34 * side, 0.26), (0.5 * side, 0.42), (0.56 * side, 0.62)]
            draw.line(self._points(fold), thin * (1.5 if age == "senior" else 1.2), crease)
        if age == "adult":
            draw.line(self._points([(-0.42, 0.86), (0, 0.93), (0.42, 0.86)]), thin, crease)
            draw.line(self._points([(-0.4, -0.42), (0.4, -0.42)]), thin, shade(self.skin, 0.8))
            return
        for height in (-0.5, -0.38):
            draw.line(self._points([(-0.5, height), (0, height - 0.03), (0.5, height)]), thin * 1.2, crease)
        for side in (-1, 1):
            bag = [
                (0.22 * side, self._shape.eyes + 0.2),
                (0.42 * side, self._shape.eyes + 0.25),
                (0.6 * side, self._shape.eyes + 0.18),
            ]
            draw.line(self._points(bag), thin * 1.2, crease)
            for fan in (-0.06, 0.08):
                foot = [(0.72 * side, self._shape.eyes), (0.9 * side, self._shape.eyes + fan)]
                draw.line(self._points(foot), thin, crease)

    def _eyes(self) -> None:
        person, shape, draw = self._person, self._shape, self._canvas
        face = _EXPRESSIONS[person.emotion]
        strength = 1 + 0.15 * person.jitter[3]
        female = person.gender == "female"
        apart = 0.42 + 0.025 * person.jitter[4]
        half = shape.eye * (1.08 if female else 1.0)
        ratio = 0.62 if person.ethnicity != "Asian" else 0.46
        high = half * self._rx * ratio * (1 + (face.open - 1) * strength) * (0.85 if person.age == "senior" else 1.0)
        dark = (24, 18, 18)
        for side in (-1, 1):
            x, y = self._at(apart * side, shape.eyes)
            tilt = -9 * side if person.ethnicity == "Asian" else 0
            draw.ellipse(x, y, half * self._rx, high, (250, 250, 250), None, tilt)
            iris = min(half * self._rx * 0.55, high * 1.05)
            draw.ellipse(x, y, iris, min(iris, high), dark)
            lid = 0.05 * self._ry * (1.45 if female else 0.9)
            arc = [
                (x + half * self._rx * t, y - high * (1 - t * t) ** 0.5 - tilt / 60 * t) for t in np.linspace(-1, 1, 7)
            ]
            draw.line(arc, lid, dark)
            if female:
                x2, y2 = x + side * half * self._rx, y - high * 0.35
                draw.line([(x2, y2), (x2 + side * 0.09 * self._rx, y2 - 0.09 * self._ry)], lid * 0.8, dark)
            self._brow(side, apart, high, face, strength)

    def _brow(self, side: int, apart: float, high: float, face: _Expression, strength: float) -> None:
        person, shape = self._person, self._shape
        brow = (
            shade(self.hair, 0.75) if person.hair_colour not in ("white", "grey", "blond") else shade(self.hair, 0.62)
        )
        contrast = sum(self.skin) - sum(brow)
        if contrast < 150:
            brow = shade(brow, 0.4)
        base = (
            shape.eyes
            - (0.16 if person.gender == "female" else 0.13) * shape.feature
            - high / self._ry / (0.4 + 0.6 * face.open)
            - face.brow * strength
        )
        lean = face.slant * strength / 2
        inner = (side * (apart - 0.2), base - lean)
        middle = (side * apart, base - 0.04)
        outer = (side * (apart + 0.23), base + lean)
        width = 0.062 * self._ry * shape.feature * (1.55 if person.gender == "male" else 0.95)
        self._canvas.line(self._points([inner, middle, outer]), width, brow)

    def _nose(self) -> None:
        shape, draw = self._shape, self._canvas
        size = shape.feature * (1.1 if self._person.age in ("adult", "senior") else 1.0)
        tip = shape.eyes + 0.36 * size * (1 - 0.25 * max(shape.eyes, 0))
        line, thin = shade(self.skin, 0.66), 0.045 * self._ry
        wide = 0.17 * size * (1.25 if self._person.ethnicity == "African-American" else 1.0)
        draw.line(self._points([(-wide, tip - 0.02), (0, tip + 0.04), (wide, tip - 0.02)]), thin, line)
        if _EXPRESSIONS[self._person.emotion].wrinkled_nose:
            for height in (0.08, 0.17):
                bridge = [
                    (-0.17, shape.eyes + height + 0.05),
                    (0, shape.eyes + height),
                    (0.17, shape.eyes + height + 0.05),
                ]
                draw.line(self._points(bridge), thin, shade(self.skin, 0.55))

    def _beard(self) -> None:
        person = self._person
        if person.gender != "male" or person.age not in ("young", "adult", "senior"):
            return
        hair = self.hair
        if person.jitter[5] > 0.35:  # full beard
            jaw = [p for p in self._outline() if p[1] > self._y + 0.3 * self._ry]
            jaw.sort(key=lambda p: np.arctan2(p[0] - self._x, p[1] - self._y))
            inner = self._points([(0.62, 0.36), (0.4, 0.4), (-0.4, 0.4), (-0.62, 0.36)])
            self._canvas.polygon(jaw + inner, hair)
        elif person.jitter[5] > -0.3:  # moustache
            self._canvas.polygon(self._points([(-0.36, 0.5), (0, 0.36), (0.36, 0.5), (0, 0.46)]), hair)
        else:  # shadow of a shaven beard
            self._canvas.line(
                self._points([(-0.52, 0.72), (0, 0.92), (0.52, 0.72)]), 0.06 * self._ry, shade(self.skin, 0.8)
            )

    def _mouth(self) -> None:
        person, shape, draw = self._person, self._shape, self._canvas
        face = _EXPRESSIONS[person.emotion]
        strength = 1 + 0.15 * person.jitter[3]
        female = person.gender == "female"
        half = 0.36 * shape.feature * face.spread
        y = 0.62 if person.age != "baby" else 0.68
        corner, gape = face.corners * strength, face.gape * strength
        if face.skew:
            half *= 1.05
        lip = _rgb(np.array(self.skin) * 0.35 + np.array((196, 30, 52) if female else (120, 44, 44)) * 0.65)
        left, right = y - corner - face.skew, y - corner + face.skew
        upper = [
            (-half, left),
            (-half / 2, y - 0.02 - gape * 0.3 + 0.3 * (left - y)),
            (0, y - gape * 0.35),
            (half / 2, y - 0.02 - gape * 0.3 + 0.3 * (right - y)),
            (half, right),
        ]
        lower = [
            (half, right),
            (half * 0.55, y + gape * 0.75 + 0.3 * (right - y)),
            (0, y + gape),
            (-half * 0.55, y + gape * 0.75 + 0.3 * (left - y)),
            (-half, left),
        ]
        thick = 0.075 * self._ry * (1.25 if female else 1.0)
        if gape:
            draw.polygon(self._points(upper + lower), (70, 16, 22))
            if face.teeth:
                row = [(u * 0.86, v + 0.012) for u, v in upper] + [(u * 0.86, y + gape * 0.42) for u, _ in lower[1:-1]]
                draw.polygon(self._points(row), (252, 252, 250))
            draw.line(self._points(upper + lower), thick * 0.8, lip)
        else:
            draw.line(self._points(upper), thick * 1.15, lip)
            draw.line(self._points([(-half, left), (0, y + 0.02), (half, right)]), 0.04 * self._ry, shade(lip, 0.55))
        if person.emotion == "happiness":
            for side in (-1, 1):
                cheek = [(0.62 * side, 0.3), (0.74 * side, 0.4), (0.7 * side, 0.54)]
                draw.line(self._points(cheek), 0.035 * self._ry, shade(self.skin, 0.75))

    def neck(self, shoulders: float) -> None:
        """The neck, from inside the face down to `shoulders` (y in picture units)."""
        thin = {"baby": 0.5, "child": 0.42, "young": 0.5, "adult": 0.66, "senior": 0.5}[self._person.age]
        wide = self._rx * thin * (0.9 if self._person.gender == "female" else 1.08)
        top = self._y + 0.6 * self._ry
        box = [
            (self._x - wide, top),
            (self._x + wide, top),
            (self._x + wide, shoulders),
            (self._x - wide, shoulders),
        ]
        self._canvas.polygon(box, shade(self.skin, 0.86), BODY)
