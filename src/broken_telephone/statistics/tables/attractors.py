"""Attractors: the motifs in which chains end, with the share of each label that ends there."""

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.diversity import unit_vectors
from broken_telephone.statistics.estimates.motifs import find_motifs, similar_distance
from broken_telephone.statistics.estimates.panel import ABSENT, clusters_of, label_groups
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.estimates.similarity import Vectors
from broken_telephone.statistics.tables.group_table import Row

ATTRACTORS = (
    *("start", "label", "motif", "iteration", "count", "value", "ci_low", "ci_high", "n", "clusters"),
    *("exemplars", "note"),
)
MOST_CHAINS = 2000
"""Chains of a start that are grouped at most."""


def attractors_table(chains: pd.DataFrame, pictures: Vectors, seed: int) -> pd.DataFrame:
    """Group the last images of all chains of a start, and count the chains of each label in each group.

    Args:
        chains: the `chains` table; its n rows are the rows of the places of `pictures`.
        pictures: images 0 to K.
        seed: of the MOST_CHAINS chains that are grouped, if there are more.

    Returns:
        Columns ATTRACTORS: `motif` (1 is the largest; 0 holds the images without a motif), `count` chains of the label
        in it, `value` their share of the label's `n` chains with its interval, `exemplars` (chain_id of typical chains,
        in the rows of all labels of a start). A start whose chains end in no motif has the row of motif 0 only.
    """
    names = chains["chain_id"].astype(str).to_numpy(dtype=object)
    starts, labels = (chains[name].astype(str).to_numpy(dtype=object) for name in ("start", "label"))
    clusters, last = clusters_of(chains), pictures.places.shape[1] - 1
    rows: list[Row] = []
    for start in dict.fromkeys(starts):
        chosen = np.flatnonzero((starts == start) & (pictures.places[:, last] != ABSENT))
        note = ""
        if len(chosen) > MOST_CHAINS:
            note = f"of {MOST_CHAINS} chains out of {len(chosen)}, by chance"
            chosen = np.sort(np.random.default_rng(seed).choice(chosen, MOST_CHAINS, replace=False))
        first = chosen[pictures.places[chosen, 1] != ABSENT]
        threshold = similar_distance(_vectors(pictures, first, 1), clusters[first])
        if last < 2 or np.isnan(threshold):
            continue
        motifs = find_motifs(_vectors(pictures, chosen, last), threshold)
        groups = list(label_groups(starts[chosen], labels[chosen]))
        whole = groups[-1][1]
        for _, label, own in groups:
            shares = clustered_shares(motifs.codes[own] + 1, clusters[chosen][own], len(motifs.exemplars) + 1)
            for motif, share in enumerate(shares):
                exemplars = motifs.exemplars[motif - 1] if motif and label == whole else np.empty(0, np.int64)
                row = {"start": start, "label": label, "motif": motif, "iteration": last, "count": share.count}
                row |= {"value": share.share, "ci_low": share.ci_low, "ci_high": share.ci_high, "n": share.n}
                row |= {"clusters": share.clusters, "exemplars": ", ".join(names[chosen[k]] for k in exemplars)}
                rows.append(row | {"note": note})
    return pd.DataFrame(rows, columns=list(ATTRACTORS))


def _vectors(pictures: Vectors, chosen: np.ndarray, iteration: int) -> np.ndarray:
    return unit_vectors(pictures.values[pictures.places[chosen, iteration]])
