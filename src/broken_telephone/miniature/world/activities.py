"""Defines the look of each activity: a pose and props, in two variants.

A prop is drawn behind or in front of the main person; nothing here depends on who the person is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from broken_telephone.miniature.world.canvas import PROP, Canvas
from broken_telephone.miniature.world.figure import Figure, Pose

Props = Callable[[Canvas, Figure], None]


def _nothing(canvas: Canvas, figure: Figure) -> None:
    """Draw no prop."""


@dataclass(frozen=True)
class Staging:
    """A pose with props; `words` describe the action, `outdoors` selects the ground."""

    words: str
    pose: Pose
    behind: Props = _nothing
    front: Props = _nothing
    outdoors: bool = False


def _box(canvas: Canvas, x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
    canvas.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, PROP)


def _notes(canvas: Canvas, figure: Figure) -> None:
    for x, y in ((8, 12), (54, 9), (7, 34), (57, 32)):
        canvas.ellipse(x, y + 6, 2.6, 1.9, (120, 20, 120), PROP, -20)
        canvas.line([(x + 2.2, y + 6), (x + 2.2, y - 2), (x + 5.5, y)], 1.1, (120, 20, 120), PROP)


def _guitar(canvas: Canvas, figure: Figure) -> None:
    x, y = figure.at(-0.03, 0.66)
    canvas.line([(x, y), (x + 20, y - 9)], 2.4, (70, 40, 20), PROP)
    canvas.ellipse(x - 3, y + 1.4, 7, 5.6, (214, 120, 36), PROP, -22)
    canvas.ellipse(x + 4, y - 1.4, 4.8, 4, (214, 120, 36), PROP, -22)
    canvas.ellipse(x - 1, y + 0.6, 2.1, 2.1, (60, 32, 14), PROP)


def _dinner(canvas: Canvas, figure: Figure) -> None:
    _box(canvas, 2, 50, 60, 4, (150, 92, 44))
    _box(canvas, 7, 54, 4, 9, (120, 72, 34))
    _box(canvas, 53, 54, 4, 9, (120, 72, 34))
    canvas.ellipse(figure.x, 49.5, 10, 2.6, (250, 250, 250), PROP)
    canvas.ellipse(figure.x - 2, 47.4, 5, 3, (206, 60, 40), PROP)
    canvas.ellipse(figure.x + 4, 47.6, 3.2, 2.4, (70, 160, 60), PROP)


def _fork(canvas: Canvas, figure: Figure) -> None:
    _dinner(canvas, figure)
    x, y = figure.at(0.19, 0.36)
    canvas.line([(x, y + 3), (x - 1, y - 5)], 1.3, (120, 124, 134), PROP)


def _soup(canvas: Canvas, figure: Figure) -> None:
    _box(canvas, 2, 51, 60, 12, (244, 236, 220))
    _box(canvas, 2, 51, 60, 2.5, (200, 60, 60))
    canvas.polygon(
        [(figure.x - 9, 44), (figure.x + 9, 44), (figure.x + 5, 51), (figure.x - 5, 51)],
        (70, 110, 190),
        PROP,
    )
    canvas.ellipse(figure.x, 44, 9, 2, (236, 150, 60), PROP)
    x, y = figure.at(0.19, 0.36)
    canvas.line([(x, y + 3), (x - 1, y - 5)], 1.3, (120, 124, 134), PROP)


def _first_aid(canvas: Canvas, figure: Figure) -> None:
    x, y = figure.at(0.1, 0.55)
    _box(canvas, x, y, 17, 13, (250, 250, 250))
    _box(canvas, x + 7, y + 2, 3, 9, (220, 24, 36))
    _box(canvas, x + 4, y + 5, 9, 3, (220, 24, 36))


def _wheelchair(canvas: Canvas, figure: Figure) -> None:
    canvas.ellipse(52, 53, 9, 9, (60, 60, 70), PROP)
    canvas.ellipse(52, 53, 6.6, 6.6, (200, 204, 210), PROP)
    canvas.line([(42, 36), (46, 36), (48, 50), (60, 50)], 3, (220, 24, 36), PROP)
    canvas.line([(60, 50), (60, 60)], 2, (60, 60, 70), PROP)


def _broom(canvas: Canvas, figure: Figure) -> None:
    canvas.line([figure.at(0.16, 0.42), (52, 55)], 1.8, (150, 96, 44), PROP)
    canvas.polygon([(48, 53), (54, 51), (61, 61), (47, 62)], (232, 196, 70), PROP)
    canvas.polygon([(4, 50), (16, 50), (14, 62), (6, 62)], (40, 120, 200), PROP)


def _vacuum(canvas: Canvas, figure: Figure) -> None:
    canvas.line([figure.at(0.2, 0.6), (52, 58)], 2, (70, 70, 80), PROP)
    _box(canvas, 46, 57, 15, 5, (70, 70, 80))
    canvas.ellipse(10, 56, 8, 6.5, (206, 40, 120), PROP)
    canvas.line([(10, 52), (20, 44), figure.at(0.2, 0.6)], 1.2, (120, 120, 130), PROP)


def _mirror(canvas: Canvas, figure: Figure) -> None:
    canvas.line([(54, 40), (54, 62)], 2.4, (186, 140, 40), PROP)
    canvas.ellipse(54, 26, 9, 15, (186, 140, 40), PROP)
    canvas.ellipse(54, 26, 7, 13, (206, 240, 250), PROP)
    canvas.line([(50, 28), (57, 18)], 1.4, (250, 255, 255), PROP)


def _bath(canvas: Canvas, figure: Figure) -> None:
    canvas.polygon([(3, 46), (61, 46), (55, 62), (9, 62)], (250, 252, 255), PROP)
    _box(canvas, 2, 44, 60, 3.4, (206, 216, 228))
    for x, y, r in ((12, 42, 5), (22, 41, 4), (44, 41, 4.4), (53, 42, 4.6)):
        canvas.ellipse(x, y, r, r, (226, 242, 252), PROP)


def _carpet(canvas: Canvas, figure: Figure) -> None:
    canvas.polygon([(22, 47), (42, 47), (62, 64), (2, 64)], (196, 22, 48), PROP)
    _star(canvas, 8, 12)
    _star(canvas, 56, 16)


def _frame(canvas: Canvas, figure: Figure) -> None:
    for x, y, w, h in ((3, 3, 58, 3.4), (3, 3, 3.4, 50), (57.6, 3, 3.4, 50), (3, 50, 58, 3.4)):
        _box(canvas, x, y, w, h, (212, 166, 40))
    _star(canvas, 11, 14)
    _star(canvas, 53, 14)


def _star(canvas: Canvas, x: float, y: float) -> None:
    turns = np.arange(8) * np.pi / 4
    reach = np.where(np.arange(8) % 2 == 0, 6.0, 1.8)
    points = np.stack([x + reach * np.sin(turns), y - reach * np.cos(turns)], 1)
    canvas.polygon(points, (255, 250, 170), PROP)


def _ball(canvas: Canvas, x: float, y: float) -> None:
    canvas.ellipse(x, y, 6.4, 6.4, (240, 122, 24), PROP)
    canvas.line([(x - 6, y), (x + 6, y)], 0.9, (50, 24, 10), PROP)
    canvas.line([(x, y - 6), (x, y + 6)], 0.9, (50, 24, 10), PROP)


def _goal(canvas: Canvas, figure: Figure) -> None:
    canvas.line([(3, 50), (3, 20), (61, 20), (61, 50)], 2, (250, 250, 250), PROP)


def _bicycle(canvas: Canvas, figure: Figure) -> None:
    for x in (14, 50):
        canvas.ellipse(x, 54, 9, 9, (30, 30, 34), PROP)
        canvas.ellipse(x, 54, 6.8, 6.8, (196, 198, 200), PROP)
    canvas.line([(14, 54), (28, 46), (44, 46), (50, 54)], 2, (200, 30, 40), PROP)
    canvas.line([(28, 46), (34, 55), (44, 46), (45, 39)], 2, (200, 30, 40), PROP)


def _car(canvas: Canvas, figure: Figure) -> None:
    canvas.polygon([(1, 46), (8, 42), (56, 42), (63, 46), (63, 58), (1, 58)], (30, 110, 190), PROP)
    canvas.line([(9, 42), (15, 27), (17, 27)], 1.8, (30, 110, 190), PROP)
    for x in (14, 50):
        canvas.ellipse(x, 58, 5.6, 5.6, (26, 26, 30), PROP)
        canvas.ellipse(x, 58, 2.2, 2.2, (190, 190, 194), PROP)
    canvas.ellipse(4, 48, 2.4, 2.4, (255, 240, 150), PROP)


def _desk(canvas: Canvas, figure: Figure) -> None:
    _box(canvas, 1, 50, 62, 3.4, (92, 96, 108))
    _box(canvas, 5, 53.4, 12, 9.6, (112, 116, 130))
    _box(canvas, 47, 53.4, 12, 9.6, (112, 116, 130))
    x = figure.x
    canvas.polygon([(x - 10, 39), (x + 10, 39), (x + 11, 50), (x - 11, 50)], (40, 44, 54), PROP)
    canvas.ellipse(x, 44.5, 2, 2, (190, 200, 214), PROP)
    _box(canvas, 52, 44, 6, 6, (250, 250, 240))


def _board(canvas: Canvas, figure: Figure) -> None:
    _box(canvas, 33, 8, 29, 27, (84, 90, 100))
    _box(canvas, 34.5, 9.5, 26, 24, (250, 252, 252))
    for x, h, colour in ((40, 7, (40, 90, 200)), (46, 12, (40, 90, 200)), (52, 17, (40, 90, 200))):
        _box(canvas, x, 31 - h, 4, h, colour)


_UP = Pose(hands=((-0.3, 0.16), (0.3, 0.16)), feet=((-0.16, 1.0), (0.13, 0.98)), lean=0.02)
_AT_TABLE = Pose(hands=((-0.15, 0.72), (0.19, 0.36)))
_STRUM = Pose(hands=((-0.12, 0.68), (0.28, 0.52)))
_FORWARD = Pose(hands=((-0.02, 0.68), (0.2, 0.62)))
_PUSH = Pose(hands=((0.02, 0.62), (0.26, 0.56)), lean=0.02)
_SWEEP = Pose(hands=((0.06, 0.58), (0.16, 0.46)), lean=0.02)
_REACH = Pose(hands=((-0.18, 0.68), (0.2, 0.6)), lean=0.02)
_TO_HEAD = Pose(hands=((-0.2, 0.66), (0.22, 0.2)))
_WASH = Pose(hands=((-0.2, 0.22), (0.2, 0.22)))
_HIP = Pose(hands=((-0.13, 0.68), (0.3, 0.12)), feet=((-0.1, 1.0), (0.12, 1.0)), lean=-0.02)
_CROSSED = Pose(hands=((0.1, 0.56), (-0.1, 0.56)), feet=((-0.12, 1.0), (0.12, 1.0)))
_THROW = Pose(hands=((-0.3, 0.5), (0.3, 0.2)), feet=((-0.22, 0.96), (0.16, 1.0)), lean=0.02)
_KICK = Pose(hands=((-0.3, 0.36), (0.28, 0.56)), feet=((-0.06, 1.0), (0.26, 0.86)), lean=-0.03)
_RIDE = Pose(hands=((0.04, 0.62), (0.22, 0.6)), feet=((-0.06, 0.92), (0.1, 0.86)), lean=0.02)
_DRIVE = Pose(hands=((-0.14, 0.6), (0.14, 0.6)))
_TYPE = Pose(hands=((-0.13, 0.7), (0.13, 0.7)))
_POINT = Pose(hands=((-0.2, 0.66), (0.28, 0.34)))

STAGINGS: dict[str, tuple[Staging, ...]] = {
    "dance and music": (
        Staging("dancing to music", _UP, front=_notes),
        Staging("playing music on a guitar", _STRUM, behind=_notes, front=_guitar),
    ),
    "eating": (
        Staging("eating a meal at a table", _AT_TABLE, front=_fork),
        Staging("eating a bowl of soup", _AT_TABLE, front=_soup),
    ),
    "helping and caring": (
        Staging("helping with a first aid box", _FORWARD, front=_first_aid),
        Staging("helping with a wheelchair", _PUSH, front=_wheelchair),
    ),
    "household": (
        Staging("doing household work with a broom", _SWEEP, front=_broom),
        Staging("doing household work with a vacuum cleaner", _REACH, front=_vacuum),
    ),
    "personal care": (
        Staging("doing personal care at a mirror", _TO_HEAD, behind=_mirror),
        Staging("doing personal care in a bath", _WASH, front=_bath),
    ),
    "posing": (
        Staging("posing on a red carpet", _HIP, behind=_carpet),
        Staging("posing in a golden frame", _CROSSED, behind=_frame),
    ),
    "sports": (
        Staging("doing sports, throwing a ball", _THROW, _goal, lambda c, f: _ball(c, f.at(0.36, 0)[0], 9), True),
        Staging("doing sports, kicking a ball", _KICK, _goal, lambda c, f: _ball(c, 53, 55), True),
    ),
    "transportation": (
        Staging("using transportation, riding a bicycle", _RIDE, front=_bicycle, outdoors=True),
        Staging("using transportation, driving a car", _DRIVE, front=_car, outdoors=True),
    ),
    "work": (
        Staging("working at a desk with a laptop", _TYPE, front=_desk),
        Staging("working at a board with a chart", _POINT, behind=_board),
    ),
}
