"""Agreement, against other libraries on random ratings and against planted truth."""

from itertools import pairwise

import krippendorff
import numpy as np
import pandas as pd
import pytest

from broken_telephone.reporting.figures.agreement import agreement_figure
from broken_telephone.reporting.text.agreement import agreement_sentences
from broken_telephone.statistics import Estimate, agreement_table, confusion_table
from broken_telephone.statistics.estimates.agreement import (
    cohens_kappa,
    confusion_matrix,
    count_ratings,
    encode_ratings,
    krippendorff_alpha,
)
from broken_telephone.statistics.tables.agreement_table import ALL_RATERS, TOGETHER, Comparison, all_raters, every_two

CATEGORIES = ["a", "b", "c", "d"]


def alpha_of(table: pd.DataFrame, categories: list[str], *args, **kwargs) -> Estimate:
    """Krippendorff's alpha of ratings, a row an item, a column a rater."""
    return krippendorff_alpha(count_ratings(encode_ratings(table, categories), len(categories)), *args, **kwargs)


def kappa_of(one: pd.Series, other: pd.Series, categories: list[str], *args) -> Estimate:
    """Cohen's kappa of the ratings of two raters."""
    codes = encode_ratings(pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()}), categories)
    return cohens_kappa(codes, len(categories), *args)


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
    assert alpha_of(table, CATEGORIES, level, n_bootstrap=10).value == pytest.approx(expected, abs=1e-12)


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
    assert alpha_of(table, five).value == pytest.approx(0.743, abs=5e-4)
    assert alpha_of(table, five, "ordinal").value == pytest.approx(0.815, abs=5e-4)


def test_alpha_without_disagreement_to_expect_is_null():
    assert np.isnan(alpha_of(pd.DataFrame({"r": ["a", "a"], "s": ["a", "a"]}), CATEGORIES).value)
    assert np.isnan(alpha_of(pd.DataFrame({"r": ["a", None], "s": ["b", "a"]}), CATEGORIES).value)
    with pytest.raises(ValueError, match=r"e is no category \(a, b"):
        alpha_of(pd.DataFrame({"r": ["a", "e"], "s": ["a", "a"]}), CATEGORIES)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_the_bootstrap_interval_covers_the_truth(level):
    """Of 200 samples of 80 items, the interval holds the alpha of the whole population about 95 times in 100."""
    population = ratings(99, items=20000, raters=3, missing=0.2, right=0.6)
    truth = alpha_of(population, CATEGORIES, level, n_bootstrap=2).value
    rng = np.random.default_rng(1)
    hits = 0
    for sample in range(200):
        some = population.iloc[rng.choice(len(population), 80, replace=False)]
        found = alpha_of(some, CATEGORIES, level, n_bootstrap=400, seed=sample)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 200 <= 0.985


@pytest.mark.parametrize("seed", range(4))
def test_kappa_is_that_of_its_definition(seed):
    table = ratings(seed, items=60, raters=2, missing=0.15, right=0.3 * seed)
    both = table.dropna()
    same = (both["r0"] == both["r1"]).mean()
    chance = sum((both["r0"] == name).mean() * (both["r1"] == name).mean() for name in CATEGORIES)
    expected = (same - chance) / (1 - chance)
    found = kappa_of(table["r0"], table["r1"], CATEGORIES)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low <= found.value <= found.high


def test_the_interval_of_kappa_covers_the_truth():
    population = ratings(7, items=20000, raters=2, missing=0.0, right=0.7)
    truth = kappa_of(population["r0"], population["r1"], CATEGORIES).value
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        some = population.iloc[rng.choice(len(population), 80, replace=False)]
        found = kappa_of(some["r0"], some["r1"], CATEGORIES)
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / 200 <= 0.985


def test_pictures_of_a_chain_are_no_independent_pictures():
    """Whoever is mistaken about one picture of a chain is mistaken about the others, too."""
    rng = np.random.default_rng(5)
    owner = np.repeat(np.arange(60), 4)

    def said():
        first = rng.integers(2, size=60)
        second = np.where(rng.random(60) < 0.2, 1 - first, first)
        return pd.DataFrame({"r": first[owner], "s": second[owner]}).astype(str)

    truth, held = 1 - 0.2 / 0.5, []
    for seed in range(100):
        table = said()
        alpha = alpha_of(table, ["0", "1"], clusters=owner, n_bootstrap=300, seed=seed)
        kappa = kappa_of(table["r"], table["s"], ["0", "1"], owner, 300, seed)
        alone = alpha_of(table, ["0", "1"], n_bootstrap=300, seed=seed)
        assert alpha.value == alone.value
        held.append([one.low <= truth <= one.high for one in (alpha, kappa, alone)])
    alpha, kappa, alone = np.mean(held, axis=0)
    assert min(alpha, kappa) >= 0.88
    assert alone < 0.85


