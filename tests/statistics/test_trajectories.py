"""Where a loop is heading, shares in clusters, and the published comparison taken apart: against planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from statsmodels.stats.proportion import proportion_confint

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import ABSENT, Panel
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.estimates.transitions import (
    contraction_factor,
    fixed_point,
    half_life,
    transition_matrix,
)
from broken_telephone.statistics.tables.decomposition import DRIFT_PART, INSTRUMENT, PUBLISHED, decomposition_table
from broken_telephone.statistics.tables.shares_table import DATASET, shares_table
from broken_telephone.statistics.tables.trajectories import trajectories_table

RESAMPLING = Resampling(400, 3)
STEPS = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.05, 0.05, 0.9]])
HEADING = np.linalg.matrix_power(STEPS, 1000)[0]


def panel(codes, stated=None, clusters=None, start="image"):
    n = len(codes)
    return Panel(
        "age",
        ("young", "adult", "old"),
        np.asarray(codes, np.int8),
        np.full(n, ABSENT, np.int8) if stated is None else np.asarray(stated, np.int8),
        np.arange(n) if clusters is None else clusters,
        np.full(n, "fear", dtype=object),
        np.full(n, start, dtype=object),
    )


def walks(n, iterations, seed=0, steps=STEPS):
    rng = np.random.default_rng(seed)
    codes = np.zeros((n, iterations + 1), int)
    codes[:, 0] = rng.integers(3, size=n)
    for k in range(iterations):
        codes[:, k + 1] = (rng.random(n)[:, None] > steps[codes[:, k]].cumsum(1)).sum(1)
    return codes


def assert_every_null_has_a_note(table):
    assert len(table)
    for column in ("value", "ci_low", "ci_high"):
        silent = table[~np.isfinite(table[column].astype(float)) & (table["note"] == "")]
        assert silent.empty, silent.iloc[0].to_dict()


def test_fixed_point_is_the_first_eigenvector():
    values, vectors = np.linalg.eig(STEPS.T)
    first = vectors[:, values.argmax()].real
    assert fixed_point(STEPS, np.array([1.0, 0, 0])) == pytest.approx(first / first.sum())
    assert fixed_point(np.stack([STEPS, np.eye(3)]), np.array([0.2, 0.5, 0.3]))[1] == pytest.approx([0.2, 0.5, 0.3])


def test_fixed_point_of_a_cycle_and_of_two_sinks():
    assert fixed_point(np.array([[0.0, 1], [1, 0]]), np.array([1.0, 0])) == pytest.approx([0.5, 0.5])
    sinks = np.array([[1.0, 0, 0], [0.3, 0.4, 0.3], [0, 0, 1]])
    assert fixed_point(sinks, np.array([0, 1.0, 0])) == pytest.approx([0.5, 0, 0.5])


@pytest.mark.parametrize(("a", "b"), [(0.1, 0.3), (0.25, 0.25), (0.3, 0.2)])
@pytest.mark.parametrize("steps", [1, 4])
def test_half_life_of_two_categories(a, b, steps):
    matrix, begin = np.array([[1 - a, a], [b, 1 - b]]), np.array([1.0, 0])
    left = contraction_factor(matrix, begin, fixed_point(matrix, begin), steps)
    assert half_life(float(left)) == pytest.approx(np.log(0.5) / np.log(1 - a - b))


def test_after_a_half_life_half_of_the_way_is_gone():
    begin = np.array([0.9, 0.1, 0.0])
    ends = fixed_point(STEPS, begin)
    left = float(contraction_factor(STEPS, begin, ends, 3))
    later = begin @ np.linalg.matrix_power(STEPS, 3)
    assert np.abs(later - ends).sum() == pytest.approx(left**3 * np.abs(begin - ends).sum())
    assert half_life(0.5) == 1
    assert half_life(left) == pytest.approx(np.log(2) / -np.log(left))


def test_half_life_at_its_ends():
    begin = np.array([0.7, 0.3])
    assert half_life(float(contraction_factor(np.full((2, 2), 0.5), begin, np.array([0.5, 0.5]), 2))) == 0
    assert np.isnan(contraction_factor(np.eye(2), begin, begin, 2))
    assert np.isnan(half_life(1.0))


def test_the_half_life_has_no_upper_end_where_nothing_may_ever_mix():
    codes = np.repeat([[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1]], [20, 19, 1], axis=0)
    row = trajectories_table([panel(codes)], RESAMPLING, 0.05).query("kind == 'half-life'").iloc[0]
    assert row["ci_low"] < row["value"]
    assert np.isnan(row["ci_high"])
    assert row["note"] == "no upper end: it may be that nothing of the way is gone"


@pytest.mark.parametrize("n", [30, 60])
def test_intervals_of_slow_ways_hold_their_half_life(n):
    rng = np.random.default_rng(n)
    half = np.log(0.5) / np.log(1 - 0.12)
    held = []
    for seed in range(120):
        codes = [(rng.random(n) < 0.3).astype(int)]
        for _ in range(3):
            codes.append(np.where(rng.random(n) < 0.06, 1 - codes[-1], codes[-1]))
        table = trajectories_table([panel(np.column_stack(codes))], Resampling(300, seed), 0.05)
        row = table[table["kind"] == "half-life"].iloc[0]
        if not np.isnan(row["value"]):
            held.append(row["ci_low"] <= half and not row["ci_high"] < half)
    assert len(held) > 60
    assert np.mean(held) >= 0.9


def test_transition_matrix_keeps_what_never_occurs():
    assert transition_matrix(np.array([[3.0, 1], [0, 0]])).tolist() == [[0.75, 0.25], [0, 1]]


def test_planted_steps_are_found():
    table = trajectories_table([panel(walks(3000, 8))], RESAMPLING, 0.05)
    assert_every_null_has_a_note(table)
    moves = table[table["kind"] == "transition"]
    assert list(moves["category"]) == [name for name in dict.fromkeys(moves["category"]) for _ in range(3)]
    assert list(moves["to_category"]) == [*dict.fromkeys(moves["category"])] * 3
    assert moves["value"].to_numpy() == pytest.approx(STEPS.ravel(), abs=0.02)
    # The model holds here, so the shares that it predicts are the shares there are.
    predicted = table[(table["kind"] == "predicted") & (table["iteration"] == 8)]["value"]
    assert predicted.to_numpy() == pytest.approx(np.bincount(walks(3000, 8)[:, 8]) / 3000, abs=0.03)
    assert set(table[table["kind"] == "last step"]["note"]) == {"settled"}


def test_intervals_of_steps_hold_what_was_planted():
    half = half_life(float(contraction_factor(STEPS, np.full(3, 1 / 3), HEADING, 4)))
    planted = {"transition": STEPS.ravel(), "fixed point": HEADING, "half-life": np.array([half])}
    covered = {kind: [] for kind in planted}
    for seed in range(60):
        table = trajectories_table([panel(walks(200, 4, seed))], RESAMPLING, 0.05)
        for kind, truth in planted.items():
            rows = table[table["kind"] == kind]
            covered[kind] += [*((rows["ci_low"] <= truth) & (rows["ci_high"] >= truth))]
    for kind, hits in covered.items():
        assert np.mean(hits) >= 0.91, kind


def test_what_still_moves_and_what_cannot_be_told():
    away = np.array([[0.7, 0.3, 0], [0, 1, 0], [0, 0, 1]])
    moving = trajectories_table([panel(walks(2000, 2, steps=away))], RESAMPLING, 0.05)
    last = moving[moving["kind"] == "last step"].set_index("category")["note"]
    assert last.to_dict() == {"young": "moving", "adult": "moving", "old": "settled"}
    few = trajectories_table([panel(walks(6, 2))], RESAMPLING, 0.05)
    assert set(few[few["kind"] == "last step"]["note"]) == {"cannot tell"}
    assert_every_null_has_a_note(few)


def test_a_small_step_that_is_significant_moves_and_equivalence_is_adjusted():
    codes = np.repeat([[0, 0, 0], [1, 1, 1], [0, 0, 1]], [1500, 1480, 20], axis=0)
    last = trajectories_table([panel(codes)], RESAMPLING, 0.05).query("kind == 'last step'").set_index("category")
    assert last["ci_high"].max() < 0.05
    assert last["note"].to_dict() == {"young": "moving", "adult": "moving", "old": "settled"}
    # Sixty chains that stay have settled by tests of their own, but not among tests that cannot tell.
    quiet = np.zeros((60, 3), int)
    alone = trajectories_table([panel(quiet)], RESAMPLING, 0.038)
    restless = [panel(walks(60, 2, seed)) for seed in range(6)]
    together = trajectories_table([panel(quiet), *restless], RESAMPLING, 0.038)
    notes = [table[table["kind"] == "last step"]["note"].head(3).tolist() for table in (alone, together)]
    assert notes == [["settled"] * 3, ["cannot tell"] * 3]


@pytest.mark.parametrize(
    ("codes", "start", "note"),
    [
        ([[0], [1]], "image", "a single picture: there is no step"),
        ([[ABSENT, 0], [ABSENT, 1]], "prompt", "a single picture: there is no step"),
        ([[0, ABSENT], [ABSENT, 1]], "image", "no chain has categories in two pictures in a row"),
    ],
)
def test_without_steps(codes, start, note):
    table = trajectories_table([panel(codes, start=start)], RESAMPLING, 0.05)
    assert list(table["note"]) == [note]


def test_categories_without_a_way_out_are_said():
    table = trajectories_table([panel([[0, 0], [0, 1], [0, 0], [0, 0]])], RESAMPLING, 0.05)
    assert_every_null_has_a_note(table)
    notes = table[(table["kind"] == "transition") & (table["category"] == "adult")]["note"]
    assert set(notes) == {"never seen before a step"}


def test_shares_of_single_chains_have_wilsons_interval():
    codes = np.array([0] * 7 + [1] * 3)
    found = clustered_shares(codes, np.arange(10), 3)
    for category, count in enumerate((7, 3, 0)):
        low, high = proportion_confint(count, 10, method="wilson")
        assert (found[category].count, found[category].n) == (count, 10)
        # The variance between clusters has n - 1 for n.
        assert (found[category].ci_low, found[category].ci_high) == pytest.approx((low, high), abs=0.012)


def test_shares_of_chains_alike_are_those_of_their_starts():
    codes, starts = np.array([0] * 30 + [1] * 20), np.repeat(np.arange(5), 10)
    found = clustered_shares(codes, starts, 2)[0]
    # Five starts are worth less than five, because they hardly know how far starts are apart.
    worth = 5 * (t.ppf(0.975, 49) / t.ppf(0.975, 4)) ** 2
    low, high = proportion_confint(0.6 * worth, worth, method="wilson")
    assert (found.share, found.ci_low, found.ci_high) == pytest.approx((0.6, low, high))
    never = clustered_shares(codes, starts, 3)[2]
    assert never.ci_high == pytest.approx(proportion_confint(0, worth, method="wilson")[1])


@pytest.mark.parametrize("sizes", [[20] * 7, [20] * 3, [50, *[5] * 6], [100, *[1] * 10]])
def test_few_and_uneven_starts_promise_no_more_than_they_know(sizes):
    rng = np.random.default_rng(len(sizes))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    covered = []
    for _ in range(400):
        drawn = rng.random(len(owner)) < rng.beta(0.7, 1.4, size=len(sizes))[owner]
        found = clustered_shares(drawn.astype(int), owner, 2)[1]
        covered.append(found.ci_low <= 1 / 3 <= found.ci_high)
    assert np.mean(covered) >= 0.88


@pytest.mark.parametrize("replicates", [1, 4])
def test_shares_intervals_cover(replicates):
    rng = np.random.default_rng(replicates)
    covered = []
    for _ in range(400):
        own = np.repeat(rng.beta(2, 3, size=60), replicates)
        found = clustered_shares((rng.random(len(own)) < own).astype(int), np.repeat(np.arange(60), replicates), 2)[1]
        covered.append(found.ci_low <= 0.4 <= found.ci_high)
    assert 0.92 <= np.mean(covered) <= 0.985


def test_shares_table_says_who_gave_what():
    some = panel([[0, 1], [0, ABSENT], [2, ABSENT]], stated=[0, 1, ABSENT])
    table = shares_table([some], "model (free)")
    stated = table[table["annotator"] == DATASET]
    assert list(stated["count"]) == [1, 1, 0]
    assert set(stated["iteration"]) == {0}
    assert list(table[(table["annotator"] != DATASET) & (table["iteration"] == 1)]["n"]) == [1, 1, 1]
    empty = shares_table([panel([[ABSENT], [ABSENT]])], "model (free)")
    assert set(empty["note"]) == {"no picture has a category"}


def test_decomposition_recovers_the_annotators_error_and_the_drift():
    """An annotator who calls a fifth of the adults young, and a loop that makes 30 % of all people young."""
    rng = np.random.default_rng(4)
    covered, n = [], 600
    for _ in range(60):
        truth = rng.choice(3, n, p=[0.2, 0.6, 0.2])
        after = np.where(rng.random(n) < 0.3, 0, truth)

        def seen(people):
            return np.where((people == 1) & (rng.random(n) < 0.2), 0, people)

        table = decomposition_table([panel(np.stack([seen(truth), seen(after)], 1), stated=truth)], RESAMPLING)
        parts = table.pivot(index="category", columns="part", values="value")
        assert parts[PUBLISHED].to_numpy() == pytest.approx((parts[INSTRUMENT] + parts[DRIFT_PART]).to_numpy())
        young = table[table["category"] == "young"].set_index("part")
        # Adults are 60 % before, 42 % after.
        planted = {INSTRUMENT: 0.12, DRIFT_PART: 0.24 - 0.2 * 0.18, PUBLISHED: 0.24 + 0.2 * 0.42}
        covered += [young["ci_low"][part] <= value <= young["ci_high"][part] for part, value in planted.items()]
    assert 0.90 <= np.mean(covered) <= 0.99
    assert_every_null_has_a_note(table)


def test_decomposition_counts_chains_with_all_three_labels():
    some = panel([[0, 0], [1, 0], [1, ABSENT], [ABSENT, 1]], stated=[0, 1, 1, 1])
    table = decomposition_table([some], RESAMPLING)
    assert set(table["n"]) == {2}
    assert decomposition_table([panel([[0, 1]])], RESAMPLING).empty
    none = decomposition_table([panel([[0, ABSENT]], stated=[1])], RESAMPLING)
    assert set(none["note"]) == {"no chain has a data set label and a category at both 0 and 1"}
    assert pd.isna(none["value"]).all()
