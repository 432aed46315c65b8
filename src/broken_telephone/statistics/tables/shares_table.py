"""Shares of every category in every picture, as the annotator and as the data set give them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.panel import ABSENT, Panel, first_picture
from broken_telephone.statistics.estimates.shares import clustered_shares

SHARES_TABLE = (
    "start",
    "label",
    "attribute",
    "category",
    "iteration",
    "annotator",
    "n",
    "clusters",
    "count",
    "share",
    "ci_low",
    "ci_high",
    "note",
)
DATASET = "data set"
"""Stands for an annotator: whoever labelled the originals before they were published."""


def shares_table(panels: Sequence[Panel], annotator: str) -> pd.DataFrame:
    """Return columns SHARES_TABLE; n counts chains with a category.

    Args:
        panels: one an attribute.
        annotator: what to call who gave the panels' codes; what the data set states of originals is called DATASET.
    """
    rows: list[dict[str, Any]] = []
    for panel in panels:
        for start, label, some in panel.groups():
            where = {"start": start, "label": label, "attribute": panel.attribute}
            if start == "image" and (some.stated != ABSENT).any():
                rows += [where | {"iteration": 0, "annotator": DATASET} | row for row in _each(some, some.stated)]
            for iteration in range(first_picture(start), some.codes.shape[1]):
                found = _each(some, some.codes[:, iteration])
                rows += [where | {"iteration": iteration, "annotator": annotator} | row for row in found]
    return pd.DataFrame(rows, columns=list(SHARES_TABLE))


def _each(some: Panel, codes: np.ndarray) -> Iterator[dict[str, Any]]:
    there = codes != ABSENT
    table = clustered_shares(codes[there], some.clusters[there], len(some.categories))
    note = "" if there.any() else "no picture has a category"
    for category, row in zip(some.categories, table, strict=True):
        yield {"category": category, **vars(row), "note": note}
