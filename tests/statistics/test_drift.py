"""Drift, against other libraries on random tables, worked examples and planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest
from scipy.stats.contingency import association
from statsmodels.stats.contingency_tables import SquareTable
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_effectsize

from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.estimates.bootstrap import Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ALL, Panel, panels
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import benjamini_hochberg
from broken_telephone.statistics.hypothesis_tests.paired_tests import bhapkar, stuart_maxwell
from broken_telephone.statistics.tables.drift_table import DRIFT, drift_table

AGES = ("0-3", "4-19", "20-39")
RESAMPLING = Resampling(500, 1)


def single(table):
    """Pairs of single chains with this table."""
    table = np.asarray(table)
    before, after = np.indices(table.shape)
    n = table.sum()
    return count_pairs(
        np.repeat(before.ravel(), table.ravel()), np.repeat(after.ravel(), table.ravel()), np.arange(n), len(table)
    )


def random_table(seed, size=4, n=400):
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, rng.dirichlet(np.ones(size * size))).reshape(size, size)


@pytest.mark.parametrize("seed", range(8))
def test_paired_tests_are_those_of_statsmodels(seed):
    table = random_table(seed, size=3 + seed % 3, n=2000)
    found = stuart_maxwell(single(table).changes, 10, 0)
    theirs = SquareTable(table.copy(), shift_zeros=False)
    for ours, method in ((found, "stuart_maxwell"), (bhapkar(found, table.sum()), "bhapkar")):
        expected = theirs.homogeneity(method)
        assert not ours.permuted
        assert (ours.statistic, ours.degrees) == (pytest.approx(expected.statistic), expected.df)
        assert ours.p_value == pytest.approx(expected.pvalue)


def test_paired_tests_of_a_worked_example():
    """Unaided distance vision of 7477 women, right eye and left (Stuart 1955): 11.957, by Bhapkar 11.976, df 3."""
    table = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]
    found = stuart_maxwell(single(table).changes, 10, 0)
    assert (round(found.statistic, 3), found.degrees, round(found.p_value, 4)) == (11.957, 3, 0.0075)
    assert round(bhapkar(found, 7477).statistic, 3) == 11.976


def test_empty_categories_cost_nothing():
    table = random_table(3, size=3, n=2000)
    padded = np.zeros((5, 5), int)
    padded[np.ix_([0, 2, 4], [0, 2, 4])] = table
    plain, wide = (stuart_maxwell(single(one).changes, 10, 0) for one in (table, padded))
    assert wide.degrees == plain.degrees == 2
    assert wide.statistic == pytest.approx(plain.statistic)


def test_categories_that_do_not_mix_are_tested_apart():
    """The usual statistic, which drops one category, has no inverse here."""
    table = np.zeros((4, 4), int)
    table[:2, :2], table[2:, 2:] = [[50, 40], [20, 30]], [[10, 30], [60, 5]]
    found = stuart_maxwell(single(table).changes, 10, 0)
    assert found.degrees == 2
    assert found.statistic == pytest.approx(20**2 / 60 + 30**2 / 90)


@pytest.mark.parametrize(("up", "down"), [(6, 0), (5, 1), (9, 2), (3, 3), (1, 0)])
def test_permutation_of_two_categories_is_the_exact_test(up, down):
    found = stuart_maxwell(single([[4, up], [down, 3]]).changes, 20_000, 1)
    assert found.permuted
    assert found.p_value == pytest.approx(binomtest(up, up + down).pvalue, abs=0.012)


def test_chains_that_repeat_others_add_no_evidence():
    table = random_table(5, size=3, n=300)
    once = single(table)
    before, after = np.nonzero(once.tables.sum(0) > -1)
    chains = np.repeat(np.arange(300), 3)
    codes = once.tables.reshape(300, -1).argmax(1)
    before, after = np.repeat(codes // 3, 3), np.repeat(codes % 3, 3)
    thrice = count_pairs(before, after, chains, 3)
    assert (thrice.chains, thrice.clusters) == (900, 300)
    assert stuart_maxwell(thrice.changes, 10, 0)[:3] == pytest.approx(stuart_maxwell(once.changes, 10, 0)[:3])
    one, three = (distances.total_variation(p.resampled(4000, 1)).std() for p in (once, thrice))
    assert three == pytest.approx(one, rel=0.05)


def test_nothing_changed_and_nothing_there():
    assert stuart_maxwell(single([[5, 0], [0, 2]]).changes, 10, 0) == (0.0, 0, 1.0, False)
    assert np.isnan(stuart_maxwell(single([[0, 0], [0, 0]]).changes, 10, 0).p_value)
    alike = stuart_maxwell(single([[0, 7], [0, 0]]).changes, 5000, 0)
    assert np.isnan(bhapkar(alike, 7).statistic)
    assert alike.p_value == pytest.approx(2 / 2**7, abs=0.006)


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_other_libraries(seed):
    table = random_table(seed)
    p, q = table.sum(1) / table.sum(), table.sum(0) / table.sum()
    assert distances.jensen_shannon(table) == pytest.approx(jensenshannon(p, q, base=2))
    both = np.stack([table.sum(1), table.sum(0)])
    assert distances.cramers_v(table) == pytest.approx(association(both, method="cramer"))
    assert distances.kappa(table) == pytest.approx(cohens_kappa(table).kappa)
    assert distances.cohens_h(table) == pytest.approx(proportion_effectsize(q, p))
    assert distances.total_variation(table) == pytest.approx(max(abs((q - p)[list(s)].sum()) for s in _subsets(4)))
    assert distances.jaccard(table) == pytest.approx(sum(map(min, p, q)) / sum(map(max, p, q)))
    several = np.stack([table, random_table(seed + 9)])
    assert distances.kappa(several)[0] == distances.kappa(table)


def _subsets(size):
    return [[k for k in range(size) if number >> k & 1] for number in range(2**size)]


def test_middle_of_ages():
    years = {"0-3": (0, 3), "4-19": (4, 19), "70+": (70, None)}
    assert list(distances.age_midpoints(years, ["70+", "0-3", "4-19"])) == [80, 2, 12]
    assert distances.mean_shift(np.array([[0, 4], [0, 4]]), np.array([2.0, 12.0])) == 5


def test_resampled_tables_are_those_of_a_direct_bootstrap():
    rng = np.random.default_rng(2)
    owner, before = np.repeat(np.arange(40), 3), rng.integers(3, size=120)
    after = np.where(rng.random(120) < 0.5, before, rng.integers(3, size=120))
    both = count_pairs(before, after, owner, 3)
    swaps = np.zeros((6, 3, 3))
    swaps[np.arange(6), [0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]] = 3
    direct = []
    for _ in range(4000):
        # 42 draws from 40 clusters and, with the weight of two, made-up ones.
        made_up = (rng.random(42) < 2 / 42).sum()
        chosen = both.tables[rng.integers(40, size=42 - made_up)].sum(0) + swaps[rng.integers(6, size=made_up)].sum(0)
        direct.append(chosen)
    ours = both.resampled(4000, 7)
    for measure in (distances.total_variation, distances.kappa, lambda t: distances.share_differences(t)[..., 1]):
        slow, fast = measure(np.array(direct)), measure(ours)
        assert fast.mean() == pytest.approx(slow.mean(), abs=0.01)
        assert fast.std() == pytest.approx(slow.std(), rel=0.06)


def test_adjusted_p_values_stay_on_their_rows():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"measure": list("abab") * 5, "p_value": rng.random(20) ** 2}).sample(frac=1, random_state=1)
    table.loc[3, "p_value"] = np.nan
    found = benjamini_hochberg(table, ["measure"])
    for _, rows in table.dropna().groupby("measure"):
        expected = multipletests(rows["p_value"], method="fdr_bh")[1]
        assert found[rows.index].to_numpy() == pytest.approx(expected)
    assert np.isnan(found[3])
    assert benjamini_hochberg(table, []).notna().sum() == 19


def study(n, replicates, change, seed=0, label="happiness"):
    """Chains whose age goes from child to adult with probability `change` in every step, and their annotations."""
    rng = np.random.default_rng(seed)
    starts = np.repeat(np.arange(n), replicates)
    chains = pd.DataFrame(
        {
            "chain_id": [f"{label}{k}" for k in range(len(starts))],
            "start": "image",
            "image_id": [f"{label}{k}" for k in starts],
            "prompt": None,
            "label": label,
        }
    )
    codes = np.zeros((len(starts), 3), int)
    codes[:, 0] = rng.integers(2, size=n)[starts]
    for k in (1, 2):
        codes[:, k] = np.where(rng.random(len(starts)) < change, 2, codes[:, k - 1])
    chain, iteration = np.indices(codes.shape)
    annotations = pd.DataFrame(
        {
            "chain_id": chains["chain_id"].to_numpy()[chain.ravel()],
            "iteration": iteration.ravel(),
            "attribute": "age",
            "category": np.array(AGES, dtype=object)[codes.ravel()],
            "status": "valid",
        }
    )
    return chains, annotations


def table_of(chains, annotations, **more):
    panel = panels(annotations, chains, {"age": AGES}, 2)["age"]
    return drift_table([panel], [(None, 1), (None, 2)], RESAMPLING, {"age": np.array([2.0, 12.0, 30.0])}, **more)


def assert_every_null_has_a_note(table):
    assert len(table)
    for column in ("value", "ci_low", "ci_high", "p_value"):
        silent = table[~np.isfinite(table[column].astype(float)) & (table["note"] == "")]
        assert silent.empty, silent.iloc[0].to_dict()


def test_planted_drift_is_found():
    chains, annotations = study(400, 2, change=0.3)
    table = table_of(chains, annotations)
    assert list(table.columns) == list(DRIFT)
    assert_every_null_has_a_note(table)
    last = table[(table["iteration"] == 2) & (table["category"] == "20-39") & (table["measure"] == "share difference")]
    row = last.iloc[0]
    assert (row["n"], row["clusters"]) == (800, 400)
    assert row["ci_low"] < 1 - 0.7**2 < row["ci_high"]
    assert row["p_value"] < 1e-6
    assert set(table["label"]) == {"happiness"}


def test_labels_together_and_chains_from_prompts():
    one, two = study(20, 1, 0.5), study(30, 1, 0.1, label="anger")
    chains, annotations = (pd.concat(parts, ignore_index=True) for parts in zip(one, two, strict=True))
    prompted = chains.assign(chain_id="p" + chains["chain_id"], start="prompt", prompt=chains["label"], image_id=None)
    both = pd.concat([chains, prompted], ignore_index=True)
    more = annotations[annotations["iteration"] > 0].assign(chain_id="p" + annotations["chain_id"])
    table = table_of(both, pd.concat([annotations, more], ignore_index=True))
    whole = table[(table["label"] == ALL) & (table["measure"] == "total variation")]
    assert list(
        zip(whole["start"], whole["since"], whole["iteration"], whole["n"], whole["clusters"], strict=True)
    ) == [
        ("image", 0, 1, 50, 50),
        ("image", 0, 2, 50, 50),
        # All chains from one prompt are one cluster; their first picture is 1.
        ("prompt", 1, 2, 50, 2),
    ]
    alone = table[(table["start"] == "prompt") & (table["label"] == "anger")]
    assert set(alone[alone["measure"] == "total variation"]["note"]) == {"fewer than 2 starts: no interval; no test"}
    assert_every_null_has_a_note(table)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_chains_give_notes_not_nulls(n):
    chains, annotations = study(n, 1, 0.5)
    assert_every_null_has_a_note(table_of(chains, annotations))


def test_nothing_valid_is_said():
    chains, annotations = study(5, 1, 0.5)
    table = table_of(chains, annotations.assign(status="invalid", category=None))
    assert set(table["note"]) == {f"no chain has a category at both 0 and {k}; no test" for k in (1, 2)}
    # Each share has a row that says so, too.
    assert set(table[table["measure"] == "share difference"]["category"]) == set(AGES)


def test_a_single_category_is_said():
    chains, annotations = study(40, 1, 0.5)
    table = table_of(chains, annotations.assign(category="0-3"))
    assert_every_null_has_a_note(table)
    kappa = table[table["measure"] == "kappa"].iloc[0]
    assert np.isnan(kappa["value"])
    assert kappa["note"] == "only one category occurs: not defined; no test"
    assert set(table[table["measure"] == "Stuart-Maxwell"]["p_value"]) == {1.0}


@pytest.mark.parametrize(("n", "replicates"), [(10, 1), (30, 1), (30, 3)])
def test_false_positives_and_coverage(n, replicates):
    """At most 5 % of tests of nothing are positive, and at least 93 % of intervals hold the truth (200 samples)."""
    rng = np.random.default_rng(n + replicates)
    before, after = np.array([0.2, 0.5, 0.3]), np.array([0.1, 0.3, 0.6])
    owner = np.repeat(np.arange(n), replicates)
    positive, covered = [], []
    for seed in range(200):
        start = np.repeat(rng.choice(3, n, p=before), replicates)
        shared = np.repeat(rng.random(n) < 0.5, replicates)
        for shares in (before, after):
            drawn = rng.choice(3, n * replicates, p=shares)
            end = np.where(shared, np.repeat(drawn[::replicates], replicates), drawn)
            both = count_pairs(start, end, owner, 3)
            if shares is before:
                positive.append(stuart_maxwell(both.changes, 199, seed).p_value <= 0.05)
            else:
                value, samples = (
                    distances.share_differences(t)[..., 2] for t in (both.table, both.resampled(300, seed))
                )
                found = bootstrap_interval(float(value), samples, both.clusters, (-1, 1))
                covered.append(found.low <= 0.3 <= found.high)
    assert np.mean(positive) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(covered) >= 0.93 - 2.6 * np.sqrt(0.05 * 0.95 / 200)


def test_a_pair_that_is_asked_for_twice_is_there_once():
    chains, annotations = study(20, 1, 0.5)
    prompted = chains.assign(chain_id="p" + chains["chain_id"], start="prompt", prompt=chains["label"], image_id=None)
    more = annotations[annotations["iteration"] > 0].assign(chain_id="p" + annotations["chain_id"])
    both, told = pd.concat([chains, prompted]), pd.concat([annotations, more])
    panel = panels(told, both, {"age": AGES}, 2)["age"]
    # The first picture of a chain from a prompt is picture 1.
    table = drift_table([panel], [(None, 2), (1, 2), (0, 2)], RESAMPLING)
    assert not table.duplicated(["start", "label", "category", "since", "iteration", "measure"]).any()
    assert set(table[table["start"] == "prompt"]["since"]) == {1}


@pytest.mark.parametrize("n", [30, 200])
def test_the_interval_of_a_distance_holds_that_there_is_none(n):
    """Chance alone makes every distance larger than none: an interval about it would miss none every second time."""
    rng = np.random.default_rng(n)
    names = ("total variation", "Jensen-Shannon distance", "weighted Jaccard", "Cramer's V")
    held = []
    for seed in range(60):
        codes = rng.choice(5, size=(n, 1), p=[0.05, 0.15, 0.45, 0.3, 0.05]).repeat(2, 1)
        codes[:, 1] = np.where(rng.random(n) < 0.6, codes[:, 1], rng.permutation(codes[:, 1]))
        held.append([])
        table = drift_table([panel_of(codes)], [(0, 1)], Resampling(300, seed)).set_index("measure")
        for name in names:
            low, high = table.loc[name, ["ci_low", "ci_high"]]
            held[-1].append(low <= float(name == "weighted Jaccard") <= high)
    assert np.mean(held, axis=0).min() >= 0.88


def test_ages_without_years_are_left_out_of_their_mean():
    rng = np.random.default_rng(1)
    codes = rng.integers(3, size=(80, 2))
    years = np.array([10.0, 30.0, np.nan, np.nan, np.nan])
    found = drift_table([panel_of(codes)], [(0, 1)], RESAMPLING, {"age": years}).set_index("measure")
    row = found.loc["mean shift in years"]
    kept = codes[(codes < 2).all(1)]
    assert row["value"] == pytest.approx(20 * (kept[:, 1].mean() - kept[:, 0].mean()))
    assert (row["n"], row["note"]) == (len(kept), "c, d, e left out; no test")


def panel_of(codes):
    n = len(codes)
    named = [np.full(n, name, dtype=object) for name in ("x", "image")]
    return Panel("age", tuple("abcde"), codes.astype(np.int8), np.full(n, -1, np.int8), np.arange(n), *named)


def test_large_samples_spread_like_those_of_equal_size():
    rng = np.random.default_rng(0)
    before, owner = rng.integers(3, size=6000), np.repeat(np.arange(2400), [2, 3] * 1200)
    both = count_pairs(before, np.where(rng.random(6000) < 0.7, before, rng.integers(3, size=6000)), owner, 3)
    found = distances.share_differences(both.resampled(4000, 1))
    tables, weights = both.tables, np.ones(2400) / 2400
    direct = np.tensordot(rng.multinomial(2400, weights, size=4000), tables, 1)
    assert found.std(0) == pytest.approx(distances.share_differences(direct).std(0), rel=0.05)
    assert found.mean(0) == pytest.approx(distances.share_differences(both.table), abs=1e-3)
