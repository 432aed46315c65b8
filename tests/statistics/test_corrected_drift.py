"""Drift corrected with ratings, against truth known in full, a jackknife, and planted errors of the annotator."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, t

from broken_telephone.statistics.estimates.corrected_change import Sampled, corrected_change
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel
from broken_telephone.statistics.tables.corrected_drift import (
    BIAS_TESTS,
    CORRECTED_DRIFT,
    bias_table,
    corrected_drift_table,
)
from broken_telephone.statistics.tables.corrected_shares import Ratings

WOMAN, MAN = 0, 1


class Study:
    """Chains of several labels, the truth about both of their images, and an annotator with planted errors."""

    def __init__(self, rng, starts, labels=1, replicates=1, moves=0.0, men_missed=0.25, women_missed=0.02):
        n = starts * labels * replicates
        self.rng, self.clusters = rng, np.repeat(np.arange(starts * labels), replicates)
        self.labels = np.array([f"label {start // starts}" for start in self.clusters], dtype=object)
        before = (rng.random(starts * labels) < 0.5).astype(int)[self.clusters]
        leaves = rng.random(n) < moves
        after = np.where(leaves, (rng.random(n) < 0.2).astype(int), before)
        self.truth = np.stack([before, after], axis=1)
        missed = rng.random(n) < np.where(after == MAN, men_missed, women_missed)
        self.answers = np.stack([before, np.where(missed, 1 - after, after)], axis=1)

    def panel(self) -> Panel:
        n = len(self.labels)
        image = np.full(n, "image", dtype=object)
        codes = self.answers.astype(np.int8)
        return Panel("gender", ("woman", "man"), codes, np.full(n, -1, np.int8), self.clusters, self.labels, image)

    def ratings(self, per_label: int, iterations=(0, 1)) -> Ratings:
        """Rate images of each label and iteration, in turn over the annotator's answers, as the rating page does."""
        names = pd.Series([f"c{k}" for k in range(len(self.labels))])
        frames = []
        for iteration in (0, 1):
            frame = pd.DataFrame({"chain_id": names, "iteration": iteration, "label": self.labels})
            frame["answer"], frame["truth"] = self.answers[:, iteration], self.truth[:, iteration]
            if iteration == 0:
                frame = frame[~pd.Series(self.clusters).duplicated()]
            frames.append(frame)
        frame = pd.concat(frames, ignore_index=True)
        frame["stratum"] = frame[["label", "iteration", "answer"]].astype(str).agg(" | ".join, axis=1)
        mixed = frame.sample(frac=1, random_state=self.rng)
        mixed["turn"] = mixed.groupby("stratum").cumcount()
        chosen = mixed.sort_values("turn", kind="stable").groupby(["label", "iteration"]).head(per_label)
        chosen = chosen[chosen["iteration"].isin(iterations)]
        given = chosen.assign(attribute="gender", category=np.array(["woman", "man"])[chosen["truth"]])
        columns = ["chain_id", "iteration", "attribute", "category"]
        return Ratings(given[columns], frame[["chain_id", "iteration", "stratum"]], names)


def sampled(codes, rated) -> Sampled:
    codes = np.asarray(codes)
    return Sampled(codes, np.asarray(rated), np.zeros(len(codes), int))


def test_if_all_images_are_rated_the_change_is_that_of_the_ratings():
    rng = np.random.default_rng(0)
    truth, answers = rng.integers(0, 3, size=(2, 60, 2))
    change = corrected_change(*(sampled(answers[:, k], truth[:, k]) for k in (0, 1)), np.arange(60), 3)
    expected = np.diff([np.bincount(truth[:, k], minlength=3) / 60 for k in (0, 1)], axis=0)[0]
    assert change.value == pytest.approx(expected)
    naive = np.diff([np.bincount(answers[:, k], minlength=3) / 60 for k in (0, 1)], axis=0)[0]
    assert change.bias == pytest.approx(naive - expected)
    assert change.value.sum() == pytest.approx(0)
    # The paired change of the ratings has this covariance. Two pseudo-starts of Bonett and Price add a squared change
    # of 1, so that changes that no start shows are possible.
    moved = np.eye(3)[truth[:, 1]] - np.eye(3)[truth[:, 0]]
    assert change.covariance == pytest.approx(np.cov(moved.T) / 60)
    assert np.diag(change.pseudo) == pytest.approx(1 / 60**2)
    assert change.pseudo.sum(0) == pytest.approx(0)


def test_an_annotator_without_errors_leaves_its_own_change_and_only_pseudo_ratings_add_to_its_error():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, size=(200, 2))
    rated = np.where(rng.random((200, 2)) < 0.2, truth, ABSENT)
    change = corrected_change(*(sampled(truth[:, k], rated[:, k]) for k in (0, 1)), np.arange(200), 2)
    moved = truth[:, 1] - truth[:, 0]
    # The tuning may use the ratings a little.
    assert change.value[1] == pytest.approx(moved.mean(), abs=0.005)
    assert change.covariance[1, 1] == pytest.approx(moved.var(ddof=1) / 200, rel=0.02)
    assert change.bias == pytest.approx(0)
    assert change.pseudo[1, 1] > 0


