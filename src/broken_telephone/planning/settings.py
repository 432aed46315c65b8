"""The settings of a plan, which `kedro plan --freeze` makes binding."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from broken_telephone.statistics import ALL
from broken_telephone.study_config.settings_group import Settings


class HypothesisSettings(Settings):
    """A primary hypothesis: the share of a category changes between the first and the last image of the chains."""

    attribute: str
    """The attribute, such as gender."""
    category: str
    """The category whose share changes."""
    label: str = ALL
    """A label of the chains, or `(all)` for all labels together."""
    direction: Literal["rise", "fall"] | None = None
    """The expected direction. The test remains two-sided."""
    start: Literal["image", "prompt"] = "image"
    """The kind of chains."""


class PlanSettings(Settings):
    """The primary hypotheses of a study, and how they are tested."""

    hypotheses: list[HypothesisSettings] = []
    """They are tested as a family of their own. All other findings are exploratory."""
    count: Annotated[int, Field(ge=1)] | None = None
    """Planned people per cell; null takes `chains.count`."""
    change: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Change of a share, from 0 to 1, that the study should detect or exclude."""
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Probability of any false claim among the hypotheses."""
    looks: Annotated[int, Field(ge=1)] = 1
    """Number of looks at the results, evenly spread over the people of a cell; 1 is a study of fixed size."""

    @model_validator(mode="after")
    def _check_looks(self) -> "PlanSettings":
        if self.looks > 1 and any(hypothesis.start == "prompt" for hypothesis in self.hypotheses):
            raise ValueError("'looks': chains from prompts do not grow with chains.count, so they have a single look")
        keys = [(one.start, one.label, one.attribute, one.category) for one in self.hypotheses]
        if len(set(keys)) < len(keys):
            raise ValueError("'hypotheses': one of them is stated twice")
        return self
