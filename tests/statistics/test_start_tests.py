"""Tests of groups of different chains, against scipy, enumeration and simulation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact, hypergeom

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import Panel
from broken_telephone.statistics.hypothesis_tests.unpaired_tests import CHI_SQUARE, G, homogeneity_tests
from broken_telephone.statistics.tables.start_tests import START_TESTS, start_tests_table

SOME = Resampling(499, 1)


def single(*counts: int) -> np.ndarray:
    """Starts of one chain each."""
    return np.repeat(np.eye(len(counts), dtype=int), counts, axis=0)


@pytest.mark.parametrize("counts", [[(30, 20, 50), (25, 25, 20)], [(10, 40), (90, 60), (33, 21)]])
def test_statistics_and_p_values_are_those_of_scipy(counts):
    found = homogeneity_tests([single(*row) for row in counts], 99, 1)
    for name, power in ((CHI_SQUARE, "pearson"), (G, "log-likelihood")):
        expected = chi2_contingency(counts, correction=False, lambda_=power)
        assert found[name].statistic == pytest.approx(expected.statistic, rel=1e-12)
        assert (found[name].degrees, found[name].permuted) == (expected.dof, False)
        assert found[name].p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_categories_that_nobody_has_cost_nothing_and_counts_stay_as_they_are():
    first, second = single(30, 0, 20, 0), single(10, 0, 40, 0)
    kept = first.copy()
    assert homogeneity_tests([first, second], 99, 1) == homogeneity_tests([first[:, [0, 2]], second[:, [0, 2]]], 99, 1)
    assert (first == kept).all()


def test_small_counts_are_permuted_with_the_same_margins():
    """Of two by two, all tables with these margins can be counted."""
    ours = homogeneity_tests([single(7, 2), single(3, 8)], 20000, 1)
    tables = [np.array([[k, 9 - k], [10 - k, 1 + k]]) for k in range(10)]
    weights = hypergeom(20, 10, 9).pmf(range(10))
    for name, power in ((CHI_SQUARE, "pearson"), (G, "log-likelihood")):
        values = [chi2_contingency(table, correction=False, lambda_=power).statistic for table in tables]
        exact = weights[np.array(values) >= values[7] - 1e-9].sum()
        assert ours[name].permuted
        assert ours[name].p_value == pytest.approx(exact, abs=0.012)


@pytest.mark.parametrize("replicates", [1, 6])
def test_groups_alike_are_found_different_one_time_in_twenty(replicates):
    rng = np.random.default_rng(4)
    lower = np.zeros(2)
    for seed in range(300):
        groups = [
            np.array([rng.multinomial(replicates, rng.dirichlet([0.6, 0.3, 0.1])) for _ in range(starts)])
            for starts in (40, 15)
        ]
        found = homogeneity_tests(groups, 199, seed)
        lower += [found[name].p_value <= 0.05 for name in (CHI_SQUARE, G)]
    assert (lower / 300 > 0.02).all()
    assert (lower / 300 < 0.085).all()


def test_what_replicates_repeat_is_not_told_twice():
    few = [single(12, 4), single(4, 12)]
    many = [10 * tables for tables in few]
    plain, repeated = homogeneity_tests(few, 4999, 1)[CHI_SQUARE], homogeneity_tests(many, 4999, 1)[CHI_SQUARE]
    assert repeated.statistic == pytest.approx(10 * plain.statistic)
    assert repeated.permuted
    # Of tables with equal margins, this is Fisher's test of the starts.
    assert repeated.p_value == pytest.approx(fisher_exact([[12, 4], [4, 12]]).pvalue, abs=0.006)


def test_nothing_to_compare():
    for groups in ([], [single(3, 4)], [single(3, 4), np.zeros((2, 2), int)], [np.zeros((0, 2), int)] * 2):
        assert np.isnan(homogeneity_tests(groups, 9, 1)[G].p_value)
    assert homogeneity_tests([single(3, 0), single(2, 0)], 9, 1)[G][:3] == (0, 0, 1)
    assert homogeneity_tests([single(1, 0), single(0, 1)], 99, 1)[G].p_value == 1


def panel(images: np.ndarray, prompts: np.ndarray, replicates: int = 1) -> Panel:
    """Two labels: chains from images and prompts alternate between them."""
    codes = np.concatenate([images, prompts]).astype(np.int8)
    n = len(codes)
    starts = np.array(["image"] * len(images) + ["prompt"] * len(prompts), dtype=object)
    labels = np.array(["fear", "anger"], dtype=object)[np.arange(n) // replicates % 2]
    return Panel("gender", ("male", "female"), codes, codes[:, 0], np.arange(n) // replicates, labels, starts)


def test_a_table_of_images_against_prompts():
    rng = np.random.default_rng(0)
    images, prompts = rng.integers(2, size=(200, 3)), np.zeros((80, 3), int)
    prompts[:, 0] = -1
    prompts[:, 2] = rng.integers(2, size=80)
    table = start_tests_table([panel(images, prompts)], SOME)
    assert tuple(table.columns) == START_TESTS
    assert len(table) == 2 * 2 * 2
    assert set(table["iteration"]) == {1, 2}
    row = table[(table["label"] == "fear") & (table["iteration"] == 1) & (table["measure"] == CHI_SQUARE)].iloc[0]
    male = (images[::2, 1] == 0).sum()
    expected = chi2_contingency([[male, 100 - male], [40, 0]], correction=False)
    assert row["value"] == pytest.approx(expected.statistic)
    assert (row["n"], row["degrees_of_freedom"], row["note"]) == (140, 1, "")
    again = table[(table["iteration"] == 2)]
    assert len(again)
    assert (again["p_value"] > 0.001).all()


def test_every_null_has_a_note():
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 6):
        for gap in (0.0, 0.5, 1.0):
            images, prompts = (np.where(rng.random((n, 3)) < gap, -1, rng.integers(2, size=(n, 3))) for _ in range(2))
            for replicates in (1, 3):
                some = panel(images, prompts, replicates)
                table = start_tests_table([some], SOME)
                assert set(table["label"]) == set(some.labels[:n]) & set(some.labels[n:])
                assert (table.loc[table[["value", "p_value"]].isna().any(axis=1), "note"] != "").all()
                assert np.isfinite(table[["degrees_of_freedom", "n"]].astype(float)).all(axis=None)
    one_sided = start_tests_table([panel(images, prompts[:0])], SOME)
    assert one_sided.empty
    assert tuple(start_tests_table([], SOME).columns) == START_TESTS


def test_replicates_are_told_in_the_note():
    rng = np.random.default_rng(2)
    table = start_tests_table([panel(rng.integers(2, size=(60, 2)), rng.integers(2, size=(60, 2)), 3)], SOME)
    assert set(table["note"]) == {"p by permutation of starts, which several chains share"}


def test_starts_of_many_chains_are_not_dealt_in_for_starts_of_few():
    """One prompt of twenty chains against forty images of one: what differs may be this prompt."""
    rng = np.random.default_rng(3)
    images = single(20, 20)
    prompt = np.array([[15, 5]])
    found = homogeneity_tests([images, prompt], 99, 1)[CHI_SQUARE]
    assert found.statistic == pytest.approx(chi2_contingency([[20, 20], [15, 5]], correction=False).statistic)
    assert np.isnan(found.p_value)
    codes = rng.integers(2, size=(60, 2))
    some = panel(codes[:40], codes[40:])
    two_prompts = replace(some, clusters=np.append(np.arange(40), 40 + np.arange(20) % 2))
    table = start_tests_table([two_prompts], SOME)
    assert table["p_value"].isna().all()
    assert set(table["note"]) == {"starts of one kind have more chains than those of the other: no test"}
