"""The settings of the validation."""

from typing import Annotated

from pydantic import Field

from broken_telephone.study_config.settings_group import Settings


class AnsweredError(Settings):
    """An error that is added to the annotator's answers about drawn images."""

    attribute: str
    """The attribute whose answers are exchanged."""
    category: str
    """The category that the annotator answered."""
    answered: str
    """The category that stands in its place."""
    rate: Annotated[float, Field(ge=0, le=1)]
    """Share of the answers that are exchanged."""


class ValidationSettings(Settings):
    """What was planted in the arms of the grid, and how much is simulated."""

    factor: str = "generator"
    """The factor of the grid whose levels are generators."""
    worlds: dict[str, str] = {}
    """Level of that factor -> world in `miniature.worlds` whose associations the generator learned."""
    attributes: list[str] = []
    """Attributes that are validated. Empty: all that both the annotator's form and the world have."""
    long_loop: str | None = None
    """Name of a study with many iterations, whose shares are predicted from its first three. Null: none."""
    rated_per_cell: Annotated[int, Field(ge=2)] = 12
    """Pictures per label, split and iteration that the judge rates in the place of people."""
    null_studies: Annotated[int, Field(ge=1)] = 200
    """Studies without drift for each arm without planted drift."""
    errors: list[AnsweredError] = []
    """Known errors of the annotator."""
    error_studies: Annotated[int, Field(ge=1)] = 20
    """Studies with these errors for each arm."""
    seed: int = 1
    """Seed of the judge's samples and of all simulations."""
