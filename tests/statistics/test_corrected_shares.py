"""Shares corrected for the annotator's error, against closed forms, slow implementations and planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import t

from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.misclassification import PSEUDO_STARTS, invert_confusion, project_to_simplex
from broken_telephone.statistics.estimates.panel import ABSENT, Panel
from broken_telephone.statistics.estimates.prediction_powered import prediction_powered_shares
from broken_telephone.statistics.tables.corrected_shares import CONFUSION, CORRECTED, RATINGS, Ratings, corrected_table

AGES = ("young", "middle", "old")


def erring(truth: np.ndarray, error: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Answers that are any other category with the chance of an error."""
    other = (truth + rng.integers(1, size, size=truth.shape)) % size
    return np.where(rng.random(truth.shape) < error, other, truth)


def panel(stated, codes, clusters=None, labels="fear", starts="image", categories=AGES) -> Panel:
    n = len(codes)
    where = [np.full(n, name, dtype=object) if isinstance(name, str) else name for name in (labels, starts)]
    clusters = np.arange(n) if clusters is None else clusters
    return Panel("age", categories, np.asarray(codes, np.int8), np.asarray(stated, np.int8), clusters, *where)


def world(rng, starts, replicates, error, before=(0.5, 0.3, 0.2), after=(0.2, 0.35, 0.45), later_error=None):
    """Chains whose people get older, and what is true of picture 1; replicates have their start in common."""
    of = np.repeat(np.arange(starts), replicates)
    truth = rng.choice(3, size=starts, p=before)
    first = erring(truth, error, 3, rng)[of]
    drawn = rng.choice(3, size=starts, p=after)[of]
    drawn = np.where(rng.random(len(of)) < 0.5, drawn, rng.choice(3, size=len(of), p=after))
    later = erring(drawn, error if later_error is None else later_error, 3, rng)
    labels = np.array(["fear", "anger"], dtype=object)[of % 2]
    return panel(truth[of], np.stack([first, later], axis=1), of, labels), drawn


def rated(some: Panel, truth: np.ndarray, each: int, rng: np.random.Generator) -> Ratings:
    """Ratings of picture 1: of each label and answer, so many; and the strata they are drawn from."""
    names = pd.Series([f"c{k}" for k in range(len(truth))])
    answers = pd.Series(some.codes[:, 1])
    strata = pd.Series(some.labels) + answers.astype(str)
    frame = pd.DataFrame({"chain_id": names, "iteration": 1, "stratum": strata})
    chosen = frame.sample(frac=1, random_state=rng).groupby("stratum").head(each)
    given = chosen.assign(attribute="age", category=np.array(some.categories)[truth[chosen.index]])
    return Ratings(given[["chain_id", "iteration", "attribute", "category"]], frame, names)


def nulls_have_notes(table: pd.DataFrame) -> bool:
    null = table[["value", "ci_low", "ci_high"]].isna().any(axis=1)
    return len(table) > 0 and bool((table.loc[null, "note"] != "").all())


def test_the_nearest_shares():
    rng = np.random.default_rng(0)
    points = rng.normal(0.3, 0.6, size=(50, 4))
    for point, ours in zip(points, project_to_simplex(points), strict=True):
        level = brentq(lambda x, point=point: np.maximum(point - x, 0).sum() - 1, -3, 3)
        assert ours == pytest.approx(np.maximum(point - level, 0), abs=1e-9)
    assert project_to_simplex(np.array([0.2, 0.8])) == pytest.approx([0.2, 0.8])
    assert project_to_simplex(np.array([[7.0]])) == pytest.approx(1)


def test_two_categories_are_rogan_and_gladen():
    sensitivity, specificity, positive = 0.9, 0.7, 0.5
    expected = (positive + specificity - 1) / (sensitivity + specificity - 1)
    confusion = 1000 * np.array([[sensitivity, 1 - sensitivity], [1 - specificity, specificity]])
    assert invert_confusion(confusion, np.array([50, 50]))[0] == pytest.approx(expected)
    # Fewer positives than errors alone would give.
    assert invert_confusion(confusion, np.array([20, 80])) == pytest.approx([0, 1])


