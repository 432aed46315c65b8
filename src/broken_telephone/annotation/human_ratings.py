"""Arranges human ratings for the correction of shares."""

import pandas as pd

from broken_telephone.annotation.annotators_compared import names_of
from broken_telephone.statistics import Ratings
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER


def checked(labels: pd.DataFrame, strata: pd.DataFrame, chains: pd.DataFrame) -> Ratings:
    """Arrange people's labels by chain and iteration.

    Args:
        labels: as `labels_of` returns them. What raters say together counts, of a single rater what that one says.
        strata: as `rating.sampling_strata` returns them.
        chains: the `chains` table.

    Returns:
        Without a row given where nobody rated.
    """
    rated = labels[labels["annotator"] == TOGETHER]
    alone = [name for name in labels["annotator"].unique() if name.startswith(RATER)]
    if rated.empty and len(alone) == 1:
        rated = labels[labels["annotator"] == alone[0]]
    originals = chains.set_index("chain_id")["image_id"].astype(object)
    cells = strata[["label", "split", "iteration", "answer"]].astype(str)
    places = pd.DataFrame(
        {
            "chain_id": strata["chain_id"],
            "iteration": strata["iteration"],
            "item": names_of(strata, originals),
            "stratum": cells.agg(" | ".join, axis=1),
        }
    )
    given = rated.drop(columns="iteration").merge(places, on="item")[["chain_id", "iteration", "attribute", "category"]]
    return Ratings(given, places[["chain_id", "iteration", "stratum"]], chains["chain_id"].astype(str))
