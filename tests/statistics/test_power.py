"""The smallest shift that would be detected, against Connor's formula, exact chances and simulated studies."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS, count_pairs
from broken_telephone.statistics.estimates.panel import ALL, Panel
from broken_telephone.statistics.hypothesis_tests.paired_tests import stuart_maxwell
from broken_telephone.statistics.hypothesis_tests.power import detectable_shift
from broken_telephone.statistics.tables.power_table import POWER, power_table


def panel(codes, clusters=None, categories=("a", "b"), labels=None, start="image"):
    codes = np.asarray(codes, np.int8)
    n = len(codes)
    return Panel(
        "age",
        tuple(categories),
        codes,
        np.full(n, -1, np.int8),
        np.arange(n) if clusters is None else np.asarray(clusters),
        np.array(["x"] * n if labels is None else labels, dtype=object),
        np.array([start] * n, dtype=object),
    )


def changing(n, moved, replicates=1):
    """Panel of n chains from a or b alike, of which so many change, half of them to either."""
    before = np.arange(n) % 2
    after = np.where(np.arange(n) < moved, 1 - before, before)
    codes = np.repeat(np.column_stack([before, after]), replicates, axis=0)
    return panel(codes, np.repeat(np.arange(n), replicates))


def assert_every_null_has_a_note(table):
    assert len(table)
    numbers = table[["share_changing", "minimum_detectable_change", "maximum_possible_change"]].astype(float)
    assert not (~np.isfinite(numbers).all(axis=1) & (table["note"] == "")).any()
    assert set(map(type, table["is_detectable"])) == {bool}


@pytest.mark.parametrize("n", [8, 20, 100, 400, 5000.5])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.4, 1.0])
def test_it_solves_connors_formula(n, share):
    shift = detectable_shift(n, share)
    if shift <= share:
        z, y = norm.ppf(0.975), norm.ppf(0.8)
        assert (z * share**0.5 + y * (share - shift**2) ** 0.5) ** 2 / shift**2 <= n * (1 + 1e-9)
    # Six changes, all one way, are enough, and as likely as that.
    assert binom.sf(5, int(n), shift) >= 0.8 - 1e-9
    assert detectable_shift(n, 0) <= shift <= 1


def test_a_worked_example():
    """Of R's pwr.mcnemar, after Connor (1987): 5 % change one way and 45 % the other, which takes 22 pairs."""
    assert detectable_shift(22, 0.5) == pytest.approx(0.4, abs=5e-4)


@pytest.mark.parametrize(("n", "moved"), [(100, 30), (100, 4), (400, 100), (400, 20)])
def test_studies_detect_it_four_times_in_five(n, moved):
    row = power_table([changing(n, moved)]).iloc[0]
    assert row["share_changing"] == pytest.approx((moved + 2) / (n + 2))
    shift = row["minimum_detectable_change"]
    share = max(row["share_changing"], shift)
    rng = np.random.default_rng(n + moved)
    found = []
    for seed in range(600):
        up, down, _ = rng.multinomial(n, [(share + shift) / 2, (share - shift) / 2, 1 - share])
        changes = np.repeat([1.0, -1.0, 0.0], [up, down, n - up - down])[:, None]
        found.append(stuart_maxwell(changes, 199, seed).p_value <= 0.05)
    assert 0.75 < np.mean(found) < 0.85


def test_chains_of_a_start_that_change_alike_are_worth_one():
    once, thrice = (power_table([changing(200, 40, replicates)]).iloc[0] for replicates in (1, 3))
    assert (thrice["n"], thrice["clusters"]) == (600, 200)
    assert thrice["minimum_detectable_change"] == pytest.approx(once["minimum_detectable_change"])
    assert thrice["share_changing"] == pytest.approx(once["share_changing"])
    assert (once["note"], thrice["note"]) == ("", "chains of a start change alike: worth 200 independent ones")


def test_chains_of_a_start_that_change_on_their_own_are_worth_all():
    rng = np.random.default_rng(0)
    before = rng.integers(2, size=600)
    after = np.where(rng.random(600) < 0.2, 1 - before, before)
    codes = np.column_stack([before, after])
    apart, together = (
        power_table([panel(codes, owner)]).iloc[0] for owner in (np.arange(600), np.repeat(np.arange(200), 3))
    )
    smallest = apart["minimum_detectable_change"]
    assert smallest <= together["minimum_detectable_change"] < 1.1 * smallest


