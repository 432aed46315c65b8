"""Reliability of closed-form probabilities: are answers right as often as their probability says?"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate, Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.calibration import (
    EDGES,
    FOLDS,
    bin_of,
    calibration_error,
    cross_validated_probabilities,
    fit_temperature,
    probabilities_at,
)
from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.tables.group_table import INTERVAL, Row, join_notes

RELIABILITY = (
    *("reference", "attribute", "kind", "method", "measure", "bin", "confidence", *INTERVAL),
    *("n", "clusters", "note"),
)
STATED, RECALIBRATED = "as stated", "recalibrated"
ACCURACY, ERROR, TEMPERATURE = "accuracy", "expected calibration error", "temperature"
ORIGINALS, DRAWN = "originals", "drawn images"
MIN_STARTS = 30
"""Number of starts from which probabilities are recalibrated."""
_BLOCK = 500


class Answers(NamedTuple):
    """The closed-form answers about one attribute of n pictures, beside the categories of a reference."""

    reference: str
    attribute: str
    kind: str
    """ORIGINALS or DRAWN."""
    log_likelihoods: np.ndarray
    """(n, C), of all options."""
    truth: np.ndarray
    """int (n,), index of the reference's category."""
    clusters: np.ndarray
    """(n,), the starts."""
    weights: np.ndarray
    """(n,), number of pictures that each stands for."""
    left_out: int = 0
    """Number of pictures of the reference that stand for none, because they belong to no stratum of the study."""


def reliability_table(answers: Iterable[Answers], resampling: Resampling) -> pd.DataFrame:
    """Compare the probability of the preferred option with the share of right answers.

    Args:
        answers: by reference, attribute and kind of picture.
        resampling: of the intervals of the expected calibration error.

    Returns:
        Columns RELIABILITY. measure: ACCURACY, in each bin of probabilities; ERROR; TEMPERATURE of the recalibration.
        confidence: mean probability of the preferred option. method: STATED, or RECALIBRATED, where the temperature was
        fitted to other starts than those that are measured. value: of the measure, with a 95 % interval: Wilson's at
        the effective sample size of clustered and weighted pictures (Kish 1965) for ACCURACY, a cluster bootstrap for
        ERROR. n: pictures; clusters: their starts. A note explains a null.
    """
    every = [own for own in answers if len(own.truth) or own.left_out]
    binned = [list(_binned(own, resampling.seed)) for own in every]
    errors = iter(_resampled_errors([one.sums for some in binned for one in some], resampling))
    rows = [row for own, some in zip(every, binned, strict=True) for row in _rows(own, some, islice(errors, len(some)))]
    return pd.DataFrame(rows, columns=list(RELIABILITY))


class _Binned(NamedTuple):
    """The probabilities of the preferred options, by bin."""

    confidence: np.ndarray
    """(n,)."""
    bins: np.ndarray
    """int (n,)."""
    sums: np.ndarray
    """(clusters, bins, 3), weights of pictures, of their probabilities and of right answers."""


def _binned(own: Answers, seed: int) -> Iterator[_Binned]:
    """Yield the probabilities as stated, and recalibrated if there are enough starts; none without pictures."""
    starts = len(np.unique(own.clusters))
    if starts:
        yield _in_bins(own, probabilities_at(own.log_likelihoods))
    if starts >= max(MIN_STARTS, FOLDS):
        arrays = (own.log_likelihoods, own.truth, own.weights, own.clusters)
        yield _in_bins(own, cross_validated_probabilities(*arrays, seed))


def _in_bins(own: Answers, probabilities: np.ndarray) -> _Binned:
    confidence, is_right = probabilities.max(1), probabilities.argmax(1) == own.truth
    bins = bin_of(confidence)
    cells = np.zeros((len(bins), len(EDGES) - 1, 3))
    contents = own.weights[:, None] * np.stack([np.ones(len(bins)), confidence, is_right], axis=1)
    cells[np.arange(len(bins)), bins] = contents
    return _Binned(confidence, bins, cluster_sums(cells, own.clusters))


