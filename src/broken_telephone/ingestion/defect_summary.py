"""Says on the console what could not be taken as it is: one sentence for each kind of defect, whatever its count."""

from collections.abc import Iterator

import pandas as pd

_EFFECTS = {
    "dropped": "left out",
    "unknown": "value unknown",
    "translated": "translated",
    "kept": "kept as it is",
    "ignored": "not read",
}
_FILES, _VALUES = 3, 4
"""Files and values that a sentence names."""


def defect_sentences(defects: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each kind of defect, the frequent ones first.

    Each gives the count, the effect, files, the most frequent values with their counts and what to do about them.

    Args:
        defects: columns of `tables.DEFECTS`.
    """
    kinds = defects.groupby(["problem", "effect"], observed=True, sort=False)
    for (problem, effect), rows in sorted(kinds, key=lambda kind: -len(kind[1])):
        files = _first([str(name) for name in rows["file"].unique()], _FILES)
        values = _values(rows)
        yield f"{len(rows)} x {problem}: {_EFFECTS[effect]}, in {files}{values} (dataset_defects lists each)"


def _values(rows: pd.DataFrame) -> str:
    """Return the most frequent values of one kind with their advice; nothing where no advice is given."""
    advised = rows.dropna(subset=["value", "advice"])
    if not len(advised):
        general = rows["advice"].dropna().unique()
        return f". {general[0]}" if len(general) == 1 else ""
    counts = advised.groupby(["value", "advice"], sort=False).size().sort_values(ascending=False, kind="stable")
    described = []
    for (value, advice), count in counts.items():
        # "Accepted: ..." is the same for all values: it is told once, at the end.
        own, _, accepted = str(advice).partition("Accepted: ")
        often = f" ({count} rows)" if count > 1 else ""
        described.append((f"{value}{often}{_says(own)}", accepted))
    text = _first([text for text, _ in described], _VALUES, "; ")
    accepted = described[0][1]
    return f": {text}{' ' if text.endswith('?') else '. '}Accepted: {accepted}" if accepted else f": {text}"


def _says(advice: str) -> str:
    return f", {advice.strip(' .')}" if advice.strip() else ""


def _first(words: list[str], most: int, joint: str = ", ") -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return joint.join(words[:most]) + more