def test_the_share_that_changes_is_that_of_resampled_pairs():
    rng = np.random.default_rng(4)
    codes = rng.integers(4, size=(60, 2))
    owner = np.repeat(np.arange(30), 2)
    table = power_table([panel(codes, owner, "abcd")])
    samples = count_pairs(codes[:, 0], codes[:, 1], owner, 4).resampled(20_000, 1)
    moved = samples.sum(1) + samples.sum(2) - 2 * np.diagonal(samples, axis1=1, axis2=2)
    assert PSEUDO_CLUSTERS == 2
    assert table["share_changing"].to_numpy(float) == pytest.approx(
        moved.mean(0) / samples.sum((1, 2)).mean(), abs=0.01
    )


def test_what_is_possible_bounds_what_can_be_shown():
    # Nine of ten chains begin in a: it can fall by 0.9, b can rise by as much.
    codes = np.column_stack([np.repeat([0, 1], [9, 1]), np.repeat([0, 1, 0], [5, 4, 1])])
    table = power_table([panel(codes)])
    assert list(table["maximum_possible_change"]) == [0.9, 0.9]
    assert list(table["is_detectable"]) == [True, True]
    seven = power_table([panel([[0, 1]] * 3 + [[1, 0]] * 4)])
    assert seven["maximum_possible_change"].tolist() == pytest.approx([4 / 7] * 2)
    assert (seven["minimum_detectable_change"] > 0.8).all()
    assert list(seven["is_detectable"]) == [False, False]


def test_more_chains_detect_less():
    shifts = [power_table([changing(n, n // 5)])["minimum_detectable_change"].iloc[0] for n in (10, 30, 100, 1000)]
    assert shifts == sorted(shifts, reverse=True)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_five_starts_show_nothing(n):
    """The test that permutes five starts has no p-value below 2/2^5."""
    table = power_table([changing(n, n, replicates=20)])
    assert table["minimum_detectable_change"].isna().all()
    assert set(table["note"]) >= {
        f"chains of a start change alike: worth {n} independent ones; fewer than 6 starts: no shift is detectable"
    }
    assert not table["is_detectable"].any()
    assert_every_null_has_a_note(table)


def test_where_hardly_any_change_more_would_have_to():
    row = power_table([changing(500, 0)]).iloc[0]
    assert row["share_changing"] == pytest.approx(2 / 502)
    assert row["minimum_detectable_change"] > row["share_changing"]
    assert (row["note"], row["is_detectable"]) == ("detectable only if more chains change than do", True)


def test_nothing_there_is_said():
    absent = power_table([panel(np.full((4, 3), -1))])
    assert set(absent["note"]) == {"no chain has a category at both 0 and 2"}
    alone = power_table([panel(np.zeros((40, 3)), categories=("a",))])
    assert set(alone["note"]) == {"a single category: its share cannot shift"}
    first = power_table([panel(np.zeros((40, 2)), start="prompt")])
    assert set(first["note"]) == {"a single picture: there is no shift"}
    for table in (absent, alone, first):
        assert_every_null_has_a_note(table)
        assert table["minimum_detectable_change"].isna().all()
    for nothing in ([], [panel(np.empty((0, 3)))]):
        assert list(power_table(nothing).columns) == list(POWER)
        assert power_table(nothing).empty


def test_labels_together_and_chains_from_prompts():
    rng = np.random.default_rng(1)
    labels = ["x"] * 30 + ["y"] * 20
    images = panel(rng.integers(2, size=(50, 4)), labels=labels)
    prompts = panel(rng.integers(2, size=(50, 4)), labels=labels, start="prompt")
    table = pd.concat([power_table([images]), power_table([prompts])])
    counts = table.drop_duplicates(["start", "label"])[["start", "label", "since", "iteration", "n"]]
    assert counts.to_numpy().tolist() == [
        ["image", "x", 0, 3, 30],
        ["image", "y", 0, 3, 20],
        ["image", ALL, 0, 3, 50],
        ["prompt", "x", 1, 3, 30],
        ["prompt", "y", 1, 3, 20],
        ["prompt", ALL, 1, 3, 50],
    ]
    assert_every_null_has_a_note(table)
