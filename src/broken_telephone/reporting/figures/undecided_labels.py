"""Leaves out labels that have too few starts to tell anything: their panels would show noise."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.reporting.text.verdicts import NOT_ENOUGH_DATA, of_family
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.findings import SHARES

_LEFT_OUT_OF = ("findings", "shares", "trajectories", "predicted_shares")
"""Tables whose figures have a panel or a row for each label."""


def undecided_labels(findings: pd.DataFrame | None) -> dict[str, list[str]]:
    """Return start -> labels without enough data for any of their shares.

    A start has none if there is not enough data for any of its labels: its figures then show all of them.
    """
    changes = of_family(findings, SHARES)
    labels = {}
    for start, rows in changes.groupby("start", sort=False):
        is_decided = (rows["verdict"] != NOT_ENOUGH_DATA).groupby(rows["label"], sort=False).any()
        undecided = [str(label) for label, decided in is_decided.items() if not decided and label != ALL]
        if undecided and is_decided.any():
            labels[str(start)] = undecided
    return labels


def without_undecided(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables without the rows of undecided labels, where figures have a panel or a row for each label."""
    labels = undecided_labels(tables.get("findings"))
    if not labels:
        return dict(tables)
    gone = pd.MultiIndex.from_tuples([(start, label) for start, own in labels.items() for label in own])

    def decided(name: str, table: pd.DataFrame) -> pd.DataFrame:
        if name not in _LEFT_OUT_OF or table.empty:
            return table
        return table[~pd.MultiIndex.from_frame(table[["start", "label"]].astype(str)).isin(gone)]

    return {name: decided(name, table) for name, table in tables.items()}


def undecided_sentence(findings: pd.DataFrame | None) -> str:
    """Name the labels that figures leave out; an empty text if there are none."""
    labels = undecided_labels(findings)
    if not labels:
        return ""
    names = "; ".join(f"{', '.join(own)} in chains from {start}s" for start, own in labels.items())
    return (
        f"Figures of shares leave out labels that do not have enough data for any share: {names}. The tables have them."
    )
