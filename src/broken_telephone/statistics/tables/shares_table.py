"""Shares of each category in each picture, from the annotator and from the data set."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, first_picture
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.tables.group_table import GROUP, Row, group_table

SHARES_TABLE = (
    *(*GROUP, "category", "iteration", "annotator"),
    *("n", "clusters", "count", "share", "ci_low", "ci_high", "note"),
)
DATASET = "data set"
"""The annotator of the data set's own labels."""


def shares_table(panels: Sequence[Panel], annotator: str) -> pd.DataFrame:
    """Compute the share of each category in each picture.

    Args:
        panels: one for each attribute.
        annotator: name of the annotator of the panels. The data set's labels have the name DATASET.

    Returns:
        Columns SHARES_TABLE; n counts the chains with a category.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains = group.panel.of(group.chosen)
        if group.start == "image" and (chains.stated != ABSENT).any():
            yield from _rows(chains, chains.stated, 0, DATASET)
        for iteration in chains.later(first_picture(group.start) - 1):
            yield from _rows(chains, chains.codes[:, iteration], iteration, annotator)

    return group_table(panels, SHARES_TABLE, rows_of)


def _rows(chains: Panel, codes: np.ndarray, iteration: int, annotator: str) -> Iterator[Row]:
    valid = codes != ABSENT
    note = "" if valid.any() else "no picture has a category"
    shares = clustered_shares(codes[valid], chains.clusters[valid], len(chains.categories))
    for category, share in zip(chains.categories, shares, strict=True):
        yield {"category": category, "iteration": iteration, "annotator": annotator, **vars(share), "note": note}
