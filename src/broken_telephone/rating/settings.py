"""The settings of the human ratings."""

from typing import Annotated

from pydantic import Field

from broken_telephone.strict import Settings


class RatingSettings(Settings):
    """Which pictures people rate, and where their answers go."""

    per_cell: Annotated[int, Field(ge=1)] = 2
    """Pictures of every label, split and iteration."""
    seed: int = 1
    """Of the sample, and of the order in which each rater sees it."""
    database: str
    """An SQLAlchemy URL. Several raters may work at once, also from several machines if the database allows it."""
