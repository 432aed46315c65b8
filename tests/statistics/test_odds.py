"""Odds ratios by category, against statsmodels, the conditional likelihood, closed forms and planted truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.special import expit
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.genmod.families import Binomial

from broken_telephone.statistics.hypothesis_tests.odds import odds_ratios


def confounded(n, seed=0, replicates=1):
    """Pictures whose label decides both their category and whether it is named right."""
    rng = np.random.default_rng(seed)
    labels = np.array(["joy", "fear", "anger"], dtype=object)[rng.integers(3, size=n)]
    codes = np.where(rng.random(n) < np.select([labels == "joy", labels == "fear"], [0.8, 0.5], 0.2), 0, 1)
    codes = np.where(rng.random(n) < 0.2, 3, codes)
    right = rng.random(n) < expit(np.select([labels == "joy", labels == "fear"], [2.0, 0.5], -0.5))
    return right, codes, labels, np.arange(n) // replicates


@pytest.mark.parametrize("replicates", [1, 4])
def test_odds_are_those_of_a_linear_model(replicates):
    right, codes, labels, clusters = confounded(600, replicates=replicates)
    commonest = int(np.bincount(codes).argmax())
    found = odds_ratios(right, codes, labels, clusters, 5, commonest)
    data = pd.DataFrame({"right": right.astype(float), "code": codes, "label": labels})
    how = {} if replicates == 1 else {"cov_type": "cluster", "cov_kwds": {"groups": clusters}, "use_t": True}
    model = smf.glm(f"right ~ C(code, Treatment({commonest})) + C(label)", data, family=Binomial())
    theirs = model.fit(**how)
    for place in {0, 1, 3} - {commonest}:
        name = f"C(code, Treatment({commonest}))[T.{place}]"
        low, high = np.exp(theirs.conf_int().loc[name])
        assert found[place][:3] == pytest.approx((np.exp(theirs.params[name]), low, high), rel=2e-3)
        assert found[place].p_value == pytest.approx(theirs.pvalues[name], rel=1e-2, abs=1e-9)
        # Of what the label explains, nothing is left.
        assert found[place].low < 1 < found[place].high
    assert found[commonest].value == 1
    assert (found[2].note, found[4].note) == ("no picture of this category",) * 2


def test_empty_cells_are_penalised():
    """Of one label the model is saturated: the penalised odds are those with 1/2 in every cell."""
    codes, right = np.repeat([0, 0, 1, 1], [9, 6, 0, 7]), np.repeat([0, 1, 0, 1], [9, 6, 0, 7])
    found = odds_ratios(right, codes, np.array(["joy"] * 22, dtype=object), np.arange(22), 2, 0)[1]
    assert found.value == pytest.approx((7.5 / 0.5) / (6.5 / 9.5))
    assert 1 < found.low < found.value < found.high < np.inf
    assert found.p_value < 0.05
    assert found.note == "penalised: a category has one outcome"
    twice = odds_ratios(right, codes, np.array(["joy"] * 22, dtype=object), np.arange(22) // 2, 2, 0)[1]
    assert twice.note == f"{found.note}; chains of a start are not independent: no interval"
    assert twice.value == found.value
    assert np.isnan([twice.low, twice.high, twice.p_value]).all()


def with_one_sided_labels(seed, size=1345, replicates=30):
    """Pictures of seven labels, two of them small and always or never named right, with a true odds ratio of 0.34."""
    rng = np.random.default_rng(seed)
    labels, clusters = rng.choice(7, p=[0.3, 0.25, 0.2, 0.2, 0.03, 0.01, 0.01], size=size), np.arange(size)
    clusters[-replicates:], labels[-replicates:] = clusters[:replicates], labels[:replicates]
    codes = rng.choice(3, p=[0.55, 0.35, 0.1], size=size)
    right = rng.random(size) < expit(0.5 * labels - 0.5 + np.log([1, 0.34, 1])[codes])
    right = np.where(labels == 5, False, np.where(labels == 6, True, right))
    return right, codes, labels.astype(str).astype(object), clusters


def test_labels_with_one_outcome_are_left_out():
    """They carry no information on the odds ratio: the conditional likelihood drops them, and so does this fit."""
    right, codes, labels, clusters = with_one_sided_labels(3)
    found = odds_ratios(right, codes, labels, clusters, 3, 0)
    one_sided = np.isin(labels, ["5", "6"])
    assert found[1].note == f"2 labels with one outcome left out ({one_sided.sum()} pictures)"
    assert 0.2 < found[1].low < 0.34 < found[1].high < 0.6
    assert found[1].p_value < 1e-6
    data = pd.DataFrame({"right": right.astype(float), "code": codes, "label": labels})[~one_sided]
    how = {"cov_type": "cluster", "cov_kwds": {"groups": clusters[~one_sided]}, "use_t": True}
    theirs = smf.glm("right ~ C(code) + C(label)", data, family=Binomial()).fit(**how)
    expected = np.exp([theirs.params["C(code)[T.1]"], *theirs.conf_int().loc["C(code)[T.1]"]])
    assert found[1][:3] == pytest.approx(expected, rel=2e-3)


def test_odds_ratios_are_close_to_those_of_the_conditional_likelihood():
    right, codes, labels, clusters = with_one_sided_labels(3, 260, 10)
    found = odds_ratios(right, codes, labels, clusters, 3, 0)
    with pytest.warns(match="Dropped 1 groups"):
        model = ConditionalLogit(right.astype(float), np.eye(3)[codes][:, 1:], groups=labels)
    assert np.log([one.value for one in found[1:]]) == pytest.approx(model.fit(disp=0).params, rel=0.05)


def test_odds_ratios_cover_the_truth_beside_labels_with_one_outcome():
    covered = []
    for seed in range(100):
        found = odds_ratios(*with_one_sided_labels(seed, 700), 3, 0)[1]
        covered.append(found.low < 0.34 < found.high)
    assert np.mean(covered) >= 0.89


def test_a_category_with_one_outcome_loses_only_its_own_interval():
    right, codes, labels, clusters = with_one_sided_labels(1)
    found = odds_ratios(right | (codes == 2), codes, labels, clusters, 3, 0)
    assert found[2].note.startswith("penalised: a category has one outcome; ")
    assert found[2].note.endswith("chains of a start are not independent: no interval")
    rest = codes != 2
    without = odds_ratios(right[rest], codes[rest], labels[rest], clusters[rest], 3, 0)[1]
    assert found[1][:4] == pytest.approx(without[:4])
    assert np.isfinite(found[1][:4]).all()
    # Each ratio with the reference is infinite if the reference has one outcome.
    notes = {one.note.split(";")[0] for one in odds_ratios(right | (codes == 0), codes, labels, clusters, 3, 0)[1:]}
    assert notes == {"penalised: a category has one outcome"}


def test_labels_that_all_have_one_outcome_have_no_odds_ratio():
    right, codes, labels, clusters = with_one_sided_labels(2)
    found = odds_ratios(labels < "3", codes, labels, clusters, 3, 0)
    note = "in no label that has both outcomes: no information on its odds; 7 labels with one outcome left out"
    assert found[1].note == found[2].note == f"{note} (1345 pictures)"
    assert np.isnan([found[1].value, found[2].value]).all()
    assert {one.note for one in odds_ratios(right[codes > 0], codes[codes > 0], labels[codes > 0], clusters, 3, 0)} == {
        "no picture of this category",
        "no picture of the reference",
    }


def test_separation_that_no_single_cell_shows():
    codes = np.array([0, 0, 1, 1, 1, 1, 0, 0] * 3)
    labels = np.array(list("aaaabbbb") * 3, dtype=object)
    right = np.array([1, 1, 1, 0, 0, 0, 1, 0] * 3)
    found = odds_ratios(right, codes, labels, np.arange(24), 2, 0)[1]
    assert found.note == "penalised: categories and labels together separate the outcomes"
    assert 0 < found.low < found.value < found.high < 1


def test_categories_that_go_with_a_label_are_not_told_apart():
    codes = np.array([0, 1] * 20 + [2] * 10)
    labels = np.array(["joy"] * 40 + ["fear"] * 10, dtype=object)
    right = np.random.default_rng(0).random(50) < 0.5
    found = odds_ratios(right, codes, labels, np.arange(50), 3, 0)
    assert np.isnan(found[2].value)
    assert found[2].note == "in no label with the reference, nor linked to it: confounded with the label"
    joy = odds_ratios(right[:40], codes[:40], labels[:40], np.arange(40), 3, 0)
    assert found[1] == joy[1]
    # Two steps away is near enough: anger shares 1 with joy and 2 with fear.
    codes, labels = np.append(codes, [1, 2] * 10), np.append(labels, ["anger"] * 20)
    right = np.random.default_rng(1).random(70) < 0.5
    assert np.isfinite(odds_ratios(right, codes, labels, np.arange(70), 3, 0)[2].value)


def test_too_few_starts_have_no_interval():
    right, codes, labels, _ = confounded(60)
    found = odds_ratios(right, codes, labels, np.arange(60) // 20, 4, int(np.bincount(codes).argmax()))
    notes = {one.note for place, one in enumerate(found) if place in codes and one.value != 1}
    assert notes == {"too few starts: no interval"}


@pytest.mark.parametrize(("starts", "rare"), [(60, 15), (40, 12)])
def test_odds_of_few_starts_do_not_differ_by_chance(starts, rare):
    """Starts differ in how often they are named right, categories do not: one test in twenty may be positive."""
    rng = np.random.default_rng(starts)
    owner = np.repeat(np.arange(starts), 6)
    positive = []
    for _ in range(150):
        right = rng.random(len(owner)) < rng.beta(0.6, 0.4, size=starts)[owner]
        found = odds_ratios(right, (owner < rare).astype(int), np.full(len(owner), "x", dtype=object), owner, 2, 0)[1]
        positive.append(found.p_value <= 0.05)
    assert np.mean(positive) <= 0.1
