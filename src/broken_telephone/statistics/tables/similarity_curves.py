"""Mean similarities of each label by iteration, with cluster bootstrap intervals over starts."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.panel import clusters_of, label_groups
from broken_telephone.statistics.tables.group_table import INTERVAL, Row

CURVES = ("start", "label", "pair", "kind", "iteration", "n", "clusters", *INTERVAL, "note")

_BLOCK = 2**22
"""Number of clusters that are drawn at once, which limits the memory."""
_ROUNDING = 1e-6
"""Width below which an interval comes from rounding only. Equal starts do not show that all starts are equal."""


def similarity_curves(similarities: pd.DataFrame, chains: pd.DataFrame, resampling: Resampling) -> pd.DataFrame:
    """Average similarities over the chains of each label, with 95 % intervals by a cluster bootstrap over starts.

    Replicates share their start and are drawn together. Each sample has one start fewer than the data, which removes
    the bias of the bootstrap variance (Rao and Wu 1988, JASA 83).

    Args:
        similarities: the `similarities` table.
        chains: the `chains` table.
        resampling: of the intervals.

    Returns:
        Columns CURVES: start (image or prompt), label (followed by ALL if there are several), pair, kind, iteration; n
        chains in clusters independent starts; value, their mean, -1 to 1. A note explains a null. Pairs that no chain
        has are left out. Means at two iterations are of the same chains only where n is equal.
    """
    chain_index = pd.Index(chains["chain_id"].astype(str))
    known = similarities.assign(row=chain_index.get_indexer(similarities["chain_id"].astype(str))).query("row >= 0")
    wide = known.pivot(index="row", columns=["pair", "kind", "iteration"], values="value")
    values = wide.reindex(range(len(chains))).to_numpy(dtype=float, na_value=np.nan)
    starts, labels = (chains[name].astype(str).to_numpy(dtype=object) for name in ("start", "label"))
    clusters = clusters_of(chains)
    rows = [
        {"start": start, "label": label} | dict(zip(wide.columns.names, wide.columns[column], strict=True)) | mean
        for start, label, chosen in label_groups(starts, labels)
        for column, mean in _means(values[chosen], clusters[chosen], resampling)
    ]
    return pd.DataFrame(rows, columns=list(CURVES))


def _means(values: np.ndarray, clusters: np.ndarray, resampling: Resampling) -> Iterator[tuple[int, Row]]:
    """Yield the mean of each column of values, (n, columns), that has any, with its interval and sizes."""
    valid = np.isfinite(values)
    sums, counts = cluster_sums(np.where(valid, values, 0.0), clusters), cluster_sums(valid, clusters)
    samples = _bootstrap_means(sums, counts, resampling)
    for column in np.flatnonzero(counts.any(axis=0)):
        n, units = int(counts[:, column].sum()), int((counts[:, column] > 0).sum())
        estimate = bootstrap_interval(float(sums[:, column].sum() / n), samples[:, column], units, (-1, 1))
        note = estimate.why_no_interval(units)
        if estimate.high - estimate.low < _ROUNDING:
            estimate, note = Estimate(estimate.value), "all starts alike: no interval"
        yield int(column), {"n": n, "clusters": units, **estimate.columns(), "note": note}


def _bootstrap_means(sums: np.ndarray, counts: np.ndarray, resampling: Resampling) -> np.ndarray:
    """Return the means of bootstrap samples, (n_bootstrap, columns); null where no drawn cluster has a value."""
    clusters, rng = len(sums), np.random.default_rng(resampling.seed)
    means = np.full((resampling.n_bootstrap, sums.shape[1]), np.nan)
    block = max(1, _BLOCK // clusters)
    for begin in range(0, resampling.n_bootstrap if clusters > 1 else 0, block):
        part = means[begin : begin + block]
        drawn = rng.integers(0, clusters, (len(part), clusters - 1))
        times = np.stack([np.bincount(row, minlength=clusters) for row in drawn]).astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            part[:] = (times @ sums) / (times @ counts)
    return means
