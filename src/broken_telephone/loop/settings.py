"""The settings of the loop."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator, field_validator

from broken_telephone.execution.settings import Positive, Size, WorkSettings
from broken_telephone.loop.kept import ALL, checked_keep, is_kept, kept_iterations


class LoopSettings(WorkSettings):
    """How chains are followed. Only `describe_prompt` changes results.

    More iterations add images, and `keep` thins them.
    """

    group = "loop"
    iterations: Positive
    describe_prompt: Annotated[str, Field(min_length=1)]
    """What the describer is asked about every picture."""
    keep: Annotated[Any, PlainValidator(checked_keep)] = ALL
    """Which drawn images stay on disk: `all`, `{every: 10}` or a list of iterations; always the first and the last.

    Any other image is deleted once its description is saved. Later stages use the images that stay.
    """
    describe_batch: Size = "auto"
    """Pictures described at once."""
    draw_batch: Size = "auto"
    """Pictures drawn at once."""
    shard: str = "1/1"
    """Which part of the chains this run follows: `3/8` is the third of eight, the same chains every time."""

    @property
    def kept_iterations(self) -> list[int]:
        """The iterations whose images stay on disk, from 1."""
        return kept_iterations(self.keep, self.iterations)

    @property
    def thinned_iterations(self) -> frozenset[int]:
        """The iterations whose images do not stay on disk."""
        return frozenset(range(1, self.iterations + 1)) - frozenset(self.kept_iterations)

    def is_kept(self, iteration: int) -> bool:
        """Return whether the image of an iteration stays on disk."""
        return is_kept(self.keep, self.iterations, iteration)

    @field_validator("shard")
    @classmethod
    def _part_of_a_whole(cls, shard: str) -> str:
        number, _, count = shard.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError("a shard is written i/n, from 1/n to n/n")
        # 01/2 is the same part as 1/2.
        return f"{int(number)}/{int(count)}"