def test_several_categories_are_undone():
    rng = np.random.default_rng(1)
    confusion = rng.integers(1, 20, size=(4, 4)) + 60 * np.eye(4)
    truth = np.array([0.1, 0.2, 0.3, 0.4])
    observed = truth @ (confusion / confusion.sum(1, keepdims=True))
    assert invert_confusion(confusion, 500 * observed) == pytest.approx(truth)


def test_originals_of_all_labels_come_back_as_the_data_set_states_them():
    some, _ = world(np.random.default_rng(2), 300, 1, 0.3)
    table = corrected_table([some], Resampling(200, 1))
    assert tuple(table.columns) == CORRECTED
    whole = table[(table["label"] == "(all)") & (table["iteration"] == 0)]
    shares = np.bincount(some.stated) / 300
    assert whole["value"].to_numpy() == pytest.approx(shares)
    # Errors of the annotator that are in both, confusion and answers, cancel: no less is known than of any share.
    width = (whole["ci_high"] - whole["ci_low"]).to_numpy()
    assert width == pytest.approx(2 * 1.96 * np.sqrt(shares * (1 - shares) / 300), rel=0.25)


def test_intervals_are_those_of_a_plain_loop():
    """Each start with an exponential weight of its own, one sample after the other."""
    some, _ = world(np.random.default_rng(3), 60, 2, 0.2)
    mine = some.labels == "fear"
    table = corrected_table([some], Resampling(4000, 1))
    ours = table[(table["label"] == "fear") & (table["iteration"] == 1)][["ci_low", "ci_high"]].to_numpy()
    rng = np.random.default_rng(4)
    samples = []
    for _ in range(2500):
        weights = rng.exponential(size=60)[some.clusters]
        confusion, observed = np.zeros((3, 3)), np.zeros(3)
        np.add.at(confusion, (some.stated, some.codes[:, 0]), weights)
        np.add.at(observed, some.codes[mine, 1], weights[mine])
        # Made-up starts have two chains, as those of the sample.
        confusion += 2 * rng.gamma(PSEUDO_STARTS / 6, size=(3, 3)) * (1 - np.eye(3))
        observed += 2 * rng.gamma(PSEUDO_STARTS / 3, size=3)
        shares = np.linalg.solve((confusion / confusion.sum(1, keepdims=True)).T, observed / observed.sum())
        samples.append(project_to_simplex(shares))
    assert ours == pytest.approx(np.quantile(samples, [0.025, 0.975], axis=0).T, abs=0.02)


@pytest.mark.parametrize("replicates", [1, 3])
def test_intervals_by_confusion_cover_the_truth(replicates):
    rng = np.random.default_rng(5)
    hits = []
    for seed in range(100):
        some, _ = world(rng, 240, replicates, 0.2)
        table = corrected_table([some], Resampling(300, seed))
        later = table[(table["label"] == "fear") & (table["iteration"] == 1)]
        hits += list((later["ci_low"] <= [0.2, 0.35, 0.45]) & (later["ci_high"] >= [0.2, 0.35, 0.45]))
    # 300 that depend on each other: the error of their share is at most 0.022.
    assert 0.905 <= np.mean(hits) <= 0.99


@pytest.mark.parametrize(("replicates", "later_error"), [(1, 0.25), (3, 0.25), (1, 0.6)])
def test_intervals_by_ratings_cover_the_truth(replicates, later_error):
    """However the annotator errs in drawn pictures."""
    rng = np.random.default_rng(6)
    hits = []
    for _ in range(250):
        some, truth = world(rng, 400, replicates, 0.1, later_error=later_error)
        strata = some.codes[:, 1].astype(int)
        chosen = np.concatenate([rng.permutation(np.flatnonzero(strata == k))[:50] for k in range(3)])
        given = np.full(len(truth), ABSENT)
        given[chosen] = truth[chosen]
        value, error = prediction_powered_shares(some.codes[:, 1], given, strata, some.clusters, 3)
        reach = t.ppf(0.975, len(np.unique(some.clusters[chosen])) - 1) * error
        hits += list(abs(value - [0.2, 0.35, 0.45]) <= reach)
    # 750 that depend on each other: the error of their share is at most 0.014.
    assert 0.915 <= np.mean(hits) <= 0.985


