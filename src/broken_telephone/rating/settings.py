"""The settings of the human ratings."""

from typing import Annotated

from pydantic import Field, field_validator

from broken_telephone.strict import Settings


class RatingSettings(Settings):
    """Which pictures people rate, and where their answers go."""

    per_cell: Annotated[int, Field(ge=1)] = 2
    """Pictures of every label, split and iteration."""
    seed: int = 1
    """Of the sample, and of the order in which each rater sees it."""
    database: str
    """An SQLAlchemy URL. Several raters may work at once, also from several machines if the database allows it."""

    @field_validator("database")
    @classmethod
    def _is_address(cls, database: str) -> str:
        # Before anything runs, not when the first rating is looked for.
        from broken_telephone.rating.store import parsed_url

        parsed_url(database)
        return database
