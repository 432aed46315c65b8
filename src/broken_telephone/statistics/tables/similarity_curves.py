"""Similarities averaged over the chains of each label, with intervals over starts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.estimate import Estimate, spread, why_no_interval
from broken_telephone.statistics.estimates.panel import clusters_of, label_groups
from broken_telephone.statistics.tables.drift_table import Resampling

CURVES = ("start", "label", "pair", "kind", "iteration", "n", "clusters", "value", "ci_low", "ci_high", "note")

_DRAWN = 2**22
"""Clusters drawn at once."""
_RESAMPLING = Resampling(n_bootstrap=2000, seed=0)
_ALIKE = 1e-6
"""Width of an interval that comes of rounding alone: that no start differs does not say that none ever would."""


def similarity_curves(
    similarities: pd.DataFrame, chains: pd.DataFrame, resampling: Resampling = _RESAMPLING
) -> pd.DataFrame:
    """Average similarities over the chains of each label, with 95 % intervals by bootstrap over starts.

    Replicates share their start and are drawn together. One start fewer than there are is drawn each time, so that
    the spread of the averages is that of an average of independent starts, not too small by their number less one
    (Rao and Wu 1988, JASA 83).

    Args:
        similarities: the `similarities` table.
        chains: the `chains` table.
        resampling: of the intervals.

    Returns:
        Columns CURVES: start (image or prompt), label (then ALL, where there are several), pair, kind, iteration; n
        chains in clusters independent starts; value, their mean; a null has a note. Pairs that no chain has are left
        out. Means at two iterations are of the same chains only where n is the same.
    """
    place = pd.Index(chains["chain_id"].astype(str))
    known = similarities.assign(row=place.get_indexer(similarities["chain_id"].astype(str))).query("row >= 0")
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


def _means(values: np.ndarray, clusters: np.ndarray, resampling: Resampling) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the mean of every column of values, (n, columns), that has any, with its interval and counts."""
    there = np.isfinite(values)
    names, owner = np.unique(clusters, return_inverse=True)
    sums, counts = (np.zeros((len(names), values.shape[1])) for _ in range(2))
    np.add.at(sums, owner, np.where(there, values, 0.0))
    np.add.at(counts, owner, there)
    samples = _resampled(sums, counts, resampling)
    for column in np.flatnonzero(counts.any(axis=0)):
        n, units = int(counts[:, column].sum()), int((counts[:, column] > 0).sum())
        found = spread(float(sums[:, column].sum() / n), samples[:, column], units, (-1, 1))
        note = why_no_interval(found, units)
        if found.high - found.low < _ALIKE:
            found, note = Estimate(found.value, np.nan, np.nan), "all starts alike: no interval"
        yield int(column), {"n": n, "clusters": units, **_named(found), "note": note}


def _named(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "ci_low": found.low, "ci_high": found.high}


def _resampled(sums: np.ndarray, counts: np.ndarray, resampling: Resampling) -> np.ndarray:
    """Return the means of resampled clusters, (n_bootstrap, columns); null where none drawn has a value."""
    clusters, rng = len(sums), np.random.default_rng(resampling.seed)
    found = np.full((resampling.n_bootstrap, sums.shape[1]), np.nan)
    at_once = max(1, _DRAWN // clusters)
    for begin in range(0, resampling.n_bootstrap if clusters > 1 else 0, at_once):
        part = found[begin : begin + at_once]
        drawn = rng.integers(0, clusters, (len(part), clusters - 1))
        times = np.stack([np.bincount(row, minlength=clusters) for row in drawn]).astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            part[:] = (times @ sums) / (times @ counts)
    return found