def test_kappa_of_one_category_is_null():
    assert np.isnan(kappa_of(pd.Series(["a", "a"]), pd.Series(["a", "a"]), CATEGORIES).value)
    assert np.isnan(kappa_of(pd.Series(["a"]), pd.Series([None], dtype=object), CATEGORIES).value)


def test_confusions_count_what_both_rated():
    table = confusion_matrix(pd.Series(["a", "a", "b", None]), pd.Series(["a", "b", "b", "a"]), CATEGORIES)
    assert table.loc["a", "a"] == table.loc["a", "b"] == table.loc["b", "b"] == 1
    assert table.to_numpy().sum() == 3


def pair_of(n: int, apart: int, categories=CATEGORIES, step: int = 1) -> pd.DataFrame:
    """Two raters of n items who disagree about the first ones, by so many categories."""
    size = len(categories)
    one = [k * 7 % size for k in range(n)]
    other = [(c + step if c + step < size else c - step) if k < apart else c for k, c in enumerate(one)]
    return pd.DataFrame({"r": [categories[c] for c in one], "s": [categories[c] for c in other]})


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@pytest.mark.parametrize("n", [12, 40, 100])
def test_a_further_disagreement_never_raises_the_lower_end(n, level):
    lows = [alpha_of(pair_of(n, apart), CATEGORIES, level).low for apart in range(12)]
    assert all(after <= before + 1e-9 for before, after in pairwise(lows))


@pytest.mark.parametrize(("n", "apart"), [(20, 0), (20, 1), (40, 2), (100, 0), (100, 3)])
def test_of_few_disagreements_the_lower_end_is_about_that_of_clopper_and_pearson(n, apart):
    from scipy.stats import beta

    found = alpha_of(pair_of(n, apart), CATEGORIES)
    expected = 1 - beta.ppf(0.975, apart + 1, n - apart) / 0.75
    assert found.low == pytest.approx(expected, abs=2 / n)
    # Disagreement is so rare that more than one bootstrap sample in forty has none.
    assert found.high == 1


def test_the_lower_end_holds_where_disagreement_is_rare():
    """Of 300 samples of 40 items of which 3 in 100 are disagreed about, where a plain bootstrap holds 7 times in 10."""
    rng = np.random.default_rng(4)
    truth = 1 - 0.03 / 0.5
    hits = 0
    for _ in range(300):
        one = rng.integers(2, size=40)
        other = np.where(rng.random(40) < 0.03, 1 - one, one)
        names = np.array(["a", "b"], dtype=object)
        found = alpha_of(pd.DataFrame({"r": names[one], "s": names[other]}), ["a", "b"], n_bootstrap=400)
        hits += found.low <= truth
    assert hits / 300 >= 0.965


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
    assert (plain["annotator_a"], plain["annotator_b"]) == ("data set", "model (free)")
    assert (plain["categories"], plain["n"]) == ("all", 9)
    assert plain["share_agreeing"] == pytest.approx(7 / 9)
    assert plain["ordinal_alpha"] > plain["alpha"]
    assert (merged["categories"], merged["share_agreeing"], merged["alpha"]) == ("child + young", 1, 1)


def test_the_annotator_that_stands_first_is_the_reference(labels):
    swapped = pd.concat([labels[labels["annotator"] != "data set"], labels[labels["annotator"] == "data set"]])
    row = agreement_table(swapped, AGES).iloc[0]
    assert (row["annotator_a"], row["annotator_b"]) == ("model (free)", "data set")


