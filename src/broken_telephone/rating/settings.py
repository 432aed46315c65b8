"""The settings of the human ratings."""

from typing import Annotated

from pydantic import Field, field_validator

from broken_telephone.rating.address import PublicAddress
from broken_telephone.rating.raters import rater_name
from broken_telephone.study_config.settings_group import Settings


class RatingSettings(Settings):
    """Which pictures people rate, and where their answers go."""

    per_cell: Annotated[int, Field(ge=1)] = 2
    """Pictures of every label, split and iteration."""
    seed: int = 1
    """Of the sample, and of the order in which each rater sees it."""
    database: str
    """An SQLAlchemy URL. Several raters may work at once, also from several machines if the database allows it."""
    adjudicators: list[str] = []
    """Raters who may settle disagreements about pictures that they have not rated."""
    public_address: str | None = None
    """The address that raters open, where a proxy passes it on to `kedro rate`."""

    @field_validator("database")
    @classmethod
    def _is_address(cls, database: str) -> str:
        # Before anything runs, not when the first rating is looked for.
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
