"""Calibration of probabilities: how often an annotator is right where it states a probability, and recalibration."""

import numpy as np

EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Limits of the bins of probabilities. They are narrow where models that are too sure put most of their answers."""
FOLDS = 5
_TEMPERATURES = (0.05, 50.0)
_SMALLEST = 1e-12


def probabilities_at(log_likelihoods: np.ndarray, temperature: float | np.ndarray = 1.0) -> np.ndarray:
    """Return the probabilities (n, C) of options with log-likelihoods (n, C), which the temperature divides."""
    scaled = log_likelihoods / np.broadcast_to(temperature, len(log_likelihoods))[:, None]
    weights = np.exp(scaled - scaled.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def fit_temperature(log_likelihoods: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> float:
    """Fit the temperature that makes the true categories most likely (Guo et al. 2017, ICML, section 4.2).

    One number is fitted for each attribute. Isotonic regression has many more, which a few dozen ratings cannot
    estimate, and `CalibratedClassifierCV` of scikit-learn wants a fitted classifier.

    Args:
        log_likelihoods: (n, C).
        truth: (n,), index of the true category.
        weights: (n,).

    Returns:
        0.05 to 50. Above 1, the stated probabilities are too sure.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        stated = probabilities_at(log_likelihoods, np.exp(log_temperature))[rows, truth]
        return float(-(weights * np.log(np.maximum(stated, _SMALLEST))).sum())

    limits = tuple(np.log(_TEMPERATURES))
    return float(np.exp(minimize_scalar(loss, bounds=limits, method="bounded").x))


def cross_validated_probabilities(
    log_likelihoods: np.ndarray, truth: np.ndarray, weights: np.ndarray, clusters: np.ndarray, seed: int
) -> np.ndarray:
    """Return recalibrated probabilities (n, C): each start's by the temperature of the starts in the other folds.

    Args:
        log_likelihoods: (n, C).
        truth: (n,), index of the true category.
        weights: (n,).
        clusters: (n,), starts; at least FOLDS.
        seed: of the folds.
    """
    names, owner = np.unique(clusters, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[owner]
    temperatures = np.ones(len(truth))
    for k in range(FOLDS):
        others = fold != k
        temperatures[~others] = fit_temperature(log_likelihoods[others], truth[others], weights[others])
    return probabilities_at(log_likelihoods, temperatures)


def bin_of(confidence: np.ndarray) -> np.ndarray:
    """Return the bin of each stated probability; a limit belongs to the bin above it, and 1 to the last bin."""
    return np.asarray(np.clip(np.searchsorted(EDGES, confidence, side="right") - 1, 0, len(EDGES) - 2))


def calibration_error(sums: np.ndarray) -> np.ndarray:
    """Return the expected calibration error (Naeini, Cooper and Hauskrecht 2015, AAAI), 0 to 1.

    It is the mean over all pictures of the distance between mean probability and share of right answers in their bin.

    Args:
        sums: (..., bins, 3), sums of weights, of weighted probabilities and of weighted right answers.
    """
    return np.asarray(np.abs(sums[..., 1] - sums[..., 2]).sum(-1) / np.maximum(sums[..., 0].sum(-1), _SMALLEST))
