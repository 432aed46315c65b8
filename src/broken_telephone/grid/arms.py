"""The arms of a grid: their levels, names and settings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.grid.settings import GridSettings
from broken_telephone.study_config.study_globals import LONGEST_NAME

LONGEST_ARM = 40
"""Characters of a name in the comparison."""


@dataclass(frozen=True)
class GridArm:
    """One study of a grid."""

    study: str
    """`<base study>-<level>-<level>`, also the name of its folder in conf."""
    levels: Mapping[str, str]
    """Factor -> level."""
    settings: Mapping[str, Any]
    """What differs from the base study."""

    @property
    def name(self) -> str:
        """The name of the arm in the comparison."""
        return " + ".join(self.levels.values())


def arms_of(grid: GridSettings, base: str) -> list[GridArm]:
    """Return the arms of a grid, the reference first; levels of the first factor change last.

    Args:
        grid: the settings.
        base: name of the base study.

    Raises:
        StudyError: if the grid has fewer than two arms, two levels of an arm state one setting differently, or names of
            studies are too long or equal.
    """
    wanted = grid.arms
    if wanted is None:
        wanted = [
            dict(zip(grid.factors, levels, strict=True)) for levels in product(*grid.factors.values()) if grid.factors
        ]
    if len(wanted) < 2:
        raise StudyError(
            "grid.factors: a grid needs at least one factor with two levels, such as "
            "`grid: {factors: {generator: {shipped: {}, other: {generator: {path: …}}}}}`; see docs/grids.md"
        )
    if grid.reference is not None:
        wanted = [grid.reference, *(levels for levels in wanted if levels != grid.reference)]
    arms = [_arm(grid, base, {factor: levels[factor] for factor in grid.factors}) for levels in wanted]
    names = [arm.study.casefold() for arm in arms]
    for arm, name in zip(arms, names, strict=True):
        if len(arm.study) > LONGEST_NAME:
            raise StudyError(
                f"grid.factors: the name of the study {arm.study} is longer than {LONGEST_NAME} characters. Shorten "
                "the names of levels"
            )
        if len(arm.name) > LONGEST_ARM:
            raise StudyError(
                f"grid.factors: the name of the arm {arm.name!r} is longer than {LONGEST_ARM} characters. The "
                "comparison has no room for it. Shorten the names of levels"
            )
        if names.count(name) > 1:
            raise StudyError(f"grid.factors: two arms would have the name {arm.study}. Rename one of the levels")
    return arms


def _arm(grid: GridSettings, base: str, levels: Mapping[str, str]) -> GridArm:
    settings: dict[str, Any] = {}
    for factor, level in levels.items():
        settings = _merged(settings, grid.factors[factor][level], f"grid.factors.{factor}.{level}")
    if not grid.explain:
        settings = _merged(settings, {"explain": {"chains_per_label": 0}}, "grid.explain")
    return GridArm("-".join([base, *levels.values()]), levels, settings)


def _merged(settings: Mapping[str, Any], further: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = dict(settings)
    for name, value in further.items():
        known = merged.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[name] = _merged(known, value, f"{where}.{name}")
        elif name in merged and known != value:
            raise StudyError(f"{where}.{name} is {value!r}, and another level of the same arm sets {known!r}")
        else:
            merged[name] = value
    return merged


def comparison_settings(arms: list[GridArm]) -> dict[str, Any]:
    """Return the settings of the comparison of some arms, the first of which is the reference."""
    return {
        "reference": arms[0].name,
        "arms": {arm.name: arm.study for arm in arms},
        "factors": {arm.name: dict(arm.levels) for arm in arms},
    }