def test_the_covariance_is_that_of_a_jackknife_over_starts():
    study = Study(np.random.default_rng(2), starts=300, replicates=2, moves=0.3)
    rated = np.where(study.rng.random((600, 2)) < 0.3, study.truth, ABSENT)
    clusters = study.clusters

    def bias_without(start: int | None) -> np.ndarray:
        kept = clusters != start
        pair = [sampled(study.answers[kept, k], rated[kept, k]) for k in (0, 1)]
        return corrected_change(*pair, clusters[kept], 2).bias

    values = np.array([bias_without(start) for start in range(300)])
    jackknife = 299 / 300 * ((values - values.mean(0)) ** 2).sum(0)
    pair = [sampled(study.answers[:, k], rated[:, k]) for k in (0, 1)]
    assert np.diag(corrected_change(*pair, clusters, 2).bias_covariance) == pytest.approx(jackknife, rel=0.03)


def test_a_rating_counts_for_all_images_of_its_stratum():
    # Stratum 0: 30 images, one of two rated ones is wrong. Stratum 1: 10 images, both rated ones are right.
    codes = np.repeat([WOMAN, MAN], [30, 10])
    rated = np.full(40, ABSENT)
    rated[[0, 1, 30, 31]] = [WOMAN, MAN, MAN, MAN]
    before = Sampled(codes, codes, codes)
    change = corrected_change(before, Sampled(codes, rated, codes), np.arange(40), 2)
    assert change.value[1] == pytest.approx(30 / 40 * 0.5)


def test_replicates_share_the_rating_of_their_original():
    study = Study(np.random.default_rng(3), starts=40, replicates=3, men_missed=0, women_missed=0)
    ratings = study.ratings(per_label=40)
    table = corrected_drift_table([study.panel()], ratings)
    row = table.iloc[0]
    assert (row["n"], row["n_checked"]) == (120, 80)
    assert row["clusters"] == len(set(study.clusters[[int(name[1:]) for name in ratings.given["chain_id"][40:]]]))
    assert row["value"] == pytest.approx((study.truth[:, 1] == WOMAN).mean() - (study.truth[:, 0] == WOMAN).mean())


def test_all_labels_together_are_the_weighted_mean_of_the_labels():
    study = Study(np.random.default_rng(4), starts=50, labels=3, moves=0.3)
    chosen = np.concatenate([np.arange(50), np.arange(50, 80), np.arange(100, 140)])
    panel, ratings = study.panel().of(chosen), study.ratings(per_label=15)
    ratings = ratings._replace(chains=ratings.chains[chosen].reset_index(drop=True))
    table = corrected_drift_table([panel], ratings)
    of_men = table[table["category"] == "man"].set_index("label")
    labels = of_men.drop(index=ALL)
    assert labels["n"].tolist() == [50, 30, 40]
    assert of_men.loc[ALL, "value"] == pytest.approx(np.average(labels["value"], weights=labels["n"]))
    assert list(table.columns) == list(CORRECTED_DRIFT)


def test_the_corrected_shares_differ_by_the_change_and_are_those_of_the_ratings_if_all_are_rated():
    study = Study(np.random.default_rng(13), starts=60, labels=3, moves=0.3)
    table = corrected_drift_table([study.panel()], study.ratings(per_label=20))
    assert table["after"].sub(table["before"]).tolist() == pytest.approx(table["value"].tolist())
    assert table.groupby("label")[["before", "after"]].sum().to_numpy() == pytest.approx(1)
    everything = corrected_drift_table([study.panel()], study.ratings(per_label=60)).set_index("category").loc["man"]
    rows = everything[everything["label"] != ALL]
    for name, truth in zip(("before", "after"), study.truth.reshape(3, 60, 2).transpose(2, 0, 1), strict=True):
        assert rows[name].tolist() == pytest.approx(truth.mean(1).tolist())
        # The variance of a mean, and two pseudo-starts of a quarter each.
        errors = np.sqrt(truth.var(1, ddof=1) / 60 + 0.5 / 60**2)
        assert rows[f"{name}_high"].sub(rows[name]).to_numpy() == pytest.approx(t.ppf(0.975, 59) * errors, rel=0.005)
        # The mean of three labels. All labels together have two pseudo-starts, too, among 180 starts.
        pooled = everything[everything["label"] == ALL].iloc[0]
        error = np.sqrt(truth.var(1, ddof=1).sum() / 60 / 9 + 0.5 / 180**2)
        assert pooled[name] == pytest.approx(truth.mean())
        assert pooled[f"{name}_high"] - pooled[name] == pytest.approx(t.ppf(0.975, 3 * 59) * error, rel=0.005)


def test_without_ratings_at_one_of_the_iterations_there_is_no_value_and_a_note():
    study = Study(np.random.default_rng(5), starts=40, labels=2)
    table = corrected_drift_table([study.panel()], study.ratings(per_label=10, iterations=(1,)))
    assert len(table) == 6
    assert table["value"].isna().all()
    assert table["note"].str.contains("no rating at iteration 0 or 1").all()
    nobody = study.ratings(per_label=0)
    assert corrected_drift_table([study.panel()], nobody).empty
    assert bias_table([study.panel()], nobody).columns.tolist() == list(BIAS_TESTS)


