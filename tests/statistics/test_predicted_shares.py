"""Shares predicted from the first steps, against numpy and against chains that follow them."""

from dataclasses import replace

import numpy as np
import pytest
from test_markov_tests import STEPS, movers_and_stayers, panel, walks

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import ABSENT
from broken_telephone.statistics.tables.markov_tests import markov_tests_table
from broken_telephone.statistics.tables.predicted_shares import (
    FIXED_POINT,
    LATER,
    PREDICTED_SHARES,
    predicted_shares_table,
)
from broken_telephone.statistics.tables.shares_table import shares_table

RESAMPLING = Resampling(300, 3)
ENDS = np.linalg.matrix_power(STEPS, 500)[0]


def predicted(codes, clusters, start="image", tested=True):
    own = panel(codes, clusters, start=start)
    tests = markov_tests_table([own] if tested else [], RESAMPLING)
    return predicted_shares_table([own], shares_table([own], "judge"), tests, RESAMPLING)


def test_predictions_equal_powers_of_the_first_transitions():
    codes, clusters = walks(200, 12)
    table = predicted(codes, clusters)
    assert list(table.columns) == list(PREDICTED_SHARES)
    counts = np.zeros((3, 3))
    np.add.at(counts, (codes[:, :3].ravel(), codes[:, 1:4].ravel()), 1)
    matrix = counts / counts.sum(1, keepdims=True)
    shares = np.bincount(codes[:, 3], minlength=3) / 200
    assert sorted(set(table["iteration"].dropna())) == [5, 10, 12, 20]
    for iteration in (5, 10, 12, 20):
        rows = table[table["iteration"] == iteration]
        assert rows["value"].to_numpy() == pytest.approx(shares @ np.linalg.matrix_power(matrix, iteration - 3))
    values, vectors = np.linalg.eig(matrix.T)
    first = vectors[:, values.real.argmax()].real
    assert table[table["kind"] == FIXED_POINT]["value"].to_numpy() == pytest.approx(first / first.sum())
    assert (table["predicted_from"] == 3).all()


def test_observed_shares_stand_beside_predictions_only_where_the_loop_has_the_image():
    codes, clusters = walks(100, 12, 1)
    table = predicted(codes, clusters)
    last = table[table["iteration"] == 12]
    assert last["observed"].to_numpy() == pytest.approx(np.bincount(codes[:, 12], minlength=3) / 100)
    beyond = table[(table["iteration"] == 20) | (table["kind"] == FIXED_POINT)]
    assert beyond["observed"].isna().all()
    assert (beyond["note"] != "").all()
    assert (last["note"] == "").all()
    assert table["passed"].all()


@pytest.mark.parametrize("replicates", [1, 3])
def test_prediction_intervals_hold_observed_shares(replicates):
    held, ends = [], []
    for seed in range(60):
        table = predicted(*walks(90, 20, seed, replicates), tested=False)
        rows = table[table["iteration"] == 20]
        held += [*rows["observed"].between(rows["ci_low"] - 1e-9, rows["ci_high"] + 1e-9)]
        limits = table[table["kind"] == FIXED_POINT]
        ends += [*((limits["ci_low"] <= ENDS) & (limits["ci_high"] >= ENDS))]
    assert 0.91 <= np.mean(held) <= 0.995
    assert 0.91 <= np.mean(ends) <= 0.998


def test_chains_with_a_memory_are_marked():
    table = predicted(*movers_and_stayers(150, 8))
    assert not table["passed"].any()
    assert table["note"].str.contains("Markov assumption rejected: .*memory").all()


def test_short_loops_and_missing_answers():
    table = predicted(*walks(30, 2))
    assert (table["predicted_from"] == 2).all()
    assert set(table["kind"]) == {LATER, FIXED_POINT}
    prompts = predicted(*walks(30, 3), start="prompt")
    assert (prompts["predicted_from"] == 3).all()
    single = predicted(np.zeros((5, 1), int), np.arange(5))
    assert single["note"].str.startswith("a single picture: there is no step").all()
    none = predicted(np.full((5, 6), ABSENT), np.arange(5))
    assert none["note"].str.startswith("too few answers").all()


def test_images_that_were_not_kept_are_predicted_as_those_of_longer_loops():
    codes, clusters = walks(200, 8)
    thinned = frozenset({5, 6, 7})
    gaps = codes.copy()
    gaps[:, sorted(thinned)] = ABSENT
    own = replace(panel(gaps, clusters), thinned=thinned)
    table = predicted_shares_table(
        [own], shares_table([own], "judge"), markov_tests_table([own], RESAMPLING), RESAMPLING
    )
    whole = predicted(codes, clusters)
    columns = ["value", "ci_low", "ci_high"]
    thin, full = (one[one["iteration"] == 5][columns].astype(float) for one in (table, whole))
    np.testing.assert_allclose(thin, full)
