"""The settings of the report."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from broken_telephone.study_config.settings_group import Settings

Column = Literal["start", "label", "attribute", "since", "iteration", "measure"]


class ReportSettings(Settings):
    """What is measured, how surely, and how much of it the page shows."""

    reading: Literal["free", "closed"] = "free"
    """Which of the annotator's readings is measured; it has to be among `annotation.readings`."""
    between: list[Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)]] = []
    """Further pairs of iterations to compare, the earlier first: every iteration is compared with the first picture."""
    resamples: Annotated[int, Field(ge=200)] = 10_000
    """Of every interval, and permutations of every test that needs them."""
    seed: int = 1
    """Of these."""
    families: list[Column] = ["start", "since", "iteration", "measure"]
    """Tests that are equal in all of these columns of their table are one family, adjusted together."""
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Change of a share in the last iteration below which a drift has settled."""
    browsed: Annotated[int, Field(ge=0)] = 140
    """Chains that one can look through in the page."""

    @field_validator("between")
    @classmethod
    def _forwards(cls, between: list[list[int]]) -> list[list[int]]:
        for first, second in between:
            if first >= second:
                raise ValueError(f"[{first}, {second}]: the earlier iteration stands first")
        return between