def test_all_raters_are_compared_at_once():
    table = ratings(3, items=30, raters=3, missing=0.2, right=0.7)
    labels = table.reset_index(names="item").melt("item", var_name="annotator", value_name="category").dropna()
    names = list(table.columns)
    found = agreement_table(
        labels.assign(attribute="x"), {"x": CATEGORIES}, ["x"], comparisons=[*every_two(names), *all_raters(names)]
    )
    assert list(found["annotator_a"]) == ["r0", "r0", "r1", ALL_RATERS]
    row = found.iloc[-1]
    several = table[table.notna().sum(axis=1) >= 2]
    assert (row["annotator_b"], row["n"]) == ("", len(several))
    assert row["share_agreeing"] == pytest.approx((several.nunique(axis=1) == 1).mean())
    assert row["alpha"] == pytest.approx(alpha_of(table, CATEGORIES, n_bootstrap=10).value)
    assert row["ordinal_alpha"] == pytest.approx(alpha_of(table, CATEGORIES, "ordinal", n_bootstrap=10).value)
    assert np.isnan(row["kappa"])
    words = agreement_sentences(found, confusion_table(labels.assign(attribute="x"), {"x": CATEGORIES}))
    assert words["sentence"].iloc[-1].startswith("X: all raters of an image give the same category to ")
    assert all_raters(names[:2]) == []


def test_confusions_stand_in_the_order_of_the_form(labels):
    table = confusion_table(labels[::-1], AGES)
    assert list(dict.fromkeys(table["category_a"])) == list(AGES["age"])
    assert list(dict.fromkeys(table["category_b"])) == list(AGES["age"])
    assert len(table) == 9


def test_what_agreement_means_is_said_in_words(labels):
    agreement = agreement_table(labels, AGES, ordered=["age"], merging={"age": [["child", "young"]]})
    confusions = confusion_table(labels, AGES)
    assert int(confusions["count"].sum()) == 9
    words = agreement_sentences(agreement, confusions)
    assert list(words["verdict"]) == ["open", "open"]
    first, second = words["sentence"]
    assert first.startswith("Age: model (free) gives the category of the data set to 7 of 9 images (ordinal alpha 0.69")
    assert "too few images" in first
    assert first.endswith("The weakest category is young: both give it to 2 of 4, and the second gives child instead.")
    assert second.startswith("Age, with child + young merged: model (free) gives")
    many = pd.concat([labels.assign(item=labels["item"] + f"_{k}") for k in range(40)])
    words = agreement_sentences(agreement_table(many, AGES), confusion_table(many, AGES))
    assert list(words["verdict"]) == ["open"]
    assert "to 280 of 360 images, 77.8 % (alpha 0.61, 95 %" in words["sentence"][0]
    sure = many.assign(category=many["category"].replace("young", "child"))
    assert list(agreement_sentences(agreement_table(sure, AGES), confusion_table(sure, AGES))["verdict"]) == [
        "reliable"
    ]


def sentence_of(one: list[str], other: list[str], names=("data set", TOGETHER)) -> tuple[str, str]:
    given = zip(names, (one, other), strict=True)
    rows = [(str(k), name, "sex", value) for name, values in given for k, value in enumerate(values)]
    labels = pd.DataFrame(rows, columns=["item", "annotator", "attribute", "category"])
    sexes = {"sex": ("a", "b", "c")}
    words = agreement_sentences(agreement_table(labels, sexes), confusion_table(labels, sexes))
    return words["verdict"][0], words["sentence"][0]


def test_few_pictures_have_no_verdict():
    assert sentence_of(["a", "b"], ["b", "a"])[0] == "open"
    assert sentence_of(["a", "b", "c"] * 3, ["b", "c", "a"] * 3)[0] == "open"
    verdict, sentence = sentence_of(["a", "b", "c"] * 4, ["b", "c", "a"] * 4)
    assert verdict == "unreliable"
    assert "95 % interval" in sentence


def test_an_interval_without_width_gives_no_verdict(labels):
    agreement = agreement_table(labels, AGES).assign(n=50, alpha=0.5, alpha_low=0.5, alpha_high=0.5)
    words = agreement_sentences(agreement, confusion_table(labels, AGES))
    assert list(words["verdict"]) == ["open"]
    assert "(alpha 0.50)" in words["sentence"][0]


def test_sentences_are_plain_english():
    assert sentence_of(["a"], ["b"])[1].startswith(
        "Sex: the raters together give the category of the data set to 0 of 1 image (alpha is undefined for"
    )
    sentence = sentence_of(["a", "a", "a", "b"], ["b", "b", "c", "b"], (TOGETHER, "rater Bo"))[1]
    assert "rater Bo gives the category of the raters together to 1 of 4 images (" in sentence
    assert sentence.endswith("is a: both give it to 0 of 3, and the second gives b most often instead.")


