"""Agreement of annotators on originals and on drawn pictures apart."""

from collections.abc import Mapping, Sequence

import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.tables.agreement_table import AGREEMENT, Comparison, Merging, agreement_table

ORIGINALS, DRAWN = "originals", "drawn images"
AGREEMENT_BY_KIND = ("pictures", *AGREEMENT)


def agreement_by_kind(
    labels: pd.DataFrame,
    attributes: Mapping[str, Sequence[str]],
    ordered: Sequence[str],
    merging: Merging | None,
    comparisons: Sequence[Comparison],
    resampling: Resampling | None = None,
) -> pd.DataFrame:
    """Compare annotators on originals and on drawn pictures apart.

    An annotator that errs only on drawn pictures agrees with the others on the originals. One table of both kinds
    would hide this.

    Args:
        labels: see `agreement_table`, with a column iteration: 0 for originals.
        attributes: see `agreement_table`.
        ordered: see `agreement_table`.
        merging: see `agreement_table`.
        comparisons: pairs of annotators.
        resampling: see `agreement_table`.

    Returns:
        Columns AGREEMENT_BY_KIND. pictures: ORIGINALS or DRAWN.
    """
    parts = []
    for kind, is_kind in ((ORIGINALS, labels["iteration"] == 0), (DRAWN, labels["iteration"] > 0)):
        table = agreement_table(labels[is_kind], attributes, ordered, merging, comparisons, resampling)
        table.insert(0, "pictures", kind)
        parts.append(table)
    used = [part for part in parts if len(part)]
    return pd.concat(used, ignore_index=True) if used else parts[0]
