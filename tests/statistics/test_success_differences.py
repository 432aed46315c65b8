"""Adjusted differences in success, against closed forms, statsmodels, a direct jackknife and simulated studies."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.contingency_tables import StratifiedTable

from broken_telephone.statistics import (
    ABSENT,
    Panel,
    Ratings,
    success_changes_table,
    success_differences_table,
    success_findings,
)
from broken_telephone.statistics.estimates import risk_difference as module
from broken_telephone.statistics.estimates.reference import reference_category
from broken_telephone.statistics.estimates.risk_difference import Success, risk_difference
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.success_differences import SUCCESS_CHANGES, SUCCESS_DIFFERENCES

CATEGORIES = ("woman", "man", "unseen")


def pictures(rng, starts, labels, replicates, men, rates, iterations=2):
    """Chains whose starts share luck in half of the cases: categories and outcomes (n, T), labels and clusters."""
    size = starts * labels
    clusters = np.repeat(np.arange(size), replicates)
    first = rng.random(size) < men
    moved = np.where(rng.random(len(clusters)) < 0.3, rng.random(len(clusters)) < men, first[clusters])
    categories = np.stack([first[clusters], moved], 1)[:, :iterations].astype(np.int8)
    luck = np.where((rng.random(size) < 0.5)[clusters], rng.random(size)[clusters], rng.random(len(clusters)))
    label = clusters // starts
    correct = (luck[:, None] < np.array(rates)[label % len(rates)][:, None]) & np.ones(categories.shape, bool)
    return categories, correct.astype(np.int8), label, clusters


def successes(categories, correct):
    return [
        Success(correct[:, k].astype(float), np.stack([categories[:, k] == 1, categories[:, k] == 0], 1).astype(float))
        for k in range(categories.shape[1])
    ]


def test_the_difference_is_that_of_mantel_and_haenszel():
    categories, correct, labels, clusters = pictures(np.random.default_rng(1), 60, 5, 1, 0.3, [0.9, 0.5, 0.7], 1)
    found = risk_difference(successes(categories, correct), labels, clusters)
    # For two categories it is also the coefficient of a linear model with an intercept for each label.
    data = pd.DataFrame({"correct": correct[:, 0].astype(float), "man": categories[:, 0], "label": labels})
    model = smf.ols("correct ~ man + C(label)", data).fit(cov_type="HC3")
    assert found.estimate.value == pytest.approx(model.params["man"])
    # Its error is near that of the jackknife HC3; the added outcomes make it a little larger.
    width, theirs = found.estimate.high - found.estimate.low, np.diff(model.conf_int().loc["man"])[0]
    assert theirs < width < 1.08 * theirs
    assert found.labels == 5
    rates = found.rates[0]
    assert rates[0] - rates[1] == pytest.approx(found.estimate.value)
    # The test agrees with Mantel and Haenszel's.
    tables = [
        np.array(
            [[np.sum((labels == one) & (categories[:, 0] == c) & (correct[:, 0] == y)) for y in (1, 0)] for c in (1, 0)]
        )
        for one in range(5)
    ]
    theirs = StratifiedTable([table.astype(float) for table in tables]).test_null_odds(correction=False)
    assert found.p_value == pytest.approx(theirs.pvalue, abs=0.05)


def test_the_variance_is_a_jackknife_over_starts(monkeypatch):
    monkeypatch.setattr(module, "PSEUDO_OUTCOMES", 0)
    categories, correct, labels, clusters = pictures(np.random.default_rng(2), 12, 3, 2, 0.4, [0.9, 0.5])
    found = risk_difference(successes(categories, correct), labels, clusters)

    def directly(kept):
        numerator = weight = 0.0
        for one in np.unique(labels[kept]):
            own = kept & (labels == one)
            cells = [[own & (categories[:, k] == c) for c in (1, 0)] for k in (0, 1)]
            if not all(cell.any() for row in cells for cell in row):
                continue
            v = 1 / sum(1 / cell.sum() for row in cells for cell in row)
            rates = [[correct[cell, k].mean() for cell in row] for k, row in enumerate(cells)]
            numerator += v * (rates[1][0] - rates[1][1] - rates[0][0] + rates[0][1])
            weight += v
        return numerator / weight

    assert found.estimate.value == pytest.approx(directly(np.ones(len(labels), bool)))
    names = np.unique(clusters)
    values = np.array([directly(clusters != name) for name in names])
    jackknife = np.sqrt((len(names) - 1) / len(names) * ((values - found.estimate.value) ** 2).sum())
    width = (found.estimate.high - found.estimate.low) / 2
    # Student's t with 10 to 72 degrees of freedom.
    assert 1.99 * jackknife < width < 2.23 * jackknife


@pytest.mark.parametrize(("starts", "labels"), [(10, 1), (10, 7), (30, 7), (300, 1)])
@pytest.mark.parametrize("replicates", [1, 3])
def test_small_studies_without_differences_claim_none(starts, labels, replicates):
    """At most 5 % of tests reject, for common and for rare categories and outcomes, but for the error of simulation."""
    rng = np.random.default_rng(starts + replicates)
    for men, rates in ((0.5, [0.7, 0.5]), (0.2, [0.9, 0.6])):
        p_values = np.array(
            [
                [risk_difference(of_times, *some[2:]).p_value for of_times in (times[:1], times)]
                for some in (pictures(rng, starts, labels, replicates, men, rates) for _ in range(100))
                for times in [successes(*some[:2])]
            ]
        )
        assert ((p_values < 0.05).mean(0) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 100)).all()


def test_a_category_that_is_always_right_has_an_interval():
    categories, correct, labels, clusters = pictures(np.random.default_rng(3), 40, 1, 1, 0.2, [0.8], 1)
    correct[categories == 1] = 1
    found = risk_difference(successes(categories, correct), labels, clusters).estimate
    assert found.high - found.low > 0.1
    correct[:] = 1
    even = risk_difference(successes(categories, correct), labels, clusters)
    assert even.estimate.low < 0 == even.estimate.value < even.estimate.high
    assert even.p_value == 1


def test_moving_between_labels_changes_no_difference():
    """Success differs by label and category, the same before and after; men move from one label's rate to another's."""
    labels = np.repeat([0, 1], 100)
    before = np.concatenate([np.arange(100) < 80, np.arange(100) < 20])
    after = np.concatenate([np.arange(100) < 20, np.arange(100) < 80])
    rates = np.array([[0.5, 0.9], [0.5, 0.5]])
    times = [
        Success(rates[labels, some.astype(int)], np.stack([some, ~some], 1).astype(float)) for some in (before, after)
    ]
    assert risk_difference(times, labels, np.arange(200)).estimate.value == pytest.approx(0)


def study(seed=0, prompts=False, n=120):
    rng = np.random.default_rng(seed)
    categories, correct, label, clusters = pictures(rng, n // 4, 4, 1, 0.4, [0.9, 0.6])
    labels = np.array([f"label {one}" for one in label], dtype=object)
    names = pd.Series([f"c{k}" for k in range(n)])
    starts = np.array(["prompt" if prompts and k % 2 else "image" for k in range(n)], dtype=object)
    categories[starts == "prompt", 0] = ABSENT
    panel = Panel("gender", CATEGORIES, categories, np.full(n, ABSENT, np.int8), clusters, labels, starts)
    predictions = pd.concat(
        [pd.DataFrame({"chain_id": names, "iteration": k, "correct": correct[:, k] == 1}) for k in (0, 1)]
    )
    return predictions, pd.DataFrame({"chain_id": names}), panel


def test_the_tables_name_one_reference():
    predictions, chains, panel = study()
    assert reference_category(panel) == 0
    differences = success_differences_table(predictions, chains, [panel])
    changes = success_changes_table(predictions, chains, [panel])
    assert tuple(differences.columns) == SUCCESS_DIFFERENCES
    assert tuple(changes.columns) == SUCCESS_CHANGES
    assert set(differences["reference"]) == set(changes["reference"]) == {"woman"}
    assert set(differences["label"]) == {"(all)"}
    assert list(differences["category"]) == ["man", "unseen"] * 2
    man = changes[changes["category"] == "man"].iloc[0]
    assert man["value"] == pytest.approx(man["after"] - man["before"])
    assert (man["n"], man["clusters"], man["n_checked"], man["method"]) == (240, 120, 0, "annotator")
    assert (man["since"], man["iteration"], man["note"]) == (0, 1, "")
    rows = differences[differences["category"] == "man"]
    assert (rows["rate"] - rows["reference_rate"]).to_numpy() == pytest.approx(rows["value"].to_numpy())
    for table in (differences, changes):
        unseen = table[table["category"] == "unseen"]
        assert set(unseen["note"]) == {"no picture of this category; no test"}
        assert unseen["value"].isna().all()


def test_the_reference_stays_if_another_category_becomes_more_frequent():
    predictions, chains, panel = study(prompts=True)
    panel.codes[:, 1] = 1
    panel.codes[:4, 1] = 0
    table = success_differences_table(predictions, chains, [panel])
    assert set(table["reference"]) == {"woman"}
    assert set(table[table["start"] == "prompt"]["iteration"]) == {1}
    assert success_changes_table(predictions, chains, [panel])["start"].unique().tolist() == ["image"]


def test_labels_without_both_categories_are_counted():
    predictions, chains, panel = study()
    panel.codes[panel.labels == "label 2"] = 0
    row = success_differences_table(predictions, chains, [panel]).iloc[0]
    assert row["note"] == "1 label without both categories left out"
    panel.codes[panel.codes == 1] = 0
    panel.codes[0] = 1
    row = success_differences_table(predictions, chains, [panel]).iloc[0]
    assert row["note"] == "too few starts: no interval; no test; 3 labels without both categories left out"
    assert np.isfinite(row["value"])
    assert np.isnan(row["p_value"])


def rated(panel, truth, chosen):
    """Ratings of the chosen pictures, bool (n, 2), and strata by label and iteration."""
    rows, iterations = np.nonzero(chosen)
    where = pd.DataFrame({"chain_id": [f"c{k}" for k in rows], "iteration": iterations})
    given = where.assign(attribute="gender", category=np.array(CATEGORIES)[truth[rows, iterations]])
    everything = np.indices(chosen.shape).reshape(2, -1)
    strata = pd.DataFrame({"chain_id": [f"c{k}" for k in everything[0]], "iteration": everything[1]})
    strata["stratum"] = panel.labels[everything[0]] + " | " + strata["iteration"].astype(str)
    return Ratings(given, strata, pd.Series([f"c{k}" for k in range(len(truth))]))


def test_if_everything_is_rated_the_correction_is_the_difference_by_people():
    predictions, chains, panel = study(seed=4)
    truth = panel.codes.copy()
    wrong = np.random.default_rng(0).random(truth.shape) < 0.3
    panel.codes[wrong] = 1 - panel.codes[wrong]
    ratings = rated(panel, truth, np.ones(truth.shape, bool))
    by_people = Panel(
        "gender", CATEGORIES, truth, *(getattr(panel, name) for name in ("stated", "clusters", "labels", "starts"))
    )
    expected = success_changes_table(predictions, chains, [by_people]).iloc[0]
    found = success_changes_table(predictions, chains, [panel], {RATINGS: ratings})
    assert found["method"].tolist() == ["annotator", "human ratings"] * 2
    assert found.iloc[0]["value"] != pytest.approx(expected["value"], abs=0.01)
    # The jackknife removes a bias that the uncorrected estimate keeps.
    assert found.iloc[1]["value"] == pytest.approx(expected["value"], abs=0.01)
    assert found.iloc[1]["n_checked"] == 240
    chosen = success_findings(found)
    assert chosen["method"].tolist() == ["human ratings", "annotator"]
    assert chosen["annotator_value"].iloc[0] == found["value"].iloc[0]


def test_a_reference_annotator_corrects_like_ratings_and_ratings_lead():
    predictions, chains, panel = study(seed=4)
    truth = panel.codes.copy()
    wrong = np.random.default_rng(0).random(truth.shape) < 0.3
    panel.codes[wrong] = 1 - panel.codes[wrong]
    everything = np.ones(truth.shape, bool)
    by_ratings, by_reference = (
        success_changes_table(predictions, chains, [panel], {method: rated(panel, truth, everything)})
        for method in (RATINGS, "big")
    )
    results = ["value", "ci_low", "ci_high", "p_value", "n_checked"]
    assert by_reference["method"].tolist()[1] == "big"
    assert by_reference.loc[1, results].tolist() == by_ratings.loc[1, results].tolist()
    few = np.zeros(truth.shape, bool)
    few[:1] = True
    for chosen, leading in ((everything, RATINGS), (few, "big")):
        corrections = {RATINGS: rated(panel, truth, chosen), "big": rated(panel, truth, everything)}
        both = success_changes_table(predictions, chains, [panel], corrections)
        assert both["method"].tolist()[:3] == ["annotator", RATINGS, "big"]
        chosen_rows = success_findings(both)
        assert chosen_rows["method"].iloc[0] == leading
        assert chosen_rows["annotator_value"].iloc[0] == both["value"].iloc[0]


def test_a_label_without_ratings_stays_out_of_the_correction():
    predictions, chains, panel = study(seed=5)
    chosen = np.ones(panel.codes.shape, bool)
    chosen[panel.labels == "label 0"] = False
    row = success_differences_table(predictions, chains, [panel], {RATINGS: rated(panel, panel.codes, chosen)}).iloc[1]
    assert (row["method"], row["n_checked"], row["clusters"]) == ("human ratings", 90, 90)
    assert row["note"] == "1 label without both categories left out"


def test_the_correction_covers_where_the_annotator_errs_in_drawn_images():
    """The reduced form of benchmarks/success.py: the annotator's own interval fails, the corrected one does not."""
    file = Path(__file__).parents[2] / "benchmarks/success.py"
    spec = importlib.util.spec_from_file_location("success_benchmark", file)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    shares = benchmark.coverage(60, 100, 1, (0.3, 0.3), (0.25, 0.02, 1))
    assert shares["difference", "annotator"][0] < 0.75
    assert shares["difference", "human ratings"][0] >= 0.88
    assert shares["change", "human ratings"][0] >= 0.88
    # Nothing changes; the annotator's errors claim that it does.
    assert shares["change", "human ratings"][1] <= 0.12 < shares["change", "annotator"][1]
