"""Takes the published comparison apart: what the annotator's own error makes of it, and what is drift.

The published study compares the data set's labels of the originals with the annotator's of the generated pictures.
Of the same chains, and for every category,

    published = (annotator's share in picture 0 - data set's share) + (annotator's share in picture k - in picture 0)
              = instrument effect + drift
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.distances import share_differences
from broken_telephone.statistics.estimates.estimate import spread, why_no_interval
from broken_telephone.statistics.estimates.paired_counts import pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Map, Panel, groups_of
from broken_telephone.statistics.tables.drift_table import Resampling

DECOMPOSITION = (
    "label",
    "attribute",
    "category",
    "iteration",
    "part",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "clusters",
    "note",
)
PUBLISHED, INSTRUMENT, DRIFT_PART = "published comparison", "instrument effect", "drift"


def decomposition_table(
    panels: Sequence[Panel],
    resampling: Resampling,
    each: Map = map,
) -> pd.DataFrame:
    """Split the change of every share since the data set's labels into instrument effect and drift.

    Args:
        panels: one an attribute.
        resampling: of the intervals.
        each: as for `drift_table`.

    Returns:
        Columns DECOMPOSITION; three parts a category, of which the second and third sum to the first. Chains from
        images that have all three labels count: without the data set's there is nothing to take apart, and no row.
    """

    def taken_apart(group: tuple[Panel, str, str, Panel]) -> list[dict[str, Any]]:
        panel, start, label, some = group
        if start != "image" or (some.stated == ABSENT).all():
            return []
        rows = []
        for last in range(1, some.codes.shape[1]):
            where = {"label": label, "attribute": panel.attribute, "iteration": last}
            rows += [where | row for row in _parts(some, last, resampling)]
        return rows

    rows = [row for rows in each(taken_apart, groups_of(panels)) for row in rows]
    return pd.DataFrame(rows, columns=list(DECOMPOSITION))


def _parts(some: Panel, last: int, resampling: Resampling) -> Iterator[dict[str, Any]]:
    first, after = some.codes[:, 0], some.codes[:, last]
    whole = (some.stated != ABSENT) & (first != ABSENT) & (after != ABSENT)
    for name, one, other in (
        (PUBLISHED, some.stated, after),
        (INSTRUMENT, some.stated, first),
        (DRIFT_PART, first, after),
    ):
        both = pairs(one[whole], other[whole], some.clusters[whole], len(some.categories))
        count = {"part": name, "n": both.chains, "clusters": both.clusters}
        if not both.chains:
            note = f"no chain has a data set label and a category at both 0 and {last}"
            yield count | {"category": None, "note": note} | dict.fromkeys(("value", "ci_low", "ci_high"), np.nan)
            continue
        values = share_differences(both.table)
        samples = share_differences(both.resampled(resampling.n_bootstrap, resampling.seed))
        for place, category in enumerate(some.categories):
            found = spread(float(values[place]), samples[:, place], both.clusters, (-1, 1))
            ends = {"value": found.value, "ci_low": found.low, "ci_high": found.high}
            yield count | ends | {"category": category, "note": why_no_interval(found, both.clusters)}
