"""The settings of a comparison of finished studies."""

import re
from typing import Annotated

from pydantic import Field, model_validator

from broken_telephone.study_config.settings_group import Settings

_NAME = re.compile(r"[^\W_][\w .+()-]{0,39}")
_STUDY = re.compile(r"(?!-)[A-Za-z0-9_-]{1,64}")


class ComparisonSettings(Settings):
    """Which studies are compared, and with which one."""

    reference: str | None = None
    """The study that all others are compared with, by its name in `arms`. Null: the first one."""
    arms: dict[str, str] = {}
    """Name on the page -> the study's own name (`study` in its globals.yml)."""
    factors: dict[str, dict[str, str]] = {}
    """Name on the page -> factor -> level, such as `{generator: a, prompt: long}`. All state the same factors."""
    exchanged: str | None = None
    """The attribute in which the originals of the studies differ, such as gender: see docs/counterfactuals.md."""
    shown_chains: Annotated[int, Field(ge=0)] = 24
    """Number of chains that the page shows side by side."""

    @model_validator(mode="after")
    def _check_arms(self) -> "ComparisonSettings":
        if len(self.arms) == 1:
            raise ValueError(
                f"comparison.arms has one arm, {next(iter(self.arms))!r}. A comparison needs two: "
                "`arms: {<name>: <study>, <other name>: <other study>}`"
            )
        for name, study in self.arms.items():
            if not _NAME.fullmatch(name) or name != name.strip():
                raise ValueError(
                    f"comparison.arms: {name!r} is no name. A name has 1 to 40 letters, digits, spaces and . _ + - ( ) "
                    "and begins with a letter or digit"
                )
            if not _STUDY.fullmatch(study):
                raise ValueError(f"comparison.arms.{name}: {study!r} cannot be the name of a study")
        self._refuse_repeats()
        if self.reference is not None and self.reference not in self.arms:
            raise ValueError(
                f"comparison.reference: {self.reference!r} is none of comparison.arms ({', '.join(self.arms)})"
            )
        self._check_factors()
        return self

    def _refuse_repeats(self) -> None:
        for what, names in (("arm", self.arms), ("study", self.arms.values())):
            plain = [name.casefold() for name in names]
            if twice := next((name for name in names if plain.count(name.casefold()) > 1), None):
                raise ValueError(f"comparison.arms: the {what} {twice!r} is named twice (capitals do not matter)")

    def _check_factors(self) -> None:
        if not self.factors:
            return
        if unknown := [name for name in self.factors if name not in self.arms]:
            raise ValueError(f"comparison.factors: {unknown[0]!r} is none of comparison.arms ({', '.join(self.arms)})")
        if missing := [name for name in self.arms if name not in self.factors]:
            raise ValueError(f"comparison.factors: the arm {missing[0]!r} has no levels")
        wanted = set(next(iter(self.factors.values())))
        for name, levels in self.factors.items():
            if set(levels) != wanted or not wanted:
                raise ValueError(
                    f"comparison.factors.{name} states {', '.join(levels) or 'no factor'}; all arms must state the "
                    f"same factors ({', '.join(sorted(wanted)) or 'at least one'})"
                )

    @property
    def reference_arm(self) -> str:
        """The arm that all others are compared with."""
        return self.reference or next(iter(self.arms))
