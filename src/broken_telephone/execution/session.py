"""The record of one run: when, how the work was put out, with what versions. Batches refer to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from broken_telephone.execution.library_versions import versions
from broken_telephone.execution.settings import WorkSettings

_KEY = "%Y%m%dT%H%M%S.%f"


def session_record(
    settings: WorkSettings, how: set[str], workers: int, after: str = "", **about: Any
) -> tuple[str, dict[str, Any]]:
    """Begin a record.

    Args:
        settings: of the work.
        how: names of those that are recorded, beside residency and executor.
        workers: how many there are.
        after: the key of the latest record, behind which this one sorts also if the clock was set back.
        about: whatever else is worth recording.

    Returns:
        Its key, of which later ones sort behind earlier ones, and the record.
    """
    started = datetime.now(UTC)
    name = f"{started:{_KEY}}Z"
    if name <= after:
        latest = datetime.strptime(after.split("Z")[0], _KEY).replace(tzinfo=UTC)
        name = f"{latest + timedelta(microseconds=1):{_KEY}}Z"
    return name, {
        "started": started.isoformat(timespec="seconds"),
        **settings.model_dump(include={*how, "residency", "executor"}),
        "workers": workers,
        **about,
        "versions": versions(),
    }
