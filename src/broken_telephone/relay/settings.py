"""The settings of the loop."""

from typing import Annotated, Literal

from pydantic import Field

from broken_telephone.strict import Settings

Positive = Annotated[int, Field(ge=1)]


class LoopSettings(Settings):
    """How chains are followed. Only `describe_prompt` changes results; more iterations add to them."""

    iterations: Positive
    describe_prompt: Annotated[str, Field(min_length=1)]
    """What the describer is asked about every picture."""
    describe_batch: Positive = 16
    """Pictures described at once."""
    draw_batch: Positive = 8
    """Pictures drawn at once."""
    residency: Literal["both", "one"] = "both"
    """Whether both models stay in memory, or each leaves before the other works."""
