"""The settings of the annotation."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from broken_telephone.execution.settings import BatchedSettings

Reading = Literal["free", "closed"]


class AnnotationSettings(BatchedSettings):
    """What the annotator is asked about every picture, and how its answers are read."""

    group = "annotation"
    form: Literal["raf", "phase", "free"] | None = None
    """Which attributes and categories: those of the published study's forms. Null: the form of the data set's scheme,
    `free` where it has none."""
    asked_attributes: Annotated[list[str], Field(min_length=1)] | None = None
    """Names of the attributes that the form asks for, in this order. Null: those of the form, then the study's own."""
    form_prompt: str | None = None
    """Another wording of the form; null: as `labels/forms.py` words it."""
    line: str = "{number}. {option}"
    """How a line of a filled-in form is written. The closed reading weighs the options in this form. `{title}` is the
    question's name, such as Gender."""
    concept_prompt: str = "Name the {concept} of the person: {options}"
    """How the label of the concept is asked for; the answer is one of the options."""
    readings: list[Reading] = ["free", "closed"]
    """With `free`, the annotator writes the form, which is parsed. With `closed`, it weighs every option of the form,
    and of the label."""
    starts_per_label: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Further annotators that label a sample: name -> number of originals, and of prompts, for each label. All images
    of their chains are labelled."""

    @field_validator("readings")
    @classmethod
    def _some(cls, readings: list[Reading]) -> list[Reading]:
        if not readings:
            raise ValueError("there must be one at least, of free and closed")
        return readings
