"""The settings of annotators that are no describers."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from broken_telephone.models.settings import DetectorSettings, EmbedderSettings, PublicSettings, TorchSettings

Texts = str | list[str]


class MappedSettings(PublicSettings):
    """An annotator whose answers are classes of its own."""

    classes: dict[str, dict[str, str | None]] | None = None
    """Attribute or concept -> class -> category, `unsure`, or null for a class without a category. The classes of any
    other attribute have the names of categories."""

    @field_validator("classes")
    @classmethod
    def _names_attributes(cls, classes: dict[str, Any] | None) -> dict[str, Any] | None:
        if classes is not None and not classes:
            raise ValueError("classes names no attribute; leave it away if classes have the names of categories")
        return classes


class FaceSettings(PublicSettings):
    """An annotator that reads the whole picture or the largest face in it."""

    reads: Literal["picture", "face"] = "picture"
    """Whether it reads the whole picture, or the largest face."""
    margin: Annotated[float, Field(ge=0)] = 0.25
    """What is read around a face, on each side, as a share of the longer side of its box."""
    detector: DetectorSettings | None = None
    """Finds the face; null: the study's detector."""

    @model_validator(mode="after")
    def _faces_only(self) -> Self:
        if self.reads == "picture" and self.model_fields_set & {"margin", "detector"}:
            raise ValueError("margin and detector are for reads: face")
        return self


class ClassifierSettings(MappedSettings, FaceSettings):
    """Image classifiers of transformers: one with one or several heads, or one for each attribute."""

    classifier: TorchSettings | None = None
    """One classifier for all attributes."""
    classifiers: dict[str, TorchSettings] | None = None
    """Or attribute or concept -> its classifier."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.classifier is None) == (not self.classifiers):
            raise ValueError("give either classifier (one model) or classifiers (one model for each attribute)")
        if self.classifiers and (other := sorted(set(self.classes or {}) - set(self.classifiers))):
            raise ValueError(f"classes.{other[0]}: no model of classifiers labels {other[0]}")
        return self


class ZeroShotSettings(FaceSettings):
    """A dual encoder of transformers, such as CLIP or SigLIP, that compares pictures with texts about categories."""

    zero_shot: EmbedderSettings
    """The dual encoder."""
    prompts: dict[str, dict[str, Texts]]
    """Attribute or concept -> category -> its text, or several texts, whose vectors are averaged."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.zero_shot.texts is not None:
            raise ValueError("zero_shot.texts has no use here: the dual encoder itself reads the texts")
        if not self.prompts:
            raise ValueError("prompts names no attribute")
        for name, texts in self.prompts.items():
            if len(texts) < 2:
                raise ValueError(f"prompts.{name} needs texts for two categories or more")
            if empty := [
                category for category, own in texts.items() if not own or (isinstance(own, list) and "" in own)
            ]:
                raise ValueError(f"prompts.{name}.{empty[0]} is empty")
        return self


class FunctionSettings(MappedSettings, FaceSettings):
    """A function of the user's own, or a class that is called like one."""

    function: str
    """Dotted name of the function, such as `my_module.label_people`."""
    arguments: dict[str, Any] = {}
    """Keyword arguments of every call; of a class, those of its construction."""


class TableSettings(MappedSettings):
    """A CSV file of answers."""

    table: str
    """Path of the CSV file, relative to the project."""
