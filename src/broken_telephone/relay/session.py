"""The record of one run of the loop: when, with what models, settings and versions. Batches refer to it."""

import time
from datetime import UTC, datetime
from typing import Any

from broken_telephone.models import Describer, Generator
from broken_telephone.relay.overlap import place
from broken_telephone.relay.settings import LoopSettings
from broken_telephone.work import versions


class Session:
    """One run of the loop."""

    def __init__(self, settings: LoopSettings, describer: Describer, generator: Generator, workers: int) -> None:
        self._began = time.perf_counter()
        started = datetime.now(UTC)
        shard = settings.shard.replace("/", "of")
        self.name = f"{started:%Y%m%dT%H%M%S.%fZ}_{shard}"
        """The key of its record: later sessions sort behind earlier ones."""
        self.record: dict[str, Any] = {
            "started": started.isoformat(timespec="seconds"),
            **settings.model_dump(include={"describe_batch", "draw_batch", "residency", "executor", "shard"}),
            "workers": workers,
            **place(),
            "models": {"describe": describer.name, "draw": generator.name},
            "versions": versions(),
        }

    @property
    def seconds(self) -> float:
        """How long this run takes so far."""
        return round(time.perf_counter() - self._began, 6)
