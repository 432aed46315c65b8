"""Draws one to three people from head to feet; the main person performs an activity.

The main person is the largest; the others stand farther back. Their activity is the main person's, as in a
group that does something together, but only the main person holds the props.
"""

import numpy as np

from broken_telephone.miniature.world.activities import STAGINGS
from broken_telephone.miniature.world.canvas import Canvas, Colour
from broken_telephone.miniature.world.colours import shade
from broken_telephone.miniature.world.figure import HEIGHTS, Figure, Pose
from broken_telephone.miniature.world.people import Person
from broken_telephone.miniature.world.portrait import BACKGROUND_COLOURS, SIZE, Picture

_SKY: Colour = (150, 200, 240)
_GRASS: Colour = (116, 176, 84)
_FLOOR: Colour = (176, 148, 118)


def render_scene(people: list[Person], rng: np.random.Generator) -> Picture:
    """Render a scene of SIZE x SIZE pixels; the first of one to three people is the main one.

    Raises:
        ValueError: for no people, more than three, or a main person without an activity.
    """
    if not 1 <= len(people) <= 3 or people[0].activity is None:
        raise ValueError(f"A scene shows one to three people, the main one with an activity, not {people}")
    main = people[0]
    stagings = STAGINGS[str(main.activity)]
    staging = stagings[int(rng.integers(len(stagings)))]
    background = "outdoors" if staging.outdoors else str(rng.choice(list(BACKGROUND_COLOURS)))
    canvas = Canvas(SIZE, _SKY)
    _backdrop(canvas, background, rng)

    others = _others(canvas, people[1:], rng)
    height = HEIGHTS[main.age] * (1 + 0.03 * rng.uniform(-1, 1))
    x = SIZE / 2 - 2 + 2.5 * rng.uniform(-1, 1)
    figure = Figure(canvas, main, x, 61.5 + rng.uniform(-0.8, 0.8), height, staging.pose)
    staging.behind(canvas, figure)
    drawn = []
    for person_figure in [*reversed(others), figure]:
        under = canvas.lift()
        person_figure.draw()
        drawn.append((canvas.lay(under), person_figure.head.box))
    staging.front(canvas, figure)
    drawn.reverse()
    return Picture(
        canvas.picture(),
        canvas.regions(),
        people,
        [_clip(box) for box, _ in drawn],
        [_clip(face) for _, face in drawn],
        background,
        staging.words,
        canvas.props(),
    )


def _backdrop(canvas: Canvas, background: str, rng: np.random.Generator) -> None:
    light = 1 + 0.08 * rng.uniform(-1, 1)
    horizon = 44 + 3 * rng.uniform(-1, 1)
    ground = [(0, horizon), (SIZE, horizon), (SIZE, SIZE), (0, SIZE)]
    if background == "outdoors":
        canvas.gradient(shade(_SKY, light), shade(_SKY, 1.12 * light))
        for _ in range(int(rng.integers(0, 3))):
            canvas.ellipse(
                rng.uniform(0, SIZE),
                rng.uniform(3, 18),
                rng.uniform(5, 9),
                rng.uniform(2, 3.4),
                (244, 248, 252),
            )
        canvas.polygon(ground, shade(_GRASS, light))
    else:
        wall = BACKGROUND_COLOURS[background]
        canvas.gradient(shade(wall, light), shade(wall, 0.92 * light))
        canvas.polygon(ground, shade(_FLOOR, light))


def _others(canvas: Canvas, people: list[Person], rng: np.random.Generator) -> list[Figure]:
    sides = rng.permutation([8.5, SIZE - 8.5])
    figures = []
    for person, x in zip(people, sides, strict=False):
        # Far enough back that their boxes are always smaller than the main person's.
        height = 0.52 * HEIGHTS[person.age] * (1 + 0.05 * rng.uniform(-1, 1))
        figures.append(
            Figure(canvas, person, float(x) + rng.uniform(-1.5, 1.5), 50 + rng.uniform(-1, 1), height, Pose())
        )
    return figures


def _clip(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, width, height = box
    left, top = max(x, 0.0), max(y, 0.0)
    return left, top, min(x + width, SIZE) - left, min(y + height, SIZE) - top