def test_strata_of_answers_give_the_stratified_mean():
    rng = np.random.default_rng(7)
    some, truth = world(rng, 600, 1, 0.1, later_error=0.4)
    strata = some.codes[:, 1].astype(int)
    given = np.full(600, ABSENT)
    for k, many in enumerate((10, 25, 60)):
        chosen = rng.permutation(np.flatnonzero(strata == k))[:many]
        given[chosen] = truth[chosen]
    value, _ = prediction_powered_shares(some.codes[:, 1], given, strata, some.clusters, 3)
    means = [np.bincount(given[(strata == k) & (given >= 0)], minlength=3) / (10, 25, 60)[k] for k in range(3)]
    assert value == pytest.approx(np.bincount(strata) / 600 @ np.array(means))


def test_of_one_stratum_the_shares_are_those_of_the_definition():
    """Tuned as in PPI++: covariance of ratings and answers over the variance of these, less the more are rated."""
    rng = np.random.default_rng(8)
    n, whole = 80, 1000
    said = rng.integers(3, size=whole)
    truth = erring(said, 0.3, 3, rng)
    given = np.where(np.arange(whole) < n, truth, ABSENT)
    value, error = prediction_powered_shares(said, given, np.zeros(whole), np.arange(whole), 3)
    y, f, every = (np.eye(3)[codes] for codes in (truth[:n], said[:n], said))
    both = np.concatenate([f - f.mean(0), every - f.mean(0)])
    covariance = ((y - y.mean(0)) * (f - f.mean(0))).mean(0).sum()
    tuning = covariance / ((1 + n / whole) * both.var(0, ddof=1).sum())
    assert value == pytest.approx(tuning * every.mean(0) + (y - tuning * f).mean(0))
    plain = np.sqrt((y - tuning * f).var(0) / n + (tuning * every).var(0) / whole)
    assert (error > plain).all()
    assert error == pytest.approx(plain, rel=0.12)


def test_replicates_that_repeat_each_other_say_nothing_new():
    rng = np.random.default_rng(9)
    said = rng.integers(3, size=200)
    given = np.where(np.arange(200) < 60, erring(said, 0.3, 3, rng), ABSENT)
    arrays = said, given, np.zeros(200), np.arange(200)
    once = prediction_powered_shares(*arrays, 3)
    four = prediction_powered_shares(*(np.repeat(array, 4) for array in arrays), 3)
    assert np.concatenate(four) == pytest.approx(np.concatenate(once))


def test_both_methods_agree_where_the_annotator_errs_as_before_and_not_else():
    rng = np.random.default_rng(10)
    found = {}
    for later_error in (0.1, 0.7):
        some, truth = world(rng, 1500, 1, 0.1, later_error=later_error)
        table = corrected_table([some], Resampling(300, 1), rated(some, truth, 60, rng))
        assert nulls_have_notes(table)
        assert table[table["iteration"] == 0]["methods_agree"].isna().all()
        later = table[(table["iteration"] == 1) & (table["label"] == "(all)")]
        assert later.groupby("category")["methods_agree"].nunique().max() == 1
        found[later_error] = later[later["method"] == RATINGS]
        assert (found[later_error]["n_checked"] == 360).all()
        assert found[later_error]["value"].to_numpy() == pytest.approx([0.2, 0.35, 0.45], abs=0.08)
    assert found[0.1]["methods_agree"].all()
    assert not found[0.7]["methods_agree"].all()


