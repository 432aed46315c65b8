"""The settings of the loop."""

from typing import Annotated

from pydantic import Field, field_validator

from broken_telephone.execution.settings import Positive, Size, WorkSettings


class LoopSettings(WorkSettings):
    """How chains are followed. Only `describe_prompt` changes results; more iterations add to them."""

    group = "loop"
    iterations: Positive
    describe_prompt: Annotated[str, Field(min_length=1)]
    """What the describer is asked about every picture."""
    describe_batch: Size = "auto"
    """Pictures described at once."""
    draw_batch: Size = "auto"
    """Pictures drawn at once."""
    shard: str = "1/1"
    """Which part of the chains this run follows: `3/8` is the third of eight, the same chains every time."""

    @field_validator("shard")
    @classmethod
    def _part_of_a_whole(cls, shard: str) -> str:
        number, _, count = shard.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError("a shard is written i/n, from 1/n to n/n")
        # 01/2 is the same part as 1/2.
        return f"{int(number)}/{int(count)}"
