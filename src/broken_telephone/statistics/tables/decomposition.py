"""Decomposition of the published comparison into the annotator's error and drift.

The published study compares the data set's labels of the originals with the annotator's labels of the generated
pictures. For the same chains and each category,

    published = (annotator's share in picture 0 - data set's share) + (annotator's share in picture k - in picture 0)
              = instrument effect + drift
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel
from broken_telephone.statistics.tables.group_table import ESTIMATE, Map, Row, group_table

DECOMPOSITION = ("label", "attribute", "category", "iteration", "part", *ESTIMATE)
PUBLISHED, INSTRUMENT, DRIFT_PART = "published comparison", "instrument effect", "drift"


def decomposition_table(panels: Sequence[Panel], resampling: Resampling, each: Map = map) -> pd.DataFrame:
    """Split the change of each share since the data set's labels into instrument effect and drift.

    Args:
        panels: one for each attribute.
        resampling: of the intervals.
        each: see `group_table`.

    Returns:
        Columns DECOMPOSITION, with three parts for each category. The second and the third part sum to the first. The
        chains start from images and have all three labels. A group without labels of the data set has no row.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains = group.panel.of(group.chosen)
        if group.start == "image" and (chains.stated != ABSENT).any():
            for last in chains.later(0):
                yield from ({"iteration": last} | row for row in _parts(chains, last, resampling))

    return group_table(panels, DECOMPOSITION, rows_of, each)


def _parts(chains: Panel, last: int, resampling: Resampling) -> Iterator[Row]:
    labels = np.column_stack([chains.stated, chains.codes[:, 0], chains.codes[:, last]])
    is_complete = (labels != ABSENT).all(1)
    stated, first, after = labels[is_complete].T
    clusters = chains.clusters[is_complete]
    for part, one, other in ((PUBLISHED, stated, after), (INSTRUMENT, stated, first), (DRIFT_PART, first, after)):
        both = count_pairs(one, other, clusters, len(chains.categories))
        if not both.chains:
            note = f"no chain has a data set label and a category at both 0 and {last}"
            yield {"part": part, "category": None, **Estimate().columns(), **both.sizes, "note": note}
            continue
        for category, estimate in zip(chains.categories, both.share_changes(resampling), strict=True):
            note = estimate.why_no_interval(both.clusters)
            yield {"part": part, "category": category, **estimate.columns(), **both.sizes, "note": note}