def test_a_label_with_enough_originals_has_a_confusion_of_its_own():
    """The annotator takes women for men among fear alone; over all labels together, anger would pay for it."""
    rng = np.random.default_rng(11)
    truth, labels = rng.integers(2, size=1000), np.array(["fear", "anger"], dtype=object)[np.arange(1000) % 2]
    said = np.where((labels == "fear") & (truth == 1) & (rng.random(1000) < 0.4), 0, truth)
    some = panel(truth, np.stack([said, said], 1), labels=labels, categories=("male", "female"))
    table = corrected_table([some], Resampling(200, 1))
    assert set(table["note"]) == {""}
    for label in ("fear", "anger"):
        rows = table[(table["label"] == label) & (table["category"] == "female")]
        assert rows["value"].to_numpy() == pytest.approx([truth[labels == label].mean()] * 2)
        assert (rows["n_checked"] == 500).all()
    few = corrected_table([some.of(np.arange(1000) < 80)], Resampling(200, 1))
    assert set(few[few["label"] != "(all)"]["note"]) == {"by the confusion of all labels"}
    assert set(few[few["label"] == "(all)"]["note"]) == {""}


def test_what_is_never_stated_cannot_be_corrected():
    rng = np.random.default_rng(11)
    stated = rng.integers(2, size=100)
    codes = np.stack([erring(stated, 0.1, 2, rng), erring(stated, 0.1, 2, rng)], axis=1)
    table = corrected_table([panel(stated, codes)], Resampling(200, 1))
    never = table["category"] == "old"
    assert table.loc[never, ["value", "ci_low", "ci_high"]].isna().all(axis=None)
    assert set(table.loc[never, "note"]) == {"the data set never states it"}
    assert table.loc[~never, ["value", "ci_low", "ci_high"]].notna().all(axis=None)
    # Once the annotator answers it in a picture, nothing can be solved there.
    codes[0, 1] = 2
    table = corrected_table([panel(stated, codes)], Resampling(200, 1))
    assert table.groupby("iteration")["value"].count().to_dict() == {0: 2, 1: 0}
    assert set(table.loc[table["iteration"] == 1, "note"]) == {
        "the data set states no old, which the annotator answers"
    }


def test_an_annotator_that_guesses_is_not_corrected():
    stated = np.repeat([0, 1], 40)
    codes = np.stack([np.tile([0, 1], 40)] * 2, axis=1)
    table = corrected_table([panel(stated, codes, categories=AGES[:2])], Resampling(50, 1))
    assert table["value"].isna().all()
    assert set(table["note"]) == {"the annotator does not tell the categories apart: cannot be solved"}
    # Hardly better than that: there is a value, and nearly nothing is known of it.
    codes[:10, 0] = 0
    table = corrected_table([panel(stated, codes, categories=AGES[:2])], Resampling(400, 1))
    later = table[table["iteration"] == 1]
    assert len(later)
    assert (later["ci_high"] - later["ci_low"] > 0.6).all()


def test_chains_from_prompts_are_corrected_by_what_is_known_of_images():
    rng = np.random.default_rng(12)
    truth = np.concatenate([rng.integers(3, size=400), rng.choice(3, size=400, p=[0.1, 0.2, 0.7])])
    codes = np.stack([erring(truth, 0.2, 3, rng), erring(truth, 0.2, 3, rng)], axis=1)
    codes[400:, 0] = ABSENT
    starts = np.repeat(np.array(["image", "prompt"], dtype=object), 400)
    stated = np.where(starts == "image", truth, ABSENT)
    table = corrected_table([panel(stated, codes, starts=starts)], Resampling(300, 1))
    prompts = table[table["start"] == "prompt"]
    assert set(prompts["iteration"]) == {1}
    assert (prompts["n_checked"] == 400).all()
    assert prompts["value"].to_numpy() == pytest.approx([0.1, 0.2, 0.7], abs=0.09)


