"""The settings of a generator that is a model of transformers."""

from typing import Annotated, Literal

from pydantic import Field

from broken_telephone.models.settings import Positive, TorchSettings


class UnifiedSettings(TorchSettings):
    """A model of transformers that draws as well as it describes, such as Janus. It decides the size of its images."""

    unified: Literal[True]
    """States that the folder or hub id is such a model; its weights may be those of the describer."""
    guidance: Annotated[float, Field(ge=0)] | None = None
    """Scale of the classifier-free guidance; 1 or less for none. null: that of its `generation_config.json`, or 5."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Divides the scores of image tokens before one is sampled; values below 1 make likely tokens likelier."""
    top_k: Positive | None = None
    """Number of the likeliest image tokens that are sampled from; null: all."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the probability that the sampled image tokens have together, likeliest first; null: all."""
