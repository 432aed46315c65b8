"""Prediction-powered inference: the annotator's shares, corrected with human ratings of a sample."""

import numpy as np

from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.misclassification import project_to_simplex
from broken_telephone.statistics.estimates.panel import ABSENT


def prediction_powered_shares(
    codes: np.ndarray, rated: np.ndarray, strata: np.ndarray, clusters: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Correct an annotator's shares with human ratings of a stratified sample of the pictures.

    The estimator is that of Angelopoulos et al. (2023, Science 382), with the power tuning of Angelopoulos, Duchi and
    Zrnic (2023, PPI++, arXiv 2311.01453), as implemented in `ppi_py`. One tuning parameter serves all categories, so
    that the shares sum to 1.

    The weight of a rating is the number of pictures in its stratum for each rated one. `ppi_py` treats weighted ratings
    as a simple random sample. The shares remain correct, and the standard errors are conservative, because stratified
    sampling varies less. Inference within strata is up to a tenth more precise if each stratum has several ratings. It
    fails for a stratum with fewer than two, which is common if answers define the strata.

    A start is one unit, whatever the number of its replicates. Centring the values changes no share, and keeps the
    variance of the weights out of the standard errors. These include two pseudo-ratings in which people and annotator
    disagree in both directions, as Bonett and Price (2012, JEBS 37) add for a difference of paired shares.

    Args:
        codes: (n,), the annotator's categories, or ABSENT.
        rated: (n,), the categories of people, or ABSENT without a rating; at least one picture is rated.
        strata: (n,).
        clusters: (n,), equal for pictures that are not independent.
        size: number of categories C.

    Returns:
        Shares (C,), 0 to 1, and their standard errors (C,).
    """
    from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
    from scipy.stats import norm

    one_hot = np.eye(size + 1)[:, :size]  # The last row, which ABSENT selects, is zero.
    has_rating = rated != ABSENT
    names, stratum = np.unique(strata, return_inverse=True)
    pictures, ratings = np.bincount(stratum), np.bincount(stratum[has_rating], minlength=len(names))
    weights = (pictures / np.maximum(ratings, 1))[stratum[has_rating]]
    truth, w = _cluster_means(one_hot[rated[has_rating]], weights, clusters[has_rating])
    answer, _ = _cluster_means(one_hot[codes[has_rating]], weights, clusters[has_rating])
    answers, w_all = _cluster_means(one_hot[codes], np.ones(len(codes)), clusters)
    mean_truth, mean_answer = np.average(truth, axis=0, weights=w), np.average(answer, axis=0, weights=w)
    truth, answer, answers, w = truth - mean_truth, answer - mean_answer, answers - mean_answer, w / w.mean()
    # Tuning is undefined for answers without variance.
    tuning = None if np.ptp(answers, axis=0).any() else 1
    value = ppi_mean_pointestimate(truth, answer, answers, lam=tuning, w=w, w_unlabeled=w_all) + mean_truth
    up, down = np.full((1, size), 0.5), np.full((1, size), -0.5)
    truth, answer = np.concatenate([truth, up, down]), np.concatenate([answer, down, up])
    w = np.append(w, [1, 1])
    low, high = ppi_mean_ci(truth, answer, answers, alpha=0.05, lam=tuning, w=w, w_unlabeled=w_all)
    return project_to_simplex(np.asarray(value)), np.asarray(high - low) / (2 * norm.ppf(0.975))


def _cluster_means(values: np.ndarray, weights: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted means of values (n, C) in each cluster, (clusters, C), and the summed weights (clusters,)."""
    sums = cluster_sums(weights, clusters)
    return cluster_sums(values * weights[:, None], clusters) / sums[:, None], sums