def test_from_one_chain_on_every_null_has_a_note():
    rng = np.random.default_rng(13)
    values = intervals = 0
    for n in (1, 2, 3, 5, 9):
        for gap in (0.0, 0.4, 1.0):
            truth = rng.integers(3, size=n)
            codes = np.stack([erring(truth, 0.3, 3, rng), erring(truth, 0.3, 3, rng)], axis=1)
            codes[rng.random((n, 2)) < gap] = ABSENT
            stated = np.where(rng.random(n) < gap / 2, ABSENT, truth)
            starts = np.array(["image", "prompt"], dtype=object)[(rng.random(n) < 0.2).astype(int)]
            some = panel(stated, codes, np.arange(n) // 2, starts=starts)
            table = corrected_table([some], Resampling(60, 1), rated(some, truth, 1, rng))
            assert nulls_have_notes(table)
            there = table.dropna(subset=["value"])
            assert there["value"].between(0, 1).all()
            inside = there.dropna(subset=["ci_low"])
            values, intervals = values + len(there), intervals + len(inside)
            assert (inside["ci_low"] <= inside["value"] + 1e-12).all()
            assert (inside["value"] <= inside["ci_high"] + 1e-12).all()
            assert not np.isinf(table[["value", "ci_low", "ci_high"]].to_numpy(float)).any()
    assert 0 < intervals < values


def test_one_category_and_nothing_at_all():
    one = corrected_table([panel(np.zeros(20), np.zeros((20, 2)), categories=("young",))], Resampling(50, 1))
    assert (one["value"] == 1).all()
    assert set(one["note"]) == {"only one category is stated: no interval"}
    some, truth = world(np.random.default_rng(14), 40, 1, 0.1)
    nobody = some.of(np.zeros(40, bool))
    for table in (corrected_table([], Resampling(9, 1)), corrected_table([nobody], Resampling(9, 1))):
        assert table.empty
        assert tuple(table.columns) == CORRECTED
    # Where the data set states nothing, ratings alone count.
    unknown = panel(np.full(40, ABSENT), some.codes)
    assert corrected_table([unknown], Resampling(9, 1)).empty
    table = corrected_table([unknown], Resampling(9, 1), rated(some, truth, 10, np.random.default_rng(1)))
    assert set(table["method"]) == {RATINGS}
    assert set(corrected_table([some], Resampling(9, 1))["method"]) == {CONFUSION}


def test_ratings_are_found_by_chain_and_counted_once():
    some, truth = world(np.random.default_rng(15), 60, 1, 0.1)
    ratings = rated(some, truth, 8, np.random.default_rng(1))
    shuffled = ratings._replace(given=ratings.given.sample(frac=1, random_state=1))
    plain, other = (corrected_table([some], Resampling(50, 1), one) for one in (ratings, shuffled))
    pd.testing.assert_frame_equal(plain, other)
    elsewhere = pd.DataFrame({"chain_id": ["z", "c1"], "iteration": [1, 9], "attribute": "age", "category": "old"})
    more = ratings._replace(given=pd.concat([ratings.given, elsewhere]))
    pd.testing.assert_frame_equal(plain, corrected_table([some], Resampling(50, 1), more))
    with pytest.raises(ValueError, match=r"chain c\d+, iteration 1: there are two rows"):
        corrected_table([some], Resampling(9, 1), ratings._replace(given=pd.concat([ratings.given] * 2)))


def test_what_was_not_rated_is_told():
    some, truth = world(np.random.default_rng(16), 200, 1, 0.1)
    ratings = rated(some, truth, 5, np.random.default_rng(1))
    fewer = ratings._replace(given=ratings.given[ratings.given["category"] != "old"].head(8))
    table = corrected_table([some], Resampling(50, 1), fewer)
    notes = table.loc[(table["method"] == RATINGS) & (table["iteration"] == 1), "note"]
    assert notes.str.contains("starts rated: intervals may be too short").any()
    assert notes.str.contains("of the pictures are in strata that nobody rated").any()