def figure_of(names: list[str], attributes: dict[str, tuple[str, ...]]):
    rng = np.random.default_rng(1)
    rows = [
        (str(item), name, attribute, rng.choice(values))
        for name in names
        for attribute, values in attributes.items()
        for item in range(12)
    ]
    labels = pd.DataFrame(rows, columns=["item", "annotator", "attribute", "category"])
    comparisons = every_two(names)
    figure = agreement_figure(
        agreement_table(labels, attributes, comparisons=comparisons),
        confusion_table(labels, attributes, comparisons),
    )
    above, below = figure.subfigs
    confused = list(dict.fromkeys((axes.get_ylabel(), axes.get_xlabel()) for axes in below.axes))
    return figure, [text.get_text() for text in above.axes[0].get_yticklabels()], confused


def test_the_figure_has_a_line_a_comparison_and_a_panel_an_attribute():
    attributes = {"gender": ("male", "female"), **AGES}
    figure, lines, confused = figure_of(["data set", "rater Al", "m (free)"], attributes)
    assert lines == ["data set | rater Al", "data set | m (free)", "rater Al | m (free)"]
    assert confused == [("data set", "m (free)"), ("rater Al", "m (free)")]
    above, below = figure.subfigs
    assert [axes.get_title() for axes in above.axes] == ["gender", "age"]
    assert [text.get_text() for text in below.axes[1].get_yticklabels()] == list(AGES["age"])


def test_many_raters_do_not_fill_a_wall():
    raters = [f"rater {k}" for k in range(9)]
    figure, lines, confused = figure_of(["data set", TOGETHER, *raters, "m (free)", "m (closed)"], AGES)
    assert confused == [(one, other) for one in ("data set", TOGETHER) for other in ("m (free)", "m (closed)")]
    assert 0 < len(lines) <= 24
    assert not any("rater 1" in line for line in lines)
    assert figure.get_size_inches()[1] < 20
    assert len(figure_of([*raters, "m (free)"], AGES)[2]) == 8


def test_a_figure_of_nothing_is_drawn(tmp_path):
    nothing = pd.DataFrame(columns=["item", "annotator", "attribute", "category"])
    figure = agreement_figure(agreement_table(nothing, AGES), confusion_table(nothing, AGES))
    figure.savefig(tmp_path / "nothing.png")
    [axes] = figure.get_axes()
    assert not [line for line in axes.get_lines() if line.get_marker() == "o"]


def test_an_annotator_who_labelled_nothing_about_an_attribute_changes_nothing_and_intervals_can_be_left_out():
    rows = [(f"i{n}", who, "age", "young" if (n + k) % 3 else "old") for n in range(9) for k, who in enumerate("ab")]
    rows += [(f"i{n}", who, "gender", "male") for n in range(9) for who in "abc"]
    labels = pd.DataFrame(rows, columns=["item", "annotator", "attribute", "category"])
    comparisons = [Comparison("all raters", "", ("a", "b", "c"))]
    (row,) = agreement_table(labels, {"age": ("young", "old")}, comparisons=comparisons, resampling=None).to_dict(
        "records"
    )
    two = agreement_table(labels, {"age": ("young", "old")}, comparisons=every_two("ab")).iloc[0]
    assert row["n"] == two["n"] == 9
    assert row["alpha"] == two["alpha"]
    assert np.isnan(row["kappa"])
    assert "kappa is of two annotators" in row["note"]
    assert np.isnan(row["alpha_low"])
    assert "no bootstrap: no interval" in row["note"]
    assert two["alpha_low"] < two["alpha"]


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_many_items_are_drawn_by_their_patterns_with_the_same_interval(level):
    rng = np.random.default_rng(0)
    one = rng.integers(3, size=400)
    other = np.where(rng.random(400) < 0.8, one, rng.integers(3, size=400))
    counts = count_ratings(np.column_stack([one, other]), 3)
    found = krippendorff_alpha(counts, level, n_bootstrap=2000, seed=1)
    drawn = [krippendorff_alpha(counts[rng.integers(400, size=400)], level, n_bootstrap=0).value for _ in range(1000)]
    assert found.high == pytest.approx(np.quantile(drawn, 0.975), abs=0.01)
    # The lower end has a pseudo-item more.
    assert found.low == pytest.approx(np.quantile(drawn, 0.025), abs=0.02)
    assert found != krippendorff_alpha(counts, level, n_bootstrap=2000, seed=2)
