"""Summarises what was left out or changed on import: counts, first names and advice by kind."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from broken_telephone.visible import one_line, shortlist

_EFFECTS = {
    "dropped": "left out",
    "unknown": "read as unknown",
    "translated": "understood as something else",
    "kept": "kept",
    "ignored": "not read",
}
_NAMED = 3


def defect_counts(defects: pd.DataFrame) -> list[dict[str, Any]]:
    """Return problem, effect, count and the first places of each kind of defect, the most frequent first.

    Args:
        defects: the `import_defects` table.
    """
    kinds = defects.groupby(["problem", "effect"], observed=True, sort=False)
    counts = [
        {"problem": str(problem), "effect": _EFFECTS[str(effect)], "count": len(rows), "first": _first(rows)}
        for (problem, effect), rows in kinds
    ]
    return sorted(counts, key=lambda kind: -kind["count"])


def defect_sentences(defects: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each kind of defect, with its count, first places and advice."""
    for kind in defect_counts(defects):
        own = defects[defects["problem"] == kind["problem"]]
        advice = own["advice"].dropna().unique()
        more = f" and {kind['count'] - len(kind['first'])} more" if kind["count"] > len(kind["first"]) else ""
        yield (
            f"{kind['problem']}: {kind['count']}, {kind['effect']}: {', '.join(kind['first'])}{more} (import_defects "
            f"lists each){'. ' + str(advice[0]) if len(advice) == 1 else ''}"
        )


def _first(rows: pd.DataFrame) -> list[str]:
    """Return the first places, with the value where there is one."""
    first = rows.head(_NAMED)
    values = first["value"].where(first["value"].notna(), None)
    return [
        one_line(place if value is None else f"{place} ({shortlist([value], 1)})")
        for place, value in zip(first["row"].astype(str), values, strict=True)
    ]