def _rows(own: Answers, binned: Sequence[_Binned], errors: Iterator[np.ndarray]) -> Iterator[Row]:
    """Yield the rows of answers.

    Args:
        own: the answers.
        binned: of `_binned`.
        errors: one array for each of them, of `_resampled_errors`.
    """
    starts = len(np.unique(own.clusters))
    key = {"reference": own.reference, "attribute": own.attribute, "kind": own.kind}
    if not starts:
        row = {"method": STATED, "measure": ERROR, **Estimate().columns(), "n": 0, "clusters": 0}
        yield key | row | {"note": _left_out_note(own.left_out)}
        return
    stated, *recalibrated = binned
    for row in _measures(own, stated, next(errors)):
        yield key | {"method": STATED} | row
    sizes = {"n": len(own.truth), "clusters": starts}
    key |= {"method": RECALIBRATED}
    if not recalibrated:
        note = f"fewer than {MIN_STARTS} starts: not recalibrated"
        yield key | {"measure": ERROR, **Estimate().columns(), **sizes, "note": note}
        return
    for row in _measures(own, recalibrated[0], next(errors)):
        yield key | row
    value = fit_temperature(own.log_likelihoods, own.truth, own.weights)
    confidence = np.average(probabilities_at(own.log_likelihoods, value).max(1), weights=own.weights)
    row = {"measure": TEMPERATURE, "confidence": confidence, **Estimate(value).columns()}
    yield key | row | sizes | {"note": "fitted to all pictures: no interval"}


def _measures(own: Answers, binned: _Binned, errors: np.ndarray) -> Iterator[Row]:
    """Return a row for each bin with pictures, then the expected calibration error."""
    confidence, bins, sums = binned
    for k in np.unique(bins):
        chosen = bins == k
        weight, stated, right = sums[:, k].sum(0)
        estimate = _wilson(right / weight, sums[:, k, 0])
        sizes = {"n": int(chosen.sum()), "clusters": len(np.unique(own.clusters[chosen]))}
        name = f"{EDGES[k]:g} to {EDGES[k + 1]:g}"
        yield (
            {"measure": ACCURACY, "bin": name, "confidence": stated / weight}
            | estimate.columns()
            | sizes
            | {"note": ""}
        )
    value = float(calibration_error(sums.sum(0)))
    estimate = bootstrap_interval(value, errors, len(sums), (0, 1))
    row = {"measure": ERROR, "confidence": np.average(confidence, weights=own.weights), **estimate.columns()}
    note = join_notes(estimate.why_no_interval(len(sums)), _left_out_note(own.left_out))
    yield row | {"n": len(bins), "clusters": len(sums), "note": note}


def _left_out_note(count: int) -> str:
    """Return a note about pictures that are left out, or an empty text."""
    if not count:
        return ""
    are = "1 rated picture is" if count == 1 else f"{count} rated pictures are"
    return f"{are} left out: no stratum of the study has them"


def _wilson(share: float, weights: np.ndarray) -> Estimate:
    """Return a share with Wilson's interval, if the units of the clusters have these weights (clusters,)."""
    from statsmodels.stats.proportion import proportion_confint

    own = weights[weights > 0]
    effective = own.sum() ** 2 / (own**2).sum()
    low, high = proportion_confint(share * effective, effective, alpha=1 - CONFIDENCE, method="wilson")
    return Estimate(float(share), float(low), float(high))


def _resampled_errors(every: Sequence[np.ndarray], resampling: Resampling) -> list[np.ndarray]:
    """Return the expected calibration errors (n_bootstrap,) of cluster bootstrap samples of sums (clusters, bins, 3).

    Sums of equally many clusters share the numbers that say how often each cluster is drawn. Drawing these takes most
    of the time.
    """
    errors: list[list[np.ndarray]] = [[] for _ in every]
    for clusters in dict.fromkeys(map(len, every)):
        rng = np.random.default_rng(resampling.seed)
        alike = [place for place, sums in enumerate(every) if len(sums) == clusters]
        for k in range(0, resampling.n_bootstrap, _BLOCK):
            count = min(_BLOCK, resampling.n_bootstrap - k)
            drawn = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=count)
            for place in alike:
                samples = drawn @ every[place].reshape(clusters, -1)
                errors[place].append(calibration_error(samples.reshape(count, *every[place].shape[1:])))
    return [np.concatenate(blocks) for blocks in errors]
