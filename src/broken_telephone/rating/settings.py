"""Defines the settings of human ratings."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from broken_telephone.rating.address import PublicAddress
from broken_telephone.rating.allocation import LEAST
from broken_telephone.rating.doubt import LEVELS
from broken_telephone.rating.raters import rater_name
from broken_telephone.study_config.settings_group import Settings


class RatingSettings(Settings):
    """The sample of pictures that people rate, and the database of their answers."""

    per_cell: Annotated[int, Field(ge=1)] = 2
    """Number of pictures per label, split and iteration."""
    sampler: Literal["equal", "neyman"] = "equal"
    """How the pictures are chosen: evenly over the annotator's answers, or where the annotator probably errs."""
    seed: int = 1
    """Seed of the sample and of each rater's order."""
    database: str
    """SQLAlchemy URL of the database. Several raters may work at once, also on several machines with some databases."""
    adjudicators: list[str] = []
    """Raters who may settle disagreements about any picture."""
    public_address: str | None = None
    """The address that raters open, if a proxy forwards it to `kedro rate`."""

    @field_validator("database")
    @classmethod
    def _is_address(cls, database: str) -> str:
        # The address is checked before anything runs. The import is slow, so it happens only here.
        from broken_telephone.rating.database import parsed_url

        parsed_url(database)
        return database

    @field_validator("adjudicators")
    @classmethod
    def _are_names(cls, adjudicators: list[str]) -> list[str]:
        return [rater_name(name) for name in adjudicators]

    @field_validator("public_address")
    @classmethod
    def _is_public(cls, address: str | None) -> str | None:
        if address is not None:
            PublicAddress.parse(address)
        return address

    @model_validator(mode="after")
    def _has_enough_ratings(self) -> Self:
        if self.sampler == "neyman" and self.per_cell < LEAST * LEVELS:
            raise ValueError(
                f"rating.sampler: neyman needs a rating.per_cell of at least {LEAST * LEVELS}, which is {LEAST} "
                f"pictures for each of {LEVELS} levels of doubt"
            )
        return self
