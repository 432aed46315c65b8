"""Changes of crossed attributes, against counts by hand, other libraries, and planted truth."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from broken_telephone.statistics import Resampling, with_adjusted_p_values
from broken_telephone.statistics.estimates.bootstrap import Estimate
from broken_telephone.statistics.estimates.crossed_panels import crossed_panel, crossed_panels
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel
from broken_telephone.statistics.estimates.partial_pooling import (
    CellChanges,
    between_variance,
    cell_changes,
    critical_values,
    pooled_changes,
    raked,
)
from broken_telephone.statistics.tables.drift_table import drift_table
from broken_telephone.statistics.tables.intersections import INTERSECTIONS, POOLED, intersections_table

AGES, GENDERS = ("young", "old"), ("male", "female")
RESAMPLING = Resampling(400, 1)


def panel(name, categories, codes, labels=None, clusters=None, start="image"):
    codes = np.asarray(codes, dtype=np.int8)
    n = len(codes)
    labels = np.full(n, "fear", dtype=object) if labels is None else np.asarray(labels, dtype=object)
    clusters = np.arange(n) if clusters is None else np.asarray(clusters)
    return Panel(name, categories, codes, np.full(n, ABSENT, np.int8), clusters, labels, np.full(n, start, object))


def random_pair(seed=0, n=60, size=(3, 2), missing=0.1, iterations=2, **columns):
    rng = np.random.default_rng(seed)
    names = ("age", "gender")
    parts = [
        np.where(rng.random((n, iterations + 1)) < missing, ABSENT, rng.integers(0, k, (n, iterations + 1)))
        for k in size
    ]
    return tuple(
        panel(name, tuple(f"{name}{code}" for code in range(k)), codes, **columns)
        for name, k, codes in zip(names, size, parts, strict=True)
    )


def test_a_picture_has_a_crossed_category_only_if_both_answers_are_valid():
    age = panel("age", AGES, [[0, 1], [1, ABSENT], [ABSENT, 0], [1, 1]])
    gender = panel("gender", GENDERS, [[1, 0], [1, 1], [0, 0], [ABSENT, 1]])
    crossed = crossed_panels({"age": age, "gender": gender}, [("age", "gender")])["age x gender"]
    assert crossed.categories == ("young x male", "young x female", "old x male", "old x female")
    assert crossed.codes.tolist() == [[1, 2], [3, ABSENT], [ABSENT, 0], [ABSENT, 3]]
    assert (crossed.stated == ABSENT).all()


def test_crossed_codes_do_not_overflow():
    many = panel("a", tuple(map(str, range(100))), [[99]]), panel("b", tuple(map(str, range(50))), [[49]])
    assert crossed_panel(*many).codes.tolist() == [[4999]]


def test_values_intervals_and_tests_are_those_of_the_drift_of_the_crossed_panel():
    pair = random_pair(labels=["fear", "joy"] * 30)
    table = intersections_table([pair], RESAMPLING)
    drift = drift_table([crossed_panel(*pair)], [(None, 2)], RESAMPLING)
    drift = drift[drift["measure"] == "share difference"]
    assert tuple(table.columns) == INTERSECTIONS
    keys = ["start", "label", "attribute", "category", "since", "iteration"]
    assert table[keys].values.tolist() == drift[keys].values.tolist()
    for name in ("value", "ci_low", "ci_high", "p_value", "n", "clusters"):
        assert table[name].to_numpy(float) == pytest.approx(drift[name].to_numpy(float)), name
    assert (table["after"] - table["before"]).to_numpy(float) == pytest.approx(table["value"].to_numpy(float))


def test_missing_answers_and_starts_are_counted():
    age = panel("age", AGES, [[0, 1], [0, ABSENT], [0, 1], [0, 0]], clusters=[0, 0, 1, 1])
    gender = panel("gender", GENDERS, [[0, 1], [0, 0], [ABSENT, ABSENT], [0, 0]], clusters=[0, 0, 1, 1])
    table = intersections_table([(age, gender)], RESAMPLING).set_index("category")
    assert (table["missing_before"] == 0.25).all()
    assert (table["missing_after"] == 0.5).all()
    assert (table[["n", "clusters"]] == 2).all(axis=None)
    assert table["starts_in_category"].to_dict() == {
        "young x male": 2,
        "young x female": 0,
        "old x male": 0,
        "old x female": 1,
    }
    assert table["value"].to_dict() == pytest.approx(
        {"young x male": -0.5, "young x female": 0, "old x male": 0, "old x female": 0.5}
    )


@pytest.mark.parametrize(
    ("codes", "start", "why"),
    [
        ([[ABSENT, 0], [0, ABSENT]], "image", "no chain has a category of both attributes at both 0 and 1"),
        ([[0], [1]], "image", "a single picture: there is no change"),
        ([[ABSENT, 0], [ABSENT, 1]], "prompt", "a single picture: there is no change"),
    ],
)
def test_a_note_explains_missing_changes(codes, start, why):
    pair = panel("age", AGES, codes, start=start), panel("gender", GENDERS, codes, start=start)
    table = intersections_table([pair], RESAMPLING)
    assert table["value"].isna().all()
    assert (table["note"] == why).all()
    assert len(table) == 4


def test_a_single_start_has_changes_without_intervals():
    pair = panel("age", AGES, [[0, 1]]), panel("gender", GENDERS, [[0, 0]])
    table = intersections_table([pair], RESAMPLING)
    assert table["value"].tolist() == [-1, 0, 1, 0]
    assert table[["ci_low", "pooled_low", "pooled_high"]].isna().all(axis=None)
    assert table["note"].str.contains("a single start: no interval").all()


def test_raking_keeps_odds_ratios_and_takes_the_later_margins():
    """The margins and odds ratios of the later table determine it, see Agresti 2013, 9.7.2."""
    rng = np.random.default_rng(0)
    before, after = rng.dirichlet(np.ones(4), size=2)
    predicted = raked(before, after, (2, 2), 0).reshape(2, 2)
    assert predicted.sum(1) == pytest.approx(after.reshape(2, 2).sum(1))
    assert predicted.sum(0) == pytest.approx(after.reshape(2, 2).sum(0))

    def odds_ratio(table):
        return table[0, 0] * table[1, 1] / table[0, 1] / table[1, 0]

    assert odds_ratio(predicted) == pytest.approx(odds_ratio(before.reshape(2, 2)), rel=1e-4)


def test_if_two_attributes_change_independently_the_prediction_is_the_truth():
    """Originals without association whose ages and genders change independently: the prediction misses nothing."""
    age, gender = np.array([[0.7, 0.3], [0.1, 0.9]]), np.array([[0.4, 0.6], [0.2, 0.8]])
    before = np.kron([0.5, 0.5], [0.6, 0.4])
    after = before @ np.kron(age, gender)
    assert raked(before, after, (2, 2), 0.02) == pytest.approx(after, abs=5e-4)


def test_scales_and_predictions_of_many_chains_give_no_pooling():
    """Of 40,000 chains the residual is known, so that pooling has nothing to add."""
    rng = np.random.default_rng(0)
    before = rng.integers(0, 4, 40_000)
    after = np.where((before == 1) & (rng.random(40_000) < 0.5), 2, before)
    changes = cell_changes(count_pairs(before, after, np.arange(40_000), 4), (2, 2), RESAMPLING)
    pooled = pooled_changes([changes], [changes])[0]
    assert [estimate.value for estimate in pooled] == pytest.approx([0, -0.125, 0.125, 0], abs=0.006)
    for estimate, raw in zip(pooled, changes.raw, strict=True):
        assert estimate.value == pytest.approx(raw.value, abs=0.001)
        assert estimate.high - estimate.low == pytest.approx(raw.high - raw.low, rel=0.1)


def cells(residual, noise=1e-4, scale=0.1, free=1, clusters=500):
    residual = np.asarray(residual, dtype=float)
    size = len(residual)
    raw = [Estimate(float(value), float(value) - 0.02, float(value) + 0.02) for value in residual]
    arrays = (np.zeros(size), np.full(size, 1e-5), np.full(size, noise), np.zeros(size), np.full(size, scale))
    return CellChanges(raw, *arrays, clusters=clusters, free=free)


def test_the_variance_between_cells_is_that_of_the_method_of_moments():
    from statsmodels.stats.meta_analysis import combine_effects

    rng = np.random.default_rng(1)
    residual = rng.normal(0, 0.05, 2000)
    residual -= residual.mean()
    square, upper = between_variance([cells(residual, free=2000)])
    theirs = combine_effects(residual, np.full(2000, 1e-4), method_re="chi2", use_t=False)
    assert square * 0.1 == pytest.approx(theirs.tau2, rel=1e-3)
    assert upper > square


def test_without_deviations_the_pooled_changes_are_nearly_the_predicted_ones():
    rng = np.random.default_rng(1)
    group = cells(rng.normal(0, 0.01, 400), free=400)
    pooled = np.array([estimate.value for estimate in pooled_changes([group], [group])[0]])
    within = np.abs(group.residual) < 0.01
    assert np.abs(pooled[within]).max() < 0.0015
    # No change is moved by more than one standard error of its residual.
    assert np.abs(pooled - group.residual).max() == pytest.approx(0.01)


def test_critical_values_are_the_published_ones():
    """Without bias 1.96; with equal biases the exact root; never below either (Armstrong et al. 2022, equation 7)."""
    assert critical_values(np.zeros(1), 10**9)[0] == pytest.approx(norm.ppf(0.975), abs=1e-3)
    # Of a large mean square, two values of the bias miss 5 %: zero for most cells, and one far away for the others.
    assert critical_values(np.array([4.0]), 10**9)[0] == pytest.approx(7.216, abs=0.03)
    for square in (0.1, 0.5, 1.0):
        equal = brentq(lambda c, b: norm.cdf(-c - b) + norm.cdf(b - c) - 0.05, 1, 9, args=(np.sqrt(square),))
        assert critical_values(np.array([square]), 10**9)[0] >= equal - 1e-3


@pytest.mark.parametrize("spread", ["normal", "rare"])
def test_intervals_cover_whatever_the_distribution_of_the_deviations(spread):
    rng = np.random.default_rng(2)
    deviation = rng.normal(0, 0.02, 4000) if spread == "normal" else np.where(rng.random(4000) < 0.04, 0.1, 0)
    group = cells(deviation + rng.normal(0, 0.01, 4000), free=4000)
    pooled = pooled_changes([group], [group])[0]
    covered = np.mean([e.low <= true <= e.high for e, true in zip(pooled, deviation, strict=True)])
    assert 0.94 <= covered <= 0.99
    error = np.array([e.value for e in pooled]) - deviation
    assert (error**2).mean() < 0.01**2


def benchmark():
    path = Path(__file__).parents[2] / "benchmarks" / "intersections.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_intersections", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("kind", "starts"), [("none", 30), ("attributes", 30), ("crossed", 100)])
def test_pooling_lowers_the_error_keeps_the_coverage_and_claims_nothing_false(kind, starts):
    """The reduced form of benchmarks/intersections.py."""
    measured = benchmark().measure(kind, starts, 1, 12)
    assert measured["pooled error"] < 0.97 * measured["raw error"]
    assert measured["pooled coverage"] >= 0.91
    if kind == "none":
        assert measured["studies with a claim"] == 0


def test_all_labels_are_pooled_with_the_variance_of_the_single_labels():
    pair = random_pair(n=90, missing=0, labels=["fear", "joy", "anger"] * 30)
    table = intersections_table([pair], RESAMPLING)
    overall = table[table["label"] == ALL]
    assert len(overall) == 6
    assert overall[[*POOLED]].notna().all(axis=None)
    assert (overall["pooled_low"] < overall["pooled_value"]).all()


def test_p_values_are_adjusted_within_the_crossed_categories():
    table = with_adjusted_p_values(intersections_table([random_pair()], RESAMPLING), ["start", "iteration"])
    assert isinstance(table, pd.DataFrame)
    assert (table["p_adjusted"] >= table["p_value"]).all()
