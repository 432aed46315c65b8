"""The settings of counterfactual originals."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from broken_telephone.errors import StudyError
from broken_telephone.execution.settings import BatchedSettings
from broken_telephone.labels import Scheme

_PLACES = ("category", "label")


class CounterfactualSettings(BatchedSettings):
    """Which attribute the editor exchanges, and how."""

    group = "counterfactuals"

    attribute: str | None = None
    """The attribute that the editor exchanges, such as gender."""
    category: str | None = None
    """The category that all originals are shown with."""
    prompt: str = "a photo of a {category} person, {label}"
    """The editor's prompt. `{category}` and `{label}` stand for the category and the label of the chain."""
    strength: Annotated[float, Field(gt=0, le=1)] = 0.5
    """How much noise is added to an original: near 0 it stays, at 1 only the prompt counts."""
    model: dict[str, Any] = {}
    """Settings of the editor, as those of a generator of diffusers. Empty: the study's generator."""

    @field_validator("prompt")
    @classmethod
    def _known_places(cls, prompt: str) -> str:
        try:
            prompt.format(category="", label="")
        except (KeyError, IndexError, ValueError):
            raise ValueError(
                f"{prompt!r} has a place that nothing fills (there are: {{category}}, {{label}})"
            ) from None
        return prompt

    def target(self, scheme: Scheme) -> tuple[str, str]:
        """Return attribute and category.

        Raises:
            StudyError: if they are not stated, or the data set does not have them.
        """
        if self.attribute is None or self.category is None:
            raise StudyError(
                "counterfactuals.attribute and counterfactuals.category are not stated. State what the originals shall "
                "show, such as `counterfactuals: {attribute: gender, category: female}`"
            )
        if self.attribute not in scheme.attributes:
            known = ", ".join(scheme.attributes)
            raise StudyError(
                f"counterfactuals.attribute: the scheme {scheme.name} has no {self.attribute!r} (it has: {known})"
            )
        if self.category not in scheme.attributes[self.attribute].values:
            known = ", ".join(scheme.attributes[self.attribute].values)
            raise StudyError(
                f"counterfactuals.category: {self.attribute} has no category {self.category!r} (it has: {known})"
            )
        return self.attribute, self.category
