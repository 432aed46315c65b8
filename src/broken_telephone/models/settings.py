"""The settings of a study's two models."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from broken_telephone.strict import Settings

Positive = Annotated[int, Field(ge=1)]


class ModelSettings(Settings):
    """Where a model comes from and how it is loaded."""

    path: str | None = None
    """A folder made by `save_pretrained`, relative to the project. The network is never used for it."""
    hub: str | None = None
    """Or an id on the Hugging Face hub, downloaded if it is not in the local cache."""
    revision: str | None = None
    """Commit, tag or branch of the hub id."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "auto"
    """auto (a GPU if there is one), cpu, cuda, cuda:1, ..."""
    load: dict[str, Any] = {}
    """Further arguments of `from_pretrained`."""
    call: dict[str, Any] = {}
    """Further arguments of every use of the model."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.hub is None):
            raise ValueError("give either path (a local folder) or hub (an id on the hub)")
        if self.revision is not None and self.hub is None:
            raise ValueError("a revision belongs to a hub id; a local folder has none")
        return self


class GeneratorSettings(ModelSettings):
    """A text-to-image pipeline of diffusers."""

    steps: Positive
    guidance: Annotated[float, Field(ge=0)]
    width: Positive
    """Pixels."""
    height: Positive


class DescriberSettings(ModelSettings):
    """An image-text-to-text model of transformers."""

    max_new_tokens: Positive = 77
