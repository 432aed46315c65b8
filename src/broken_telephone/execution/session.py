"""The record of one run: its time, execution settings and library versions. Batches refer to it."""

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from broken_telephone.execution.library_versions import versions
from broken_telephone.execution.settings import WorkSettings

_KEY = "%Y%m%dT%H%M%S.%f"


class Session:
    """One run of a stage, or of the loop."""

    def __init__(
        self,
        settings: WorkSettings,
        how: set[str],
        workers: int,
        earlier: Collection[str] = (),
        ending: str = "",
        **about: Any,
    ) -> None:
        """Begin the record.

        Args:
            settings: of the work.
            how: names of those that are recorded, beside residency and executor.
            workers: how many there are.
            earlier: keys of earlier records, behind which this one sorts also if the clock was set back.
            ending: of the key.
            about: whatever else is worth recording.
        """
        self._began, started = time.perf_counter(), datetime.now(UTC)
        key, after = f"{started:{_KEY}}Z", max(earlier, default="")
        if key <= after:
            latest = datetime.strptime(after.split("Z")[0], _KEY).replace(tzinfo=UTC)
            key = f"{latest + timedelta(microseconds=1):{_KEY}}Z"
        self.key = key + ending
        self.record = {
            "started": started.isoformat(timespec="seconds"),
            **settings.model_dump(include={*how, "residency", "executor"}),
            "workers": workers,
            **about,
            "versions": versions(),
        }

    @property
    def seconds(self) -> float:
        """How long this run has taken so far."""
        return round(time.perf_counter() - self._began, 6)
