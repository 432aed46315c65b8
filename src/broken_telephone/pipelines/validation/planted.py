"""Works out what was planted in the arms, from the worlds of their generators and the descriptions of their chains."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.grid import GridArm
from broken_telephone.statistics.estimates.panel import by_picture
from broken_telephone.validation import ValidationSettings

if TYPE_CHECKING:
    from broken_telephone.miniature.world.people import World


def check_worlds(arms: Sequence[GridArm], validation: ValidationSettings, worlds: dict[str, Any]) -> None:
    """Check that each generator has a known world.

    Raises:
        StudyError: if the grid has no such factor, or a level has no world.
    """
    for arm in arms:
        if validation.factor not in arm.levels:
            raise StudyError(
                f"validation.factor: {validation.factor!r} is no factor of the grid ({', '.join(arm.levels)}), so "
                "nobody knows what was planted. Name the factor whose levels are generators"
            )
        level = arm.levels[validation.factor]
        name = validation.worlds.get(level)
        if name not in worlds:
            reason = "is not there" if name is None else f"names {name!r}, which is none of miniature.worlds"
            raise StudyError(
                f"validation.worlds.{level} {reason}. State which world the generator {level!r} learned "
                f"({', '.join(worlds)})"
            )


def world_of(arm: GridArm, validation: ValidationSettings, worlds: dict[str, Any]) -> "World":
    """Return the world of an arm's generator."""
    from broken_telephone.miniature.world.people import World

    return World(**worlds[validation.worlds[arm.levels[validation.factor]]])


def planted_shares(
    descriptions: pd.DataFrame,
    chains: pd.DataFrame,
    iterations: int,
    world: "World",
    attributes: Sequence[str],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the planted and the expected chances of each attribute, see `ValidatedArm`.

    Args:
        descriptions: the `loop_descriptions` table; description k is what image k is drawn from.
        chains: the n chains, in their order.
        iterations: K.
        world: of the generator.
        attributes: gender, age, skin_tone or ethnicity.
    """
    from broken_telephone.miniature.checks.planted import even_chances, planted_chances, stated_people

    written = descriptions["drawn_text"].astype(object)
    texts = written.where(written.notna(), descriptions["text"].astype(object)).to_numpy(dtype=object)
    by_chain = by_picture(descriptions, texts, chains["chain_id"], iterations + 1, "")
    concept = str(chains["concept"].iloc[0])
    n = len(chains)
    stated = [stated_people(list(by_chain[:, k]), concept) for k in range(1, iterations + 1)]
    planted, expected = {}, {}
    for name in attributes:
        even = even_chances(n, name)
        own, likely = [np.full_like(even, np.nan)], [even]
        for people in stated:
            own.append(planted_chances(people, world, name))
            likely.append(planted_chances(people, world, name, before=likely[-1]))
        planted[name], expected[name] = np.stack(own, 1), np.stack(likely, 1)
    return planted, expected
