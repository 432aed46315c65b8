"""Puts the closed-form answers of one annotator beside the categories of people, to measure calibration."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.annotation.annotators_compared import DATASET, names_of
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER
from broken_telephone.statistics.tables.reliability import DRAWN, ORIGINALS, Answers


def closed_answers(
    probabilities: pd.DataFrame, labels: pd.DataFrame, strata: pd.DataFrame, chains: pd.DataFrame
) -> Iterator[Answers]:
    """Arrange the answers by reference, attribute and kind of picture.

    The references are the data set, for originals, and people: the raters together, or a single rater if nobody else
    rated. A rated picture stands for the pictures of its stratum; one without a stratum is left out, and counted.

    Args:
        probabilities: rows of the `annotation_probabilities` table; of several annotators, the first counts.
        labels: as `labels_of` returns them.
        strata: as `rating.sampling_strata` returns them.
        chains: the `chains` table.
    """
    if probabilities.empty or labels.empty:
        return
    own = probabilities[probabilities["annotator"] == probabilities["annotator"].iloc[0]]
    originals = chains.set_index("chain_id")["image_id"].astype(object)
    own = own.assign(
        item=names_of(own, originals), **{name: own[name].astype(object) for name in ("attribute", "category")}
    )
    own = own.drop_duplicates(["item", "attribute", "category"])
    names = list(labels["annotator"].unique())
    raters = [name for name in names if name.startswith(RATER)]
    people = TOGETHER if TOGETHER in names else raters[0] if len(raters) == 1 else None
    cells = zip(*(strata[name].astype(str) for name in ("label", "split", "iteration", "answer")), strict=True)
    stratum = pd.Series(map(" | ".join, cells), names_of(strata, originals), dtype=object)
    stratum = stratum[~stratum.index.duplicated()]
    for reference in filter(None, (DATASET, people)):
        given = labels[labels["annotator"] == reference]
        for attribute, truth in given.groupby("attribute", sort=False):
            rows = own[own["attribute"] == attribute]
            wide = rows.pivot(index="item", columns="category", values="log_likelihood")
            wide = wide[list(dict.fromkeys(rows["category"]))].dropna()
            both = truth[truth["item"].isin(wide.index) & truth["category"].isin(wide.columns)]
            weights = pd.Series(1.0, both.index)
            if reference != DATASET:
                of_rated = both["item"].map(stratum)
                weights = (of_rated.map(stratum.value_counts()) / of_rated.map(of_rated.value_counts())).fillna(0.0)
            for kind, chosen in ((ORIGINALS, both["iteration"] == 0), (DRAWN, both["iteration"] > 0)):
                some = both[chosen & (weights > 0)]
                yield Answers(
                    str(reference),
                    str(attribute),
                    kind,
                    wide.loc[some["item"]].to_numpy(dtype=float),
                    wide.columns.get_indexer(some["category"]),
                    some["cluster"].to_numpy(),
                    np.asarray(weights[some.index], dtype=float),
                    int(chosen.sum()) - len(some),
                )