def test_the_ratings_of_a_single_start_give_no_interval():
    study = Study(np.random.default_rng(6), starts=40)
    table = corrected_drift_table([study.panel()], study.ratings(per_label=1))
    assert table["value"].notna().all()
    assert table["after"].notna().all()
    assert table[["ci_low", "ci_high", "p_value", "after_low", "before_high"]].isna().all(axis=None)
    assert (table["note"] == "ratings of a single start: no interval").all()


@pytest.mark.parametrize(("moves", "expected"), [(0.0, 0.0), (0.3, -0.09)])
def test_with_errors_in_drawn_images_only_the_intervals_cover_the_truth(moves, expected):
    """A small form of benchmarks/corrected_drift.py, which has the exact figures."""
    rng = np.random.default_rng(7)
    covered, naive_covered, contradicted = [], [], []
    shares_covered = {"before": [], "after": []}
    together = []
    for _ in range(20):
        study = Study(rng, starts=100, labels=7, moves=moves)
        panel, ratings = study.panel(), study.ratings(per_label=20)
        table = corrected_drift_table([panel], ratings)
        men = table[(table["category"] == "man") & (table["label"] != ALL)]
        together.append(table[(table["category"] == "man") & (table["label"] == ALL)].iloc[0])
        covered += ((men["ci_low"] <= expected) & (expected <= men["ci_high"])).tolist()
        for name, truth in (("before", 0.5), ("after", 0.5 + expected)):
            shares_covered[name] += men[f"{name}_low"].le(truth).mul(men[f"{name}_high"].ge(truth)).tolist()
        changes = study.answers[:, 1] - study.answers[:, 0]
        naive_covered.append(abs(changes.mean() - expected) <= 1.96 * changes.std() / np.sqrt(len(changes)))
        tests = bias_table([panel], ratings)
        contradicted.append(float(tests.loc[tests["label"] == ALL, "p_value"].iloc[0]) < 0.05)
    assert len(covered) == 140
    assert 0.91 <= np.mean(covered) <= 0.99
    assert all(np.mean(one) >= 0.93 for one in shares_covered.values())
    pooled = pd.DataFrame(together)
    for limits, truth in (("ci", expected), ("before", 0.5), ("after", 0.5 + expected)):
        assert ((pooled[f"{limits}_low"] <= truth) & (truth <= pooled[f"{limits}_high"])).mean() >= 0.85
    # The pseudo-ratings make it hardly wider than an exact interval of 20 ratings alone.
    exact = binomtest(10, 20).proportion_ci()
    assert men["after_high"].sub(men["after_low"]).mean() < 1.15 * (exact.high - exact.low)
    assert np.mean(naive_covered) < 0.1
    assert np.mean(contradicted) > 0.6


def test_equal_errors_in_both_directions_are_no_contradiction():
    rng = np.random.default_rng(8)
    rejected = []
    for _ in range(40):
        study = Study(rng, starts=60, labels=3, men_missed=0.1, women_missed=0.1)
        tests = bias_table([study.panel()], study.ratings(per_label=15))
        rejected += (tests["p_value"] < 0.05).tolist()
    assert len(rejected) == 160
    assert np.mean(rejected) <= 0.08


def test_the_standard_error_of_a_stratified_sample_is_the_spread_of_repeated_samples():
    rng = np.random.default_rng(11)
    n, values, errors = 300, [], []
    for _ in range(400):
        truth = (rng.random(n) < 0.5).astype(int)
        # A fifth of the images is doubtful: the annotator errs in half of these, and in 2 % of the others.
        doubtful = (rng.random(n) < 0.2).astype(int)
        answers = np.where(rng.random(n) < np.where(doubtful, 0.5, 0.02), WOMAN, truth)
        rated = np.full(n, ABSENT)
        for stratum, ratings in ((0, 40), (1, 40)):
            chosen = rng.permutation(np.flatnonzero(doubtful == stratum))[:ratings]
            rated[chosen] = truth[chosen]
        change = corrected_change(Sampled(truth, truth, truth), Sampled(answers, rated, doubtful), np.arange(n), 2)
        values.append(change.value[1])
        errors.append(change.covariance[1, 1])
    assert np.mean(values) == pytest.approx(0, abs=0.005)
    # One mean for all strata would give a standard error that is too large by 30 %.
    assert np.sqrt(np.mean(errors)) == pytest.approx(np.std(values), rel=0.1)


def test_a_test_with_too_few_rated_starts_says_so():
    study = Study(np.random.default_rng(12), starts=40)
    panel = study.panel()
    ratings = study.ratings(per_label=2)
    # A category more than the two rated starts allow.
    codes = panel.codes.copy()
    codes[::7] = 2
    panel = replace(panel, categories=("woman", "man", "child"), codes=codes)
    row = bias_table([panel], ratings).iloc[0]
    assert np.isnan(row["value"])
    assert row["note"] == "too few starts with a rating for the number of categories: no test"
