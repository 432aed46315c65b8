"""Calibration of probabilities: planted temperatures, a direct computation, and a table without enough ratings."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.statistics import Resampling, reliability_table
from broken_telephone.statistics.estimates.calibration import (
    EDGES,
    bin_of,
    cross_validated_probabilities,
    fit_temperature,
    probabilities_at,
)
from broken_telephone.statistics.tables.reliability import (
    ACCURACY,
    DRAWN,
    ERROR,
    RECALIBRATED,
    RELIABILITY,
    STATED,
    TEMPERATURE,
    Answers,
)

RESAMPLING = Resampling(400, 1)


def answers(n=3000, temperature=3.0, seed=0, clusters=None, weights=None) -> Answers:
    """Simulate answers whose log-likelihoods are `temperature` times too large."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, (n, 3))
    truth = np.array([rng.choice(3, p=row) for row in probabilities_at(honest)])
    clusters = np.arange(n) if clusters is None else clusters
    return Answers(
        "raters", "age", DRAWN, temperature * honest, truth, clusters, np.ones(n) if weights is None else weights
    )


def row(table, method, measure):
    rows = table[(table["method"] == method) & (table["measure"] == measure)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_planted_temperature_is_found_and_calibrates_on_other_starts():
    own = answers()
    assert fit_temperature(own.log_likelihoods, own.truth, own.weights) == pytest.approx(3, rel=0.1)
    table = reliability_table([own], RESAMPLING)
    assert list(table.columns) == list(RELIABILITY)
    assert row(table, STATED, ERROR)["value"] > 0.1
    assert row(table, RECALIBRATED, ERROR)["value"] < 0.03
    assert row(table, RECALIBRATED, TEMPERATURE)["value"] == pytest.approx(3, rel=0.1)
    assert row(table, STATED, ERROR)["confidence"] > 0.9


def test_every_start_is_recalibrated_by_other_starts_only():
    own = answers(n=300, clusters=np.repeat(np.arange(100), 3))
    before = cross_validated_probabilities(*own[3:5], own.weights, own.clusters, 1)
    # Other truths of one start change the probabilities of other starts, but not its own.
    truth = own.truth.copy()
    truth[:3] = (truth[:3] + 1) % 3
    after = cross_validated_probabilities(own.log_likelihoods, truth, own.weights, own.clusters, 1)
    assert after[:3] == pytest.approx(before[:3], abs=1e-12)
    assert np.abs(after[3:] - before[3:]).max() > 1e-6


def test_the_table_is_that_of_a_direct_computation_with_weights():
    own = answers(n=400, weights=np.random.default_rng(1).integers(1, 6, 400).astype(float))
    probabilities = np.exp(own.log_likelihoods) / np.exp(own.log_likelihoods).sum(1, keepdims=True)
    stated, is_right = probabilities.max(1), probabilities.argmax(1) == own.truth
    table = reliability_table([own], RESAMPLING)
    bins = table[(table["method"] == STATED) & (table["measure"] == ACCURACY)]
    error, pictures = 0.0, 0
    for low, high, each in zip(EDGES[:-1], EDGES[1:], bins.itertuples(), strict=True):
        assert each.bin == f"{low:g} to {high:g}"
        chosen = (stated >= low) & ((stated < high) | (high == 1))
        accuracy = np.average(is_right[chosen], weights=own.weights[chosen])
        assert each.value == pytest.approx(accuracy)
        assert each.ci_low <= accuracy <= each.ci_high
        confidence = np.average(stated[chosen], weights=own.weights[chosen])
        assert each.confidence == pytest.approx(confidence)
        error += own.weights[chosen].sum() * abs(accuracy - confidence)
        pictures += each.n
    assert pictures == 400
    assert row(table, STATED, ERROR)["value"] == pytest.approx(error / own.weights.sum())


def test_pictures_of_one_start_count_as_one_unit():
    alone, repeated = answers(n=200), answers(n=200)
    fourfold = Answers(
        *repeated[:3],
        *(np.repeat(part, 4, axis=0) for part in (repeated.log_likelihoods, repeated.truth)),
        np.repeat(repeated.clusters, 4),
        np.ones(800),
    )
    intervals = [
        reliability_table([own], RESAMPLING).set_index(["method", "measure", "bin"])[["value", "ci_low", "ci_high"]]
        for own in (alone, fourfold)
    ]
    of_bins = [table.loc[(STATED, ACCURACY)].to_numpy(float) for table in intervals]
    assert of_bins[0] == pytest.approx(of_bins[1])
    assert intervals[0].loc[(STATED, ERROR)].to_numpy(float) == pytest.approx(
        intervals[1].loc[(STATED, ERROR)].to_numpy(float)
    )


def test_answers_measured_together_get_the_intervals_that_they_get_alone():
    """Those of equally many starts share their bootstrap samples."""
    every = [answers(n=60), answers(n=45)._replace(attribute="b"), answers(n=60, temperature=1.0)._replace(kind=DRAWN)]
    together = reliability_table(every, RESAMPLING)
    apart = pd.concat([reliability_table([own], RESAMPLING) for own in every], ignore_index=True)
    pd.testing.assert_frame_equal(together, apart)
    errors = together.loc[together["measure"] == ERROR, "ci_high"]
    assert errors.notna().all()
    assert errors.is_unique


def test_few_starts_are_not_recalibrated_and_the_note_says_so():
    table = reliability_table([answers(n=20)], RESAMPLING)
    last = row(table, RECALIBRATED, ERROR)
    assert np.isnan(last["value"])
    assert last["note"] == "fewer than 30 starts: not recalibrated"
    assert reliability_table([answers(n=20)._replace(truth=np.array([], int))], RESAMPLING).empty


def test_a_limit_belongs_to_the_bin_above():
    assert bin_of(np.array([0.0, 0.5, 0.949, 0.95, 0.99, 1.0])).tolist() == [0, 1, 5, 6, 7, 7]
