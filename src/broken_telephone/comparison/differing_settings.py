"""Lists the settings in which the studies of a comparison differ."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

ABSENT = "(not set)"


def differing_settings(settings: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return the sealed settings that differ between arms.

    Args:
        settings: arm -> settings of its loop, as they were sealed.

    Returns:
        One row per setting: its dotted name in the column `setting`, and its value in a column for each arm.
    """
    flat = {arm: dict(_flat(own)) for arm, own in settings.items()}
    names = sorted({name for own in flat.values() for name in own})
    rows = [{"setting": name} | {arm: str(own.get(name, ABSENT)) for arm, own in flat.items()} for name in names]
    differing = [row for row in rows if len({value for key, value in row.items() if key != "setting"}) > 1]
    return pd.DataFrame(differing, columns=["setting", *settings])


def _flat(record: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values."""
    if isinstance(record, Mapping) and record:
        for name, value in record.items():
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield prefix, record
