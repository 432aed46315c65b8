"""Chooses the annotators of the latent class estimate: one reading of each model, the data set, and every rater."""

import pandas as pd

from broken_telephone.annotation.annotator_choice import split_reading
from broken_telephone.statistics.estimates.panel import clusters_of
from broken_telephone.statistics.tables.agreement_table import TOGETHER


def independent_annotators(labels: pd.DataFrame, reading: str) -> list[str]:
    """Return the annotators whose errors may be independent.

    Two readings of one model share its errors, so only one counts: the given one, or the other one if it is missing.
    The raters together consist of the single raters, so only these count.

    Args:
        labels: as `labels_of` returns them.
        reading: free or closed, the reading that the report analyses.
    """
    names = [str(name) for name in labels["annotator"].unique() if name != TOGETHER]
    chosen: dict[str, str] = {}
    for name in names:
        model, own_reading = split_reading(name) or (name, "")
        if model not in chosen or own_reading == reading:
            chosen[model] = name
    return list(chosen.values())


def with_start_and_label(labels: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """Add start and label of the chains to labels with the column cluster."""
    known = chains.assign(cluster=clusters_of(chains)).drop_duplicates("cluster").set_index("cluster")
    columns = {name: labels["cluster"].map(known[name].astype(str)) for name in ("start", "label")}
    return labels.assign(**columns)
