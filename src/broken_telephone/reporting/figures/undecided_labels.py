"""Leaves out labels that have too few independent starts: their panels would show noise."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.reporting.fonts import drawable
from broken_telephone.reporting.text.verdicts import TOO_FEW_STARTS, of_family
from broken_telephone.reporting.text.wording import listed, spoken
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.findings import SHARES

_LEFT_OUT_OF = ("findings", "shares", "trajectories", "predicted_shares")
"""Tables whose figures have a panel or a row for each label."""
_NAMED = 6
"""Labels that a sentence names, at most."""


def undecided_labels(findings: pd.DataFrame | None) -> dict[str, list[str]]:
    """Return start -> labels all of whose shares have too few independent starts.

    Labels that are open for another reason stay, such as missing answers or interim looks. If all labels of a start
    have too few independent starts, its figures show all of them.
    """
    changes = of_family(findings, SHARES)
    labels = {}
    for start, rows in changes.groupby("start", sort=False):
        has_few_starts = rows["reason"].astype(str).str.startswith(TOO_FEW_STARTS)
        is_undecided = has_few_starts.groupby(rows["label"], sort=False).all()
        undecided = [str(label) for label in is_undecided.index[is_undecided] if label != ALL]
        if undecided and not is_undecided.all():
            labels[str(start)] = undecided
    return labels


def without_undecided(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables without the rows of undecided labels, where figures have a panel or a row for each label.

    Of the findings, only changes of shares are left out. Other families, such as crossed attributes, keep their rows.
    """
    labels = undecided_labels(tables.get("findings"))
    if not labels:
        return dict(tables)
    undecided = pd.MultiIndex.from_tuples([(start, label) for start, own in labels.items() for label in own])

    def decided(name: str, table: pd.DataFrame) -> pd.DataFrame:
        if name not in _LEFT_OUT_OF or table.empty:
            return table
        is_left_out = pd.MultiIndex.from_frame(table[["start", "label"]].astype(str)).isin(undecided)
        if "family" in table:
            is_left_out &= (table["family"].astype(str) == SHARES).to_numpy()
        return table[~is_left_out]

    return {name: decided(name, table) for name, table in tables.items()}


def undecided_note(labels: Mapping[str, list[str]], start: str) -> str:
    """Name the labels that a figure leaves out; an empty text if there are none.

    Args:
        labels: as `undecided_labels` returns them.
        start: of the figure's chains: image or prompt.
    """
    if start not in labels:
        return ""
    return f"Left out because of too few independent starts: {drawable(_listed(labels[start]))}."


def undecided_sentence(findings: pd.DataFrame | None) -> str:
    """Name the labels that figures leave out; an empty text if there are none."""
    labels = undecided_labels(findings)
    if not labels:
        return ""
    names = "; ".join(f"{_listed(own)} in chains from {start}s" for start, own in labels.items())
    return (
        f"Figures of shares leave out labels that have too few independent starts for any share: {names}. The tables "
        "have them."
    )


def _listed(labels: list[str]) -> str:
    return listed([spoken(label) for label in labels], _NAMED)
