"""The settings of every stage that uses models."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from broken_telephone.study_config.settings_group import Settings

Positive = Annotated[int, Field(ge=1)]


def _size(value: Any) -> int | str:
    # One rule in words, where a union would name its parts in the error.
    if value == "auto" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ValueError("a whole number from 1, or auto")


Size = Annotated[int | str, PlainValidator(_size), Field(examples=["auto", 16])]
"""Items at once; auto finds out (`batch_size.py`)."""


class WorkSettings(Settings):
    """Where models run. Results do not depend on it."""

    group: ClassVar[str]
    """The name of the settings in a study."""
    residency: Literal["both", "one"] = "both"
    """Whether all models stay in memory, or each is unloaded before another works."""
    executor: Literal["local", "ray"] = "local"
    """Where models run: in this process, or in actors of a Ray cluster, one per GPU."""
    workers: Size = "auto"
    """Ray actors; auto: as many as the cluster has GPUs, or one."""
    ray_address: str | None = None
    """The address of the cluster, such as `auto` or `ray://head:10001`; null starts one on this machine."""

    @model_validator(mode="after")
    def _cluster_for_ray_only(self) -> Self:
        if self.executor == "local" and (self.workers != "auto" or self.ray_address is not None):
            raise ValueError("workers and ray_address are for executor: ray; the local executor is one worker")
        return self


class BatchedSettings(WorkSettings):
    """Settings of a stage with one batch size."""

    batch: Size = "auto"
    """Items at once; `auto` finds out on the first batches."""
