"""The settings of the loop."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from broken_telephone.strict import Settings

Positive = Annotated[int, Field(ge=1)]


class LoopSettings(Settings):
    """How chains are followed. Only `describe_prompt` changes results; more iterations add to them."""

    iterations: Positive
    describe_prompt: Annotated[str, Field(min_length=1)]
    """What the describer is asked about every picture."""
    describe_batch: Positive | Literal["auto"] = "auto"
    """Pictures described at once; auto finds out (`batch_size.py`)."""
    draw_batch: Positive | Literal["auto"] = "auto"
    """Pictures drawn at once; auto finds out."""
    residency: Literal["both", "one"] = "both"
    """Whether both models stay in memory, or each leaves before the other works."""
    executor: Literal["local", "ray"] = "local"
    """Where models run: in this process, or in actors of a Ray cluster, one per GPU."""
    workers: Positive | Literal["auto"] = "auto"
    """Ray actors; auto: as many as the cluster has GPUs, or one."""
    ray_address: str | None = None
    """Of the cluster, such as `auto` or `ray://head:10001`; without it a cluster starts on this machine."""
    shard: str = "1/1"
    """Which part of the chains this run follows: `3/8` is the third of eight, the same chains every time."""

    @model_validator(mode="after")
    def _cluster_for_ray_only(self) -> Self:
        if self.executor == "local" and (self.workers != "auto" or self.ray_address is not None):
            raise ValueError("workers and ray_address are for executor: ray; the local executor is one worker")
        return self

    @field_validator("shard")
    @classmethod
    def _part_of_a_whole(cls, shard: str) -> str:
        number, _, count = shard.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError("a shard is written i/n, from 1/n to n/n")
        return shard
