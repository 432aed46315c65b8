"""Counts and sums within clusters. Chains of one start form a cluster, because they are not independent."""

import numpy as np


def cluster_sums(values: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Sum values (n, ...) within clusters (n,): float64 (clusters, ...), in ascending order of the clusters."""
    names, owner = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, owner, values)
    return sums


def cluster_counts(codes: np.ndarray, clusters: np.ndarray, size: int) -> np.ndarray:
    """Count each code within each cluster.

    Args:
        codes: int (n,), 0 to size - 1. Negative codes are not counted.
        clusters: (n,), equal within a cluster.
        size: number of codes.

    Returns:
        int64 (clusters, size), in ascending order of the clusters.
    """
    names, owner = np.unique(clusters, return_inverse=True)
    valid = codes >= 0
    cells = owner[valid] * size + codes[valid]
    return np.bincount(cells, minlength=len(names) * size).reshape(len(names), size)


def effective_sample_size(units: np.ndarray, independent_variance: float, deviations: np.ndarray) -> float:
    """Compute the number of independent units that carry as much information as the clustered units.

    The effective sample size is n over the design effect: the variance of the share between clusters over its variance
    under independence. The upper bound is n. The lower bound assumes equal units in each cluster. It is the squared sum
    of the cluster sizes over the sum of their squares (Kish 1965, Survey Sampling). The variance is a jackknife
    variance, because a large cluster pulls the share towards itself and so hides its own deviation.

    Args:
        units: (clusters,), number of units in each cluster.
        independent_variance: variance of the share under independence; 0 where it is unknown.
        deviations: (clusters,), sum of each cluster less its expected sum.

    Returns:
        1 to n; 1 for a single cluster.
    """
    n, clusters = int(units.sum()), len(units)
    if clusters < 2:
        return 1.0
    smallest = n**2 / float((units**2).sum())
    between = (clusters - 1) / clusters * ((deviations / (n - units)) ** 2).sum()
    design_effect = between / independent_variance if independent_variance > 0 else np.inf
    return float(np.clip(n / design_effect if design_effect else n, smallest, n))
