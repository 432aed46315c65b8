"""Nodes that render the miniature's pictures and write its raw data sets.

The miniature is imported inside the nodes: it brings torch, diffusers and transformers along, which listing
or drawing the pipelines must not wait for.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broken_telephone.progress import track

if TYPE_CHECKING:
    from broken_telephone.miniature.world.pictures import PictureSet

Write = Callable[[Path], None]


def render(
    world: dict[str, Any], portraits: int, scenes: int, seed: int, workers: int, twins: bool = False
) -> tuple["PictureSet", "PictureSet"]:
    """Render portraits and scenes of a world, as many of each as the numbers say, or as many pairs of twins."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.pictures import render_set

    lived_in = World(**world)
    first = render_set("portraits", lived_in, portraits, seed, workers, twins=twins)
    return first, render_set("scenes", lived_in, scenes, seed, workers, twins=twins)


def render_twins(
    world: dict[str, Any], portraits: int, scenes: int, seed: int, workers: int
) -> tuple["PictureSet", "PictureSet"]:
    """Render so many pairs of portraits and of scenes, alike but for the main person's gender."""
    return render(world, portraits, scenes, seed, workers, twins=True)


def render_portraits(world: dict[str, Any], count: int, seed: int, workers: int) -> "PictureSet":
    """Render portraits of a world."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.pictures import render_set

    return render_set("portraits", World(**world), count, seed, workers)


def write_raw_data(world: dict[str, Any], settings: dict[str, Any]) -> tuple[Write, Write]:
    """Write the two raw data sets: portraits in RAF-DB's layout, scenes in PHASE's."""
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.raw_portraits import write_portraits
    from broken_telephone.miniature.world.raw_scenes import write_scenes

    lived_in = World(**world)
    return (
        partial(write_portraits, world=lived_in, **settings["portraits"]),
        partial(write_scenes, world=lived_in, **settings["scenes"]),
    )


def write_counterfactuals(world: dict[str, Any], settings: dict[str, Any], exchanges: dict[str, list[str]]) -> Write:
    """Write both raw data sets once for each category, with all main persons shown with that category.

    Args:
        world: of the raw data sets.
        settings: of the raw data sets.
        exchanges: attribute -> categories. The folders are `portraits_<category>` and `scenes_<category>`.
    """
    from broken_telephone.miniature.world.people import World
    from broken_telephone.miniature.world.raw_data import Exchange
    from broken_telephone.miniature.world.raw_portraits import write_portraits
    from broken_telephone.miniature.world.raw_scenes import write_scenes

    lived_in = World(**world)
    wanted = [Exchange(attribute, category) for attribute, categories in exchanges.items() for category in categories]

    def write(folder: Path) -> None:
        for exchange in track(wanted, "Writing counterfactuals", len(wanted)):
            for name, write_one in (("portraits", write_portraits), ("scenes", write_scenes)):
                write_one(folder / f"{name}_{exchange.category}", lived_in, exchange=exchange, **settings[name])

    return write
