"""Agreement, against other libraries on random ratings and against planted truth."""

import krippendorff
import numpy as np
import pandas as pd
import pytest

from broken_telephone.measures import (
    agreement_table,
    cohens_kappa,
    confusion,
    confusion_table,
    krippendorff_alpha,
)
from broken_telephone.report import agreement_figure, agreement_sentences

CATEGORIES = ["a", "b", "c", "d"]


def ratings(seed: int, items: int, raters: int, missing: float, right: float, categories=CATEGORIES) -> pd.DataFrame:
    """Raters who name the truth with probability `right`, else anything, and nothing now and then."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(len(categories), size=items)
    given = np.where(
        rng.random((items, raters)) < right, truth[:, None], rng.integers(len(categories), size=(items, raters))
    )
    names = np.array(categories, dtype=object)[given]
    names[rng.random((items, raters)) < missing] = None
    return pd.DataFrame(names, columns=[f"r{k}" for k in range(raters)])


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@pytest.mark.parametrize("seed", range(6))
def test_alpha_is_that_of_the_package(seed, level):
    table = ratings(seed, items=20 + 10 * seed, raters=2 + seed % 3, missing=0.25, right=0.2 * seed)
    codes = table.apply(lambda column: column.map({name: float(k) for k, name in enumerate(CATEGORIES)})).astype(float)
    expected = krippendorff.alpha(codes.to_numpy().T, value_domain=[0, 1, 2, 3], level_of_measurement=level)
    assert krippendorff_alpha(table, CATEGORIES, level, repeats=10).value == pytest.approx(expected, abs=1e-12)


def test_alpha_of_a_worked_example():
    """Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, example C: alpha 0.743, ordinal 0.815."""
    rows = {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    }
    table = pd.DataFrame(rows, dtype=object).map(lambda value: None if pd.isna(value) else str(int(value)))
    five = ["1", "2", "3", "4", "5"]
    assert krippendorff_alpha(table, five).value == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(table, five, "ordinal").value == pytest.approx(0.815, abs=5e-4)


def test_alpha_without_disagreement_to_expect_is_null():
    assert np.isnan(krippendorff_alpha(pd.DataFrame({"r": ["a", "a"], "s": ["a", "a"]}), CATEGORIES).value)
    assert np.isnan(krippendorff_alpha(pd.DataFrame({"r": ["a", None], "s": ["b", "a"]}), CATEGORIES).value)
    with pytest.raises(ValueError, match=r"e is no category \(a, b"):
        krippendorff_alpha(pd.DataFrame({"r": ["a", "e"], "s": ["a", "a"]}), CATEGORIES)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_the_bootstrap_interval_covers_the_truth(level):
    """Of 200 samples of 80 items, the interval holds the alpha of the whole population about 95 times in 100."""
    population = ratings(99, items=20000, raters=3, missing=0.2, right=0.6)
    truth = krippendorff_alpha(population, CATEGORIES, level, repeats=2).value
    rng = np.random.default_rng(1)
    hits = 0
    for sample in range(200):
        some = population.iloc[rng.choice(len(population), 80, replace=False)]
        found = krippendorff_alpha(some, CATEGORIES, level, repeats=400, seed=sample)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 200 <= 0.985


@pytest.mark.parametrize("seed", range(4))
def test_kappa_is_that_of_its_definition(seed):
    table = ratings(seed, items=60, raters=2, missing=0.15, right=0.3 * seed)
    both = table.dropna()
    same = (both["r0"] == both["r1"]).mean()
    chance = sum((both["r0"] == name).mean() * (both["r1"] == name).mean() for name in CATEGORIES)
    expected = (same - chance) / (1 - chance)
    found = cohens_kappa(table["r0"], table["r1"], CATEGORIES)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low <= found.value <= found.high


def test_the_interval_of_kappa_covers_the_truth():
    population = ratings(7, items=20000, raters=2, missing=0.0, right=0.7)
    truth = cohens_kappa(population["r0"], population["r1"], CATEGORIES).value
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        some = population.iloc[rng.choice(len(population), 80, replace=False)]
        found = cohens_kappa(some["r0"], some["r1"], CATEGORIES)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 200 <= 0.985


def test_kappa_of_one_category_is_null():
    assert np.isnan(cohens_kappa(pd.Series(["a", "a"]), pd.Series(["a", "a"]), CATEGORIES).value)
    assert np.isnan(cohens_kappa(pd.Series(["a"]), pd.Series([None], dtype=object), CATEGORIES).value)


def test_confusions_count_what_both_rated():
    table = confusion(pd.Series(["a", "a", "b", None]), pd.Series(["a", "b", "b", "a"]), CATEGORIES)
    assert table.loc["a", "a"] == table.loc["a", "b"] == table.loc["b", "b"] == 1
    assert table.to_numpy().sum() == 3


def test_an_alpha_of_one_does_not_claim_to_be_certain():
    """Of n items without a disagreement, the lower end is where n of them would be expected once in forty samples."""
    few, many = (
        krippendorff_alpha(pd.DataFrame({"r": ["a", "b"] * n, "s": ["a", "b"] * n}), CATEGORIES, repeats=50)
        for n in (10, 500)
    )
    unseen = 1 - 0.025 ** (1 / 20)
    assert (few.value, few.high, few.low) == (1, 1, pytest.approx(1 - unseen / 0.5))
    assert many.low > 0.98


@pytest.fixture
def labels() -> pd.DataFrame:
    """Ten pictures: a model that takes every second young adult for a child, and says nothing of the last."""
    truth = ["child"] * 4 + ["young"] * 4 + ["old"] * 2
    model = ["child"] * 4 + ["child", "young", "child", "young"] + ["old", None]
    rows = [(str(k), "data set", "age", value) for k, value in enumerate(truth)]
    rows += [(str(k), "model (free)", "age", value) for k, value in enumerate(model) if value is not None]
    return pd.DataFrame(rows, columns=["item", "annotator", "attribute", "category"])


AGES = {"age": ("child", "young", "old")}


def test_every_two_annotators_are_compared_merged_categories_apart(labels):
    table = agreement_table(labels, AGES, ordered=["age"], merging={"age": [["child", "young"]]})
    plain, merged = table.to_dict("records")
    assert (plain["one"], plain["other"], plain["categories"], plain["n"]) == ("data set", "model (free)", "all", 9)
    assert plain["agree"] == pytest.approx(7 / 9)
    assert plain["ordinal_alpha"] > plain["alpha"]
    assert (merged["categories"], merged["agree"], merged["alpha"]) == ("child + young", 1, 1)


def test_what_agreement_means_is_said_in_words(labels):
    agreement = agreement_table(labels, AGES, merging={"age": [["child", "young"]]})
    confusions = confusion_table(labels, AGES)
    assert int(confusions["count"].sum()) == 9
    words = agreement_sentences(agreement, confusions)
    assert list(words["verdict"]) == ["open", "open"]
    first, second = words["sentence"]
    assert first.startswith("Age: model (free) gives the category of data set to 77.8% of 9 pictures (alpha 0.6")
    assert "too few pictures" in first
    assert first.endswith("Weakest is young, named for 2 of 4, with child most often in its place.")
    assert second.startswith("Age, with child + young taken as one: model (free) gives")
    many = pd.concat([labels.assign(item=labels["item"] + f"_{k}") for k in range(40)])
    verdicts = agreement_sentences(agreement_table(many, AGES), confusion_table(many, AGES))["verdict"]
    assert list(verdicts) == ["unreliable" if agreement_table(many, AGES)["alpha_high"][0] < 0.667 else "open"]
    sure = many.assign(category=many["category"].replace("young", "child"))
    assert list(agreement_sentences(agreement_table(sure, AGES), confusion_table(sure, AGES))["verdict"]) == [
        "reliable"
    ]


def test_the_figure_has_a_line_a_comparison_and_a_panel_an_attribute(labels):
    figure = agreement_figure("a study", agreement_table(labels, AGES), confusion_table(labels, AGES))
    texts = {text.get_text() for sub in figure.subfigs for axes in sub.axes for text in axes.get_yticklabels()}
    assert "age: data set | model (free) (9)" in texts
    assert {"child", "young", "old"} <= texts
