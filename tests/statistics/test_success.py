"""Whether concepts are named right, against pandas, closed forms, a direct bootstrap and planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import binomtest

from broken_telephone.statistics.estimates.bootstrap import Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.panel import ALL, panels
from broken_telephone.statistics.estimates.rates import largest_difference, resampled_outcomes, success_rates
from broken_telephone.statistics.tables.success import SUCCESS, success_table

AGES = ("0-3", "4-19", "20-39")
RESAMPLING = Resampling(400, 1)


def study(n, right, replicates=1, start="image", labels=("joy", "fear"), seed=0):
    """Tables of chains of three pictures; right: chance of being named right, (3 iterations, 3 ages)."""
    rng = np.random.default_rng(seed)
    starts = np.repeat(np.arange(n), replicates)
    names = [f"{start}{k}" for k in range(len(starts))]
    label = np.array(labels)[starts % len(labels)]
    of_start = [f"{one}{k}" for one, k in zip(label, starts, strict=True)]
    chains = pd.DataFrame(
        {
            "chain_id": names,
            "start": start,
            "image_id": of_start if start == "image" else None,
            "prompt": of_start if start == "prompt" else None,
            "label": label,
        }
    )
    codes = rng.choice(3, size=(len(starts), 3), p=[0.5, 0.3, 0.2])
    correct = rng.random(codes.shape) < np.asarray(right)[np.arange(3), codes]
    chain, iteration = np.indices(codes.shape).reshape(2, -1)
    where = pd.DataFrame({"chain_id": np.array(names, dtype=object)[chain], "iteration": iteration})
    annotations = where.assign(attribute="age", category=np.array(AGES, dtype=object)[codes.ravel()], status="valid")
    predictions = where.assign(
        correct=pd.array(correct.ravel(), dtype="boolean"),
        status=np.where(correct.ravel() | (rng.random(correct.size) < 0.5), "named", "none"),
    )
    if start == "prompt":
        annotations, predictions = (table[table["iteration"] > 0] for table in (annotations, predictions))
    return chains, annotations, predictions


def table_of(chains, annotations, predictions, categories=AGES):
    found = panels(annotations, chains, {"age": categories}, 2)
    return success_table(predictions, chains, list(found.values()), RESAMPLING)


def rows_of(table, kind, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table[table["kind"] == kind]


def assert_every_null_has_a_note(table):
    assert list(table.columns) == list(SUCCESS)
    for column in ("value", "ci_low", "ci_high", "p_value"):
        silent = table[~np.isfinite(table[column].astype(float)) & (table["note"] == "")]
        assert silent.empty, silent.iloc[0].to_dict()
    ends = table.dropna(subset=["ci_low"])
    assert ((ends["ci_low"] <= ends["value"] + 1e-9) & (ends["value"] <= ends["ci_high"] + 1e-9)).all()


EVEN = np.full((3, 3), 0.7)
UNEVEN = np.array([[0.9, 0.8, 0.7], [0.8, 0.8, 0.5], [0.6, 0.8, 0.2]])


def test_rates_are_those_of_pandas():
    chains, annotations, predictions = study(120, UNEVEN)
    table = table_of(chains, annotations, predictions)
    assert_every_null_has_a_note(table)
    both = annotations.merge(predictions, on=["chain_id", "iteration"]).merge(chains, on="chain_id")
    both["correct"] = both["correct"].astype(float)
    for label, some in ((ALL, both), *both.groupby("label")):
        expected = some.groupby(["iteration", "category"])["correct"].agg(["mean", "size", "sum"])
        found = rows_of(table, "rate", label=label).set_index(["iteration", "category"])
        assert len(found) == len(expected) == 9
        for where, row in expected.iterrows():
            assert (found.loc[where, "value"], found.loc[where, "n"]) == (pytest.approx(row["mean"]), row["size"])
            ends = binomtest(int(row["sum"]), int(row["size"])).proportion_ci(method="wilson")
            assert tuple(found.loc[where, ["ci_low", "ci_high"]]) == pytest.approx((ends.low, ends.high), abs=1e-9)
        rates = expected["mean"].unstack()
        parity = rows_of(table, "parity difference", label=label).set_index("iteration")["value"]
        assert parity.to_numpy() == pytest.approx((rates.max(axis=1) - rates.min(axis=1)).to_numpy())
        change = rows_of(table, "change", label=label).set_index("category")
        assert set(change["iteration"]) == {2}
        assert change["value"].to_dict() == pytest.approx((rates.loc[2] - rates.loc[0]).to_dict())


def test_what_is_not_clear_is_a_failure_and_counted():
    chains, annotations, predictions = study(6, np.ones((3, 3)), labels=("joy",))
    annotations["category"] = "0-3"
    first = predictions["iteration"] == 0
    predictions.loc[first, "status"] = ["none", "ambiguous", "none", "named", "named", "named"]
    predictions.loc[first, "correct"] = pd.array([None, None, False, False, True, True], dtype="boolean")
    row = rows_of(table_of(chains, annotations, predictions), "rate", iteration=0, category="0-3").iloc[0]
    assert (row["value"], row["n"]) == (pytest.approx(2 / 6), 6)
    assert row["note"] == "no clear label: 1 ambiguous, 2 none; no test"
    fewer = rows_of(table_of(chains, annotations, predictions[~first]), "rate", iteration=0)
    assert (fewer["n"] == 0).all()
    assert set(fewer["note"]) == {"no picture of this category; no test"}


def test_planted_truth_is_found():
    chains, annotations, predictions = study(1500, UNEVEN, replicates=2)
    table = table_of(chains, annotations, predictions)
    assert_every_null_has_a_note(table)
    for k, truth in ((0, 0.2), (1, 0.3), (2, 0.6)):
        row = rows_of(table, "parity difference", label=ALL, iteration=k).iloc[0]
        assert row["ci_low"] < truth < row["ci_high"] < row["ci_low"] + 0.25
        assert (row["n"], row["clusters"]) == (3000, 1500)
    for category, truth in zip(AGES, UNEVEN[2] - UNEVEN[0], strict=True):
        row = rows_of(table, "change", label=ALL, category=category).iloc[0]
        assert row["ci_low"] < truth < row["ci_high"] < row["ci_low"] + 0.2
    for k in (0, 2):
        odds = rows_of(table, "odds ratio", iteration=k).set_index("category")
        assert set(odds["label"]) == {ALL}
        assert odds.loc["0-3", "value"] == 1
        for place in (1, 2):
            row, truth = odds.loc[AGES[place]], np.exp(logit(UNEVEN[k, place]) - logit(UNEVEN[k, 0]))
            assert row["ci_low"] < truth < row["ci_high"]
            assert row["p_value"] < 0.01


def test_resampled_rates_are_those_of_a_direct_bootstrap():
    rng = np.random.default_rng(2)
    tables = rng.multinomial(3, [0.3, 0.2, 0.1, 0.4, 0, 0], size=40).reshape(40, 3, 2)
    weight = tables.sum() / np.count_nonzero(tables.any(2))
    direct = []
    for _ in range(4000):
        # 44 draws from 40 clusters and four made-up ones: one right and one wrong of each category there is.
        sample = np.zeros((3, 2))
        for one in rng.integers(44, size=44):
            sample += tables[one] if one < 40 else weight * np.eye(6)[one - 40].reshape(3, 2)
        direct.append(sample)
    slow, fast = success_rates(np.array(direct)), success_rates(resampled_outcomes(tables, Resampling(4000, 3)))
    assert np.isnan(fast[:, 2]).all()
    assert fast[:, :2].mean(0) == pytest.approx(slow[:, :2].mean(0), abs=0.01)
    assert fast[:, :2].std(0) == pytest.approx(slow[:, :2].std(0), rel=0.06)


def test_of_two_categories_the_widest_difference_is_a_difference():
    samples = np.random.default_rng(0).normal([0.5, 0.7], 0.1, size=(1000, 2))
    found = largest_difference(np.array([0.4, 0.9]), samples, 30)
    assert found == pytest.approx(bootstrap_interval(0.5, samples[:, 1] - samples[:, 0], 30, (0, 1)))


def counted(rates, n, replicates, rng):
    """Pictures of n starts by category and outcome, (n, C, 2); replicates share the category, half of them the rest."""
    codes = np.repeat(rng.choice(len(rates), n, p=[0.5, 0.3, 0.2]), replicates)
    luck = np.where(
        np.repeat(rng.random(n) < 0.5, replicates), np.repeat(rng.random(n), replicates), rng.random(len(codes))
    )
    right = (luck < np.asarray(rates)[codes]).astype(int)
    tables = np.zeros((n, len(rates), 2), int)
    np.add.at(tables, (np.repeat(np.arange(n), replicates), codes, right), 1)
    return tables


@pytest.mark.parametrize("replicates", [1, 3])
@pytest.mark.parametrize("planted", [[0.7, 0.7, 0.7], [0.9, 0.6, 0.6]])
def test_intervals_cover(planted, replicates):
    """At least 93 % of intervals hold the truth, where rates are the same as well, up to the error of 200 samples."""
    rng = np.random.default_rng(replicates)
    parity, change = [], []
    for seed in range(200):
        before, after = (counted(some, 60, replicates, rng) for some in (planted, [0.5] * 3))
        both = np.concatenate([before, after], axis=1)
        values, samples = success_rates(both.sum(0)), success_rates(resampled_outcomes(both, Resampling(200, seed)))
        found = largest_difference(values[:3], samples[:, :3], 60)
        parity.append(found.low <= max(planted) - min(planted) <= found.high)
        starts = int(both[:, [0, 3]].any((1, 2)).sum())
        found = bootstrap_interval(float(values[3] - values[0]), samples[:, 3] - samples[:, 0], starts, (-1, 1))
        change.append(found.low <= 0.5 - planted[0] <= found.high)
    error = 2.6 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(parity) >= 0.93 - error
    assert np.mean(change) >= 0.93 - error


def test_chains_from_prompts_begin_with_the_first_picture():
    images, prompts = study(20, EVEN), study(30, UNEVEN, replicates=2, start="prompt")
    table = table_of(*(pd.concat(parts, ignore_index=True) for parts in zip(images, prompts, strict=True)))
    assert_every_null_has_a_note(table)
    assert set(rows_of(table, "rate", start="prompt")["iteration"]) == {1, 2}
    assert set(rows_of(table, "odds ratio", start="prompt")["iteration"]) == {1, 2}
    assert set(rows_of(table, "odds ratio", start="image")["iteration"]) == {0, 2}
    alone = table_of(*prompts)
    pd.testing.assert_frame_equal(alone, table[table["start"] == "prompt"].reset_index(drop=True))
    parity = rows_of(alone, "parity difference", label=ALL, iteration=1).iloc[0]
    assert (parity["n"], parity["clusters"]) == (60, 30)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("replicates", [1, 3])
def test_few_chains_give_notes_not_nulls(n, replicates):
    for seed in range(2):
        assert_every_null_has_a_note(table_of(*study(n, EVEN, replicates, seed=seed)))


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_always_and_never_right(rate):
    table = table_of(*study(40, np.full((3, 3), rate)))
    assert_every_null_has_a_note(table)
    assert set(rows_of(table, "parity difference")["value"]) == {0.0}
    assert (rows_of(table, "parity difference")["ci_high"] > 0).all()
    assert rows_of(table, "odds ratio").iloc[1]["note"].startswith("in no label that has both outcomes")


def test_a_single_category_is_said():
    chains, annotations, predictions = study(30, EVEN)
    table = table_of(chains, annotations.assign(category="4-19"), predictions)
    assert_every_null_has_a_note(table)
    assert set(rows_of(table, "parity difference")["note"]) == {
        "fewer than two categories occur: nothing to compare; no test"
    }
    odds = rows_of(table, "odds ratio", iteration=0).set_index("category")["note"]
    assert odds["4-19"] == "the only category: nothing to compare with; no test"
    change = rows_of(table, "change", label=ALL).set_index("category")["note"]
    assert change.to_dict() == {
        "0-3": "no picture of this category at 0 and 2; no test",
        "4-19": "no test",
        "20-39": "no picture of this category at 0 and 2; no test",
    }
    assert_every_null_has_a_note(table_of(chains, annotations.assign(category="a"), predictions, ("a",)))


def test_nothing_valid_is_said():
    chains, annotations, predictions = study(10, EVEN)
    for table in (
        table_of(chains, annotations.assign(status="invalid", category=None), predictions),
        table_of(chains, annotations, predictions.head(0)),
        table_of(chains, annotations.head(0), predictions),
    ):
        assert_every_null_has_a_note(table)
        assert (table["n"] == 0).all()
        assert table["value"].isna().all()


def test_empty_tables():
    chains, annotations, predictions = study(10, EVEN)
    assert_every_null_has_a_note(table_of(chains.head(0), annotations.head(0), predictions.head(0)))
    empty = success_table(predictions, chains, [], RESAMPLING)
    assert empty.empty
    assert list(empty.columns) == list(SUCCESS)


def test_a_single_picture_has_no_change():
    chains, annotations, predictions = study(10, EVEN, start="prompt")
    found = panels(annotations[annotations["iteration"] < 2], chains, {"age": AGES}, 1)
    table = success_table(predictions, chains, list(found.values()), RESAMPLING)
    assert_every_null_has_a_note(table)
    assert set(rows_of(table, "change")["note"]) == {"a single picture: there is no change; no test"}
    assert set(table["iteration"]) == {1}
