"""The settings of a grid of studies."""

import re
from typing import Any

from pydantic import field_validator, model_validator

from broken_telephone.study_config.settings_group import Settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NOT_OF_A_LEVEL = ("study", "grid", "comparison", "reuse")

Levels = dict[str, dict[str, Any]]
"""Level -> settings that replace those of the base study."""


class GridSettings(Settings):
    """Factors of a grid and their levels."""

    factors: dict[str, Levels] = {}
    """Factor -> its levels. The first level of each factor makes the reference arm, unless `reference` states one."""
    arms: list[dict[str, str]] | None = None
    """Arms as factor -> level, for a design that is not full. Null: all combinations of levels."""
    reference: dict[str, str] | None = None
    """The arm that the comparison compares all others with, as factor -> level. Null: the first arm."""
    report: bool = True
    """Whether each arm has a report of its own. The comparison does not need it."""
    explain: bool = True
    """Whether the words of the arms are explained. It takes much of the time of a small study."""

    @field_validator("factors", mode="before")
    @classmethod
    def _empty_levels(cls, stated: Any) -> Any:
        """Take a level without a value, such as `shipped:`, as one without settings."""
        if not isinstance(stated, dict):
            return stated
        return {
            factor: {level: {} if own is None else own for level, own in levels.items()}
            if isinstance(levels, dict)
            else levels
            for factor, levels in stated.items()
        }

    @model_validator(mode="after")
    def _check(self) -> "GridSettings":
        for factor, levels in self.factors.items():
            if not levels:
                raise ValueError(f"grid.factors.{factor} has no levels")
            for name in (factor, *levels):
                if not _NAME.fullmatch(name):
                    raise ValueError(
                        f"grid.factors.{factor}: {name!r} is no name. A name has letters (a to z, A to Z), digits, "
                        "_ and -, because it becomes part of the name of a study"
                    )
            for level, stated in levels.items():
                if wrong := [name for name in _NOT_OF_A_LEVEL if name in stated]:
                    raise ValueError(f"grid.factors.{factor}.{level}: a level cannot set {wrong[0]!r}")
        for setting, arms in (("arms", self.arms or []), ("reference", [self.reference] if self.reference else [])):
            for arm in arms:
                self._check_arm(setting, arm)
        if self.arms is not None:
            if len(self.arms) < 2 or len({tuple(sorted(arm.items())) for arm in self.arms}) < len(self.arms):
                raise ValueError("grid.arms: a grid has at least two arms, and each is named once")
            if self.reference is not None and self.reference not in self.arms:
                raise ValueError(f"grid.reference: {self.reference} is none of grid.arms")
        return self

    def _check_arm(self, setting: str, arm: dict[str, str]) -> None:
        if arm.keys() != self.factors.keys():
            raise ValueError(f"grid.{setting}: an arm states a level of each factor ({', '.join(self.factors)})")
        for factor, level in arm.items():
            if level not in self.factors[factor]:
                raise ValueError(
                    f"grid.{setting}: {level!r} is no level of {factor} (there are: {', '.join(self.factors[factor])})"
                )
