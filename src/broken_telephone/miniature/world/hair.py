"""Draws hair behind the neck and in front of the face.

Both work on a frame: a face's own units put on the canvas (see `proportions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from broken_telephone.miniature.world.canvas import HAIR, Canvas
from broken_telephone.miniature.world.colours import HAIR_COLOURS, shade
from broken_telephone.miniature.world.people import Person
from broken_telephone.miniature.world.proportions import SHAPES

_RIBBON = (236, 84, 150)
# How far down the sides of the face a style reaches.
_SIDES = {"short": -0.02, "side": 0.08, "fringe": 0.1, "receding": 0.12, "ponytail": 0.0, "pigtails": 0.05, "bun": 0.05}


@dataclass(frozen=True)
class Frame:
    """A face on the canvas: its centre and half-axes in picture units."""

    canvas: Canvas
    x: float
    y: float
    rx: float
    ry: float

    def at(self, u: float, v: float) -> tuple[float, float]:
        """Convert face units to picture units."""
        return self.x + u * self.rx, self.y + v * self.ry

    def points(self, uv: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Convert several points from face units to picture units."""
        return [self.at(u, v) for u, v in uv]


def _curly(person: Person) -> bool:
    return person.ethnicity == "African-American"


def _bump(person: Person, angle: float) -> float:
    """Return the radius of the edge of the hair; 1 is straight hair, and curls stick out to be visible."""
    return 1.15 + 0.1 * float(np.cos(12 * angle)) if _curly(person) else 1.0


def _mane(frame: Frame, person: Person, width: float, top: float, bottom: float) -> list[tuple[float, float]]:
    """Return a closed shape around the head, with bumps on the edge for curly hair."""
    points = []
    for angle in np.linspace(0, 2 * np.pi, 96, endpoint=False):
        bump = _bump(person, float(angle))
        u, v = np.sin(angle) * width * bump, -np.cos(angle) * bump
        points.append((float(u), float(top + (v + 1) / 2 * (bottom - top))))
    return frame.points(points)


def draw_back(frame: Frame, person: Person) -> None:
    """Draw the hair behind the neck and shoulders."""
    draw, style = frame.canvas, person.hair_style
    dark = shade(HAIR_COLOURS[person.hair_colour], 0.8)
    # Tied hair has no bumps: curls make it fuller.
    puff = 1.3 if _curly(person) else 1.0
    if style == "long":
        draw.polygon(_mane(frame, person, 1.36, -1.22, 0.6), dark, HAIR)
        low = 1.35 + 0.15 * person.jitter[1]
        draw.polygon(frame.points([(-1.32, -0.4), (1.32, -0.4), (1.42, low), (-1.42, low)]), dark, HAIR)
    elif style == "bob":
        draw.polygon(_mane(frame, person, 1.34, -1.2, 0.95), dark, HAIR)
    elif style == "ponytail":
        x, y = frame.at(1.2, 0.1)
        draw.ellipse(x, y, frame.rx * 0.42 * puff, frame.ry * 0.85, dark, HAIR, -12)
    elif style == "pigtails":
        for side in (-1, 1):
            x, y = frame.at(1.25 * side, 0.15)
            draw.ellipse(x, y, frame.rx * 0.36 * puff, frame.ry * 0.52, dark, HAIR, -14 * side)
    elif style == "bun":
        x, y = frame.at(0, -1.26)
        draw.ellipse(x, y, frame.rx * 0.56 * puff, frame.ry * 0.38 * puff, dark, HAIR)


def draw_front(frame: Frame, person: Person) -> None:
    """Draw the hair in front of the face."""
    style, hair = person.hair_style, HAIR_COLOURS[person.hair_colour]
    if style in ("tuft", "bow"):
        _baby_hair(frame, person)
    elif style == "bald":
        _bald_sides(frame, person)
    else:
        frame.canvas.polygon(frame.points(_cap(person)), hair, HAIR)
    if style == "pigtails":
        for side in (-1, 1):
            x, y = frame.at(1.12 * side, -0.28)
            frame.canvas.ellipse(x, y, frame.rx * 0.13, frame.rx * 0.13, _RIBBON)


def _bald_sides(frame: Frame, person: Person) -> None:
    hair = HAIR_COLOURS[person.hair_colour]
    for side in (-1, 1):
        if _curly(person):
            for u, v in ((1.0, -0.44), (1.24, -0.2), (1.26, 0.1), (1.04, 0.3)):
                x, y = frame.at(u * side, v)
                frame.canvas.ellipse(x, y, frame.rx * 0.3, frame.rx * 0.3, hair, HAIR)
        else:
            x, y = frame.at(1.04 * side, -0.04)
            frame.canvas.ellipse(x, y, frame.rx * 0.3, frame.ry * 0.5, hair, HAIR)


def _baby_hair(frame: Frame, person: Person) -> None:
    draw, hair = frame.canvas, HAIR_COLOURS[person.hair_colour]
    girl = person.hair_style == "bow"
    if _curly(person):
        for u, v in ((-0.46, -0.82), (-0.16, -1.0), (0.18, -1.0), (0.48, -0.82), (0.0, -0.8)):
            x, y = frame.at(u, v)
            draw.ellipse(x, y, frame.rx * 0.24, frame.rx * 0.24, hair, HAIR)
    elif girl:
        draw.polygon(frame.points([(-0.66, -0.74), (-0.1, -1.1), (0.62, -0.78), (0, -0.6)]), hair, HAIR)
    else:
        tuft = [(-0.56, -0.78), (-0.2, -1.12), (0.2, -1.28), (0.5, -0.8), (0, -0.6)]
        draw.polygon(frame.points(tuft), hair, HAIR)
    if girl:
        for side in (-1, 1):
            tip = [(0.1, -0.96), (0.1 + 0.5 * side, -1.26), (0.1 + 0.5 * side, -0.7)]
            draw.polygon(frame.points(tip), _RIBBON)


def _cap(person: Person) -> list[tuple[float, float]]:
    """Return the hair on top of the head: an outer arc, then the hairline back."""
    style = person.hair_style
    line = SHAPES[person.age].hairline + 0.05 * person.jitter[2]
    low, top = _SIDES.get(style, 0.35), -1.2
    wide = 1.15 if person.gender == "male" else 1.2
    arc = []
    for angle in np.linspace(-np.pi / 2, np.pi / 2, 48):
        bump = _bump(person, float(angle))
        arc.append((float(np.sin(angle) * wide * bump), float(low + (top - low) * np.cos(angle) * bump)))
    edges = {
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
            (0.86, low),
            (0.82, -0.4),
            (0.56, -0.8),
            (0.0, line - 0.06),
            (-0.56, -0.8),
            (-0.82, -0.4),
            (-0.86, low),
        ],
        "long": [(0.86, low), (0.8, -0.25), (0.12, line - 0.12), (-0.8, -0.25), (-0.86, low)],
        "bob": [(0.84, low), (0.8, line + 0.2), (-0.3, line + 0.1), (-0.8, line + 0.3), (-0.84, low)],
    }
    plain = [(0.92, low), (0.74, line + 0.06), (0.0, line - 0.06), (-0.74, line + 0.06), (-0.92, low)]
    return arc + edges.get(style, plain)
