"""Summarises the defects of a data set: one sentence per kind of defect, independent of its count."""

import re
from collections.abc import Iterator

import pandas as pd

from broken_telephone.visible import shortlist

_EFFECTS = {
    "dropped": "left out",
    "unknown": "value unknown",
    "translated": "translated",
    "kept": "kept as it is",
    "ignored": "not read",
}
_FILES, _VALUES, _ROWS = 3, 4, 3
"""Maximum number of files, values and rows of one value in a sentence."""


def defect_sentences(defects: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each kind of defect in a table with columns `tables.DEFECTS`, the most frequent first.

    Each states the count, the effect, files, the most frequent values with their rows or counts, and advice.
    """
    kinds = defects.groupby(["problem", "effect"], observed=True, sort=False)
    for (problem, effect), rows in sorted(kinds, key=lambda kind: -len(kind[1])):
        files = shortlist(rows["file"].unique(), _FILES)
        values = _values(rows)
        where = "" if values.startswith(": ") else _named_rows(rows)
        yield f"{len(rows)} x {problem}: {_EFFECTS[effect]}, in {files}{where}{values} (dataset_defects lists each)"


def _named_rows(rows: pd.DataFrame) -> str:
    """Return the rows of one table in parentheses, if they are few; other places, such as images, are no rows."""
    if rows["file"].nunique() > 1:
        return ""
    numbers = [match[1] for row in rows["row"].unique() if (match := re.fullmatch(r"row (\d+)", row))]
    if not 0 < len(numbers) == rows["row"].nunique() <= _ROWS:
        return ""
    return f" ({'row' if len(numbers) == 1 else 'rows'} {', '.join(numbers)})"


def _values(rows: pd.DataFrame) -> str:
    """Return the most frequent values of one kind of defect with their advice; empty without advice."""
    advised = rows.dropna(subset=["value", "advice"])
    if not len(advised):
        general = rows["advice"].dropna().unique()
        return f". {general[0]}" if len(general) == 1 else ""
    counts = advised.groupby(["value", "advice"], sort=False).size().sort_values(ascending=False, kind="stable")
    described: list[tuple[str, str]] = []
    for (value, advice), count in counts.items():
        # "Accepted: ..." is the same for all values, so the sentence ends with it once.
        own, _, accepted = str(advice).partition("Accepted: ")
        where = f" ({count} rows)" if count > 1 else ""
        if count <= _ROWS and len(described) < _VALUES:
            where = _named_rows(advised[(advised["value"] == value) & (advised["advice"] == advice)]) or where
        described.append((f"{value}{where}{_own_advice(own)}", accepted))
    text = shortlist((text for text, _ in described), _VALUES, "; ")
    accepted = described[0][1]
    return f": {text}{' ' if text.endswith('?') else '. '}Accepted: {accepted}" if accepted else f": {text}"


def _own_advice(advice: str) -> str:
    return f", {advice.strip(' .')}" if advice.strip() else ""
