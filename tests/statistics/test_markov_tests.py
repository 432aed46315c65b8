"""Tests of the Markov assumption: against other libraries, slow computations and planted chains."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from statsmodels.stats.contingency_tables import StratifiedTable

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel
from broken_telephone.statistics.hypothesis_tests.markov_tests import (
    homogeneity_test,
    memory_test,
    order_test,
    periods,
)
from broken_telephone.statistics.tables.markov_tests import (
    HOMOGENEITY,
    MARKOV_TESTS,
    MEMORY,
    NOISE,
    ORDER,
    markov_tests_table,
    rejected_kinds,
)

RESAMPLING = Resampling(200, 3)
STEPS = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7]])


def walks(n, iterations, seed=0, replicates=1, steps=STEPS):
    rng = np.random.default_rng(seed)
    size = len(steps)
    codes = np.zeros((n, iterations + 1), int)
    codes[:, 0] = np.repeat(rng.integers(size, size=n // replicates), replicates)
    for k in range(iterations):
        codes[:, k + 1] = (rng.random(n)[:, None] > steps[codes[:, k]].cumsum(1)).sum(1)
    return codes, np.repeat(np.arange(n // replicates), replicates)


def movers_and_stayers(n, iterations, seed=0):
    codes, clusters = walks(n, iterations, seed)
    stays = np.random.default_rng(seed + 1).random(n) < 0.4
    codes[stays] = codes[stays, :1]
    return codes, clusters


def test_periods_double_in_length():
    assert periods(9).tolist() == [0, 1, 2, 2, 3, 3, 3, 3, 4]


def test_homogeneity_equals_pearsons_test_of_each_category():
    codes, clusters = walks(400, 5)
    result = homogeneity_test(codes, clusters, 3, RESAMPLING)
    statistic = degrees = 0
    step = np.broadcast_to(periods(5), (400, 5))
    for category in range(3):
        own = codes[:, :-1] == category
        table = np.zeros((4, 3))
        np.add.at(table, (step[own], codes[:, 1:][own]), 1)
        pearson = chi2_contingency(table[table.any(1)], correction=False)
        statistic += pearson.statistic * (own.sum() - 1) / own.sum()
        degrees += pearson.dof
    assert result.statistic == pytest.approx(statistic)
    assert result.degrees == degrees
    assert (result.n, result.clusters) == (2000, 400)


def test_order_equals_the_test_of_cochran_mantel_and_haenszel():
    steps = np.array([[0.8, 0.2], [0.3, 0.7]])
    codes, clusters = walks(300, 4, 2, steps=steps)
    result = order_test(codes, clusters, 2, RESAMPLING)
    statistic = 0
    for category in range(2):
        tables = []
        for k in range(1, 4):
            own = codes[:, k] == category
            table = np.zeros((2, 2))
            np.add.at(table, (codes[own, k - 1], codes[own, k + 1]), 1)
            tables.append(table)
        statistic += StratifiedTable(tables).test_null_odds(correction=False).statistic
    assert result.statistic == pytest.approx(statistic)
    assert result.degrees == 2


def test_memory_equals_a_slow_computation():
    codes, clusters = walks(120, 4, 5)
    total = variance = 0.0
    for k in range(1, 4):
        for category in range(3):
            own = codes[:, k] == category
            first, after = np.eye(3)[codes[own, 0]], np.eye(3)[codes[own, k + 1]]
            m = own.sum()
            table = first.T @ after
            total += np.trace(table) - (first.sum(0) * after.sum(0)).sum() / m
            # The variance of the sum over pairs under random permutations: Hoeffding 1951.
            equal = first @ after.T
            centred = equal - equal.mean(0) - equal.mean(1)[:, None] + equal.mean()
            variance += (centred**2).sum() / (m - 1)
    assert memory_test(codes, clusters, 3, RESAMPLING).statistic == pytest.approx(total**2 / variance)


def test_permutations_of_large_samples_agree_with_chi_square():
    from scipy.stats import chi2

    for seed in range(4):
        result = order_test(*walks(2000, 4, seed), 3, Resampling(200, seed))
        assert result.p_value == pytest.approx(chi2.sf(result.statistic, result.degrees), abs=0.06)


@pytest.mark.parametrize("test", [homogeneity_test, order_test, memory_test])
def test_markov_chains_are_seldom_rejected(test):
    p_values = [
        test(*walks(45, 5, seed, replicates), 3, Resampling(200, seed)).p_value
        for replicates in (1, 3)
        for seed in range(40)
    ]
    assert 0.0 < np.mean(np.array(p_values) <= 0.2) < 0.32
    assert np.mean(np.array(p_values) <= 0.05) <= 0.1


def test_movers_and_stayers_have_a_memory():
    codes, clusters = movers_and_stayers(100, 5)
    assert memory_test(codes, clusters, 3, RESAMPLING).p_value < 0.01
    assert order_test(codes, clusters, 3, RESAMPLING).p_value < 0.01


def test_other_transitions_later_are_not_homogeneous():
    codes, clusters = walks(100, 7)
    rng = np.random.default_rng(1)
    for k in range(4, 8):
        codes[:, k] = np.where(rng.random(100) < 0.3, 2, codes[:, k - 1])
    assert homogeneity_test(codes, clusters, 3, RESAMPLING).p_value < 0.01


def test_replicates_that_share_their_steps_count_as_starts():
    codes, clusters = walks(30, 5, 4)
    repeated = np.repeat(codes, 4, axis=0)
    alone = homogeneity_test(codes, clusters, 3, RESAMPLING)
    shared = homogeneity_test(repeated, np.repeat(clusters, 4), 3, RESAMPLING)
    wrong = homogeneity_test(repeated, np.arange(120), 3, RESAMPLING)
    assert wrong.statistic > 3.5 * alone.statistic
    assert shared.statistic < 1.4 * alone.statistic
    assert shared.clusters == 30


def test_missing_answers_and_categories_that_never_occur_cost_nothing():
    codes, clusters = walks(60, 5, 6)
    same = homogeneity_test(codes, clusters, 5, RESAMPLING)
    assert same == pytest.approx(homogeneity_test(codes, clusters, 3, RESAMPLING))
    codes[np.random.default_rng(0).random(codes.shape) < 0.2] = ABSENT
    result = order_test(codes, clusters, 3, RESAMPLING)
    assert result.n < 240
    assert 0 < result.p_value <= 1


def test_nothing_to_compare():
    still = np.zeros((10, 5), int)
    for test in (homogeneity_test, order_test, memory_test):
        result = test(still, np.arange(10), 3, RESAMPLING)
        assert result.degrees == 0
        assert np.isnan(result.p_value)


def panel(codes, clusters, labels=None, start="image"):
    n = len(codes)
    return Panel(
        "age",
        ("young", "adult", "old"),
        np.asarray(codes, np.int8),
        np.full(n, ABSENT, np.int8),
        clusters,
        np.full(n, "fear", dtype=object) if labels is None else labels,
        np.full(n, start, dtype=object),
    )


def test_the_table_names_what_is_rejected_and_adjusts_all_tests():
    codes, _ = movers_and_stayers(120, 5)
    honest, _ = walks(120, 5, 9)
    labels = np.repeat(np.array(["fear", "joy"], dtype=object), 120)
    table = markov_tests_table([panel(np.vstack([codes, honest]), np.arange(240), labels)], RESAMPLING)
    assert list(table.columns) == list(MARKOV_TESTS)
    assert table["kind"].tolist() == [HOMOGENEITY, ORDER, MEMORY] * 3
    assert set(table["label"]) == {"fear", "joy", ALL}
    assert (table["p_adjusted"] >= table["p_value"]).all()
    key = {"start": "image", "attribute": "age"}
    assert {ORDER, MEMORY} <= set(rejected_kinds(table, label="fear", **key))
    assert rejected_kinds(table, label="joy", **key) == []
    assert table.query("label == 'fear' and kind == @MEMORY")["note"].item() == NOISE


def test_short_chains_have_no_test():
    table = markov_tests_table([panel(*walks(20, 2))], RESAMPLING)
    assert table["p_value"].notna().tolist() == [True, True, False]
    assert table["note"].iloc[2] == "fewer than 4 images in a chain"
    single = markov_tests_table([panel(*walks(20, 1))], RESAMPLING)
    assert single["p_value"].isna().all()
    assert (single["note"] != "").all()
    assert rejected_kinds(single, start="image", label="fear", attribute="age") is None


def test_an_annotators_errors_alone_give_a_memory():
    # Documented in docs/measures.md: a Markov chain that is observed with errors is a hidden one.
    sticky = np.array([[0.95, 0.05, 0], [0.05, 0.9, 0.05], [0, 0.05, 0.95]])
    codes, clusters = walks(300, 8, 3, steps=sticky)
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(codes.shape) < 0.1, rng.integers(3, size=codes.shape), codes)
    assert order_test(codes, clusters, 3, RESAMPLING).p_value > 0.05
    assert order_test(noisy, clusters, 3, RESAMPLING).p_value < 0.01


@pytest.mark.parametrize(
    ("kept", "tested"),
    [({1, 2, 8}, {HOMOGENEITY, ORDER}), ({1, 3, 8}, set()), ({1, 2, 3, 8}, {HOMOGENEITY, ORDER, MEMORY})],
)
def test_images_that_were_not_kept_leave_out_tests(kept, tested):
    codes, clusters = movers_and_stayers(300, 8)
    thinned = frozenset(range(1, 9)) - kept
    codes[:, sorted(thinned)] = ABSENT
    table = markov_tests_table([replace(panel(codes, clusters), thinned=thinned)], RESAMPLING)
    assert set(table.loc[table["p_adjusted"].notna(), "kind"]) == tested
    assert table.loc[table["p_value"].isna(), "note"].str.contains("that the study kept").all()


def test_annotator_errors_may_explain_any_rejection():
    steps = np.eye(3)[[1, 2, 0]]
    codes, clusters = walks(400, 6)
    codes[:, 1] = steps[codes[:, 0]].argmax(1)
    table = markov_tests_table([panel(codes, clusters)], RESAMPLING)
    assert table.loc[table["kind"] == HOMOGENEITY, "note"].item() == NOISE
