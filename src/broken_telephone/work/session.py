"""The record of one run: when, how the work was put out, with what versions. Batches refer to it."""

from datetime import UTC, datetime
from typing import Any

from broken_telephone.work.settings import WorkSettings
from broken_telephone.work.versions import versions


def session_record(settings: WorkSettings, how: set[str], workers: int, **about: Any) -> tuple[str, dict[str, Any]]:
    """Begin a record.

    Args:
        settings: of the work.
        how: names of those that are recorded, beside residency and executor.
        workers: how many there are.
        about: whatever else is worth recording.

    Returns:
        Its key, of which later ones sort behind earlier ones, and the record.
    """
    started = datetime.now(UTC)
    return f"{started:%Y%m%dT%H%M%S.%fZ}", {
        "started": started.isoformat(timespec="seconds"),
        **settings.model_dump(include={*how, "residency", "executor"}),
        "workers": workers,
        **about,
        "versions": versions(),
    }
