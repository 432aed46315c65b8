"""The judge's decision about a factor, on simulated truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from broken_telephone.statistics import Panel
from broken_telephone.statistics.estimates.factor_designs import factor_design
from broken_telephone.validation.judged_differences import (
    DIFFERS,
    JUDGE_LEVEL,
    MARGIN,
    SAME,
    UNDECIDED,
    confirmed,
    decide,
    paired_shares,
)

TWO = factor_design(pd.DataFrame({"generator": ["a", "b"]}, index=["a", "b"])).terms[0]
NAMES = ("young", "middle", "old")


def arm(codes, clusters=None):
    """Return an arm with three categories of age; codes of the last image, (n,)."""
    codes = np.asarray(codes)
    n = len(codes)
    both = np.stack([np.zeros(n, int), codes], 1)
    clusters = np.arange(n) if clusters is None else clusters
    words = np.array(["image"] * n, dtype=object)
    return {"age": Panel("age", NAMES, both, both[:, 0], clusters, np.array(["joy"] * n, dtype=object), words)}


def pair(up, down, n):
    """Return two arms of n starts, of which `up` become old and `down` stop being old."""
    first, second = np.ones(n, int), np.ones(n, int)
    second[:up], first[up : up + down] = 2, 2
    return [arm(first), arm(second)]


def test_the_size_of_changes_counts_and_not_only_their_number():
    # Of four chains, all become old in 20 starts; in 80 starts one of them stops being old. The mean is the same.
    clusters = np.repeat(np.arange(100), 4)
    first, second = np.ones(400, int), np.ones(400, int)
    second[:80] = 2
    first[80::4] = 2
    decided = decide([arm(first, clusters), arm(second, clusters)], TWO)
    assert decided.decision == UNDECIDED
    assert decided.effect == pytest.approx(0)
    assert decided.p_adjusted == pytest.approx(1)


@pytest.mark.parametrize(
    ("up", "down", "n", "decision"),
    [(0, 0, 100, SAME), (4, 0, 100, SAME), (5, 0, 100, UNDECIDED), (20, 0, 100, DIFFERS), (0, 0, 20, UNDECIDED)],
)
def test_one_direction_is_decided_by_the_number_of_starts(up, down, n, decision):
    decided = decide(pair(up, down, n), TWO)
    assert decided.decision == decision
    if up > 8:
        # Both categories that exchange starts have equal tests.
        assert decided.share in ("joy, age: middle", "joy, age: old")
        assert abs(decided.effect) == pytest.approx(up / n)


def test_many_changes_in_both_directions_are_no_proof_of_equality():
    assert decide(pair(30, 30, 100), TWO).decision == UNDECIDED
    assert decide(pair(30, 30, 1000), TWO).decision == SAME


def test_arms_with_almost_the_same_images_are_reported():
    assert decide(pair(0, 0, 100), TWO).changed_starts == 0
    assert decide(pair(3, 1, 100), TWO).changed_starts == pytest.approx(0.04)


def test_chains_of_one_start_count_once():
    clusters = np.repeat(np.arange(50), 2)
    first, second = np.ones(100, int), np.ones(100, int)
    second[:10] = 2
    old = next(one for one in paired_shares([arm(first, clusters), arm(second, clusters)], TWO) if one[3] == "old")
    assert (old.up, old.down, old.starts, old.effect) == (5, 0, 50, pytest.approx(0.1))


def test_missing_readings_are_left_out():
    first, second = np.ones(40, int), np.full(40, 2)
    second[10:] = -1
    assert {one.starts for one in paired_shares([arm(first), arm(second)], TWO)} == {10}


def test_equal_generators_are_rarely_found_to_differ():
    """The error rate over all shares keeps its level in 400 studies, within five standard errors."""
    rng = np.random.default_rng(1)
    claims = [
        decide([arm(rng.integers(0, 3, 80)), arm(rng.integers(0, 3, 80))], TWO).decision == DIFFERS for _ in range(400)
    ]
    assert np.mean(claims) <= JUDGE_LEVEL + 5 * np.sqrt(JUDGE_LEVEL / 400)


def test_generators_at_the_margin_are_rarely_found_to_be_the_same():
    rng = np.random.default_rng(2)
    decisions = []
    for _ in range(400):
        changed = rng.random(100) < MARGIN
        decisions.append(decide([arm(np.ones(100, int)), arm(np.where(changed, 2, 1))], TWO).decision)
    assert np.mean([one == SAME for one in decisions]) <= 0.05 + 5 * np.sqrt(0.05 / 400)


def test_the_stated_power_is_reached():
    n = 100
    chance = decide(pair(0, 0, n), TWO).detectable
    # Three categories are three tests; the smallest number of changes that all of them together allow.
    needed = next(k for k in range(n) if 2 * 0.5**k * 3 < JUDGE_LEVEL)
    assert binom.sf(needed - 1, n, chance) == pytest.approx(0.8)
    assert decide(pair(needed, 0, n), TWO).decision == DIFFERS
    assert decide(pair(needed - 1, 0, n), TWO).decision != DIFFERS
    assert np.isnan(decide(pair(0, 0, 5), TWO).detectable)


def test_other_replicates_confirm_only_the_same_direction():
    shown = pair(12, 1, 60)
    assert confirmed(shown, pair(9, 1, 60), TWO) is True
    assert confirmed(shown, pair(1, 9, 60), TWO) is False
    assert confirmed(shown, pair(3, 2, 60), TWO) is False
    assert confirmed(pair(0, 0, 60), pair(9, 1, 60), TWO) is None
    assert confirmed(shown, [arm([]), arm([])], TWO) is None
