"""The record of one run of the loop: when, with what models, settings and versions. Batches refer to it."""

import time
from collections.abc import Collection

from broken_telephone.execution import session_record
from broken_telephone.loop.concurrent_runs import place
from broken_telephone.loop.settings import LoopSettings
from broken_telephone.models import Describer, Generator


class Session:
    """One run of the loop."""

    def __init__(
        self,
        settings: LoopSettings,
        describer: Describer,
        generator: Generator,
        workers: int,
        earlier: Collection[str],
    ) -> None:
        """Begin a run behind the earlier ones, whatever the clock says: of two records of a thing the later counts."""
        self._began = time.perf_counter()
        models = {"describe": describer.name, "draw": generator.name}
        how = {"describe_batch", "draw_batch", "shard"}
        key, self.record = session_record(settings, how, workers, max(earlier, default=""), **place(), models=models)
        self.name = f"{key}_{settings.shard.replace('/', 'of')}"
        """The key of its record."""

    @property
    def seconds(self) -> float:
        """How long this run takes so far."""
        return round(time.perf_counter() - self._began, 6)
