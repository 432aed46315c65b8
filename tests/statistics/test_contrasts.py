"""Contrasts of studies: against loops, bootstrap, statsmodels and planted differences."""

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from compared_arms import chains_of, panel_of, pulled_arm
from scipy.stats import false_discovery_control, permutation_test

from broken_telephone.errors import StudyError
from broken_telephone.statistics import ALL, Ratings, Resampling
from broken_telephone.statistics.estimates.contrast import paired_contrast, unpaired_contrast
from broken_telephone.statistics.estimates.grouped_means import label_and_all_groups
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.hypothesis_tests.paired_tests import sign_flip_test, stuart_maxwell
from broken_telephone.statistics.outcomes import Arm, Outcome, category_outcomes, rated_attributes, success_outcomes
from broken_telephone.statistics.tables.contrasts import (
    CONTRASTS,
    HIGHER,
    LISTED,
    LOWER,
    NO_DIFFERENCE,
    NOT_ENOUGH_DATA,
    contrasts_table,
)
from broken_telephone.tables import as_result, check_result


def groups_of(labels, clusters):
    kinds = np.full(len(labels), "image", dtype=object)
    return label_and_all_groups(kinds, np.asarray(labels, dtype=object), np.asarray(clusters))


def two_arms(rng, pull=0.0, starts=60, replicates=1, labels=2, missing=0.0, pulled_label=0):
    chains = chains_of(starts, labels, replicates)
    first = rng.integers(0, 2, len(chains))
    pulled = np.where(chains["label"] == f"label {pulled_label}", pull, 0.0)
    return [
        pulled_arm(name, chains, first, own, rng, missing) for name, own in (("old", 0.0 * pulled), ("new", pulled))
    ]


def cell(table, family="shares", label=ALL, category="woman", **other):
    rows = table[(table["family"] == family) & (table["label"] == label) & (table["category"] == category)]
    for name, value in other.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("replicates", [1, 3])
def test_a_paired_contrast_equals_a_loop_over_chains(replicates):
    rng = np.random.default_rng(replicates)
    arms = two_arms(rng, 0.3, starts=25, replicates=replicates, missing=0.1)
    table = contrasts_table(arms, "old")
    old, new = (arm.outcomes[0].values for arm in arms)
    chains = arms[0].chains
    for label in ("label 0", "label 1", ALL):
        by_start, changes = {}, []
        for row, chain in enumerate(chains.itertuples()):
            if label not in (ALL, chain.label) or np.isnan([*old[row], *new[row]]).any():
                continue
            change = (new[row, 1] - new[row, 0]) - (old[row, 1] - old[row, 0])
            by_start.setdefault(chain.image_id, []).append(change)
            changes.append(change)
        own = cell(table, label=label)
        assert own["value"] == pytest.approx(np.mean(changes))
        assert (own["n_pairs"], own["clusters"]) == (len(changes), len(by_start))
        sums = np.array([[sum(one)] for one in by_start.values()])
        assert own["p_value"] >= stuart_maxwell(sums, 10_000, 1).p_value - 1e-12  # bounds of missing answers count, too


def test_the_interval_of_shares_is_that_of_the_drift_between_two_images():
    # With a shared first image, the contrast is the change from the last image of one arm to that of the other.
    rng = np.random.default_rng(1)
    arms = two_arms(rng, 0.4, starts=50, replicates=2)
    own = cell(contrasts_table(arms, "old"), label="label 0")
    is_label = (arms[0].chains["label"] == "label 0").to_numpy()
    old, new = (np.where(arm.outcomes[0].values[is_label, 1] == 1, 0, 1) for arm in arms)
    clusters = pd.factorize(arms[0].chains["image_id"])[0][is_label]
    estimate = count_pairs(old, new, clusters, 2).share_changes(Resampling(40_000, 1))[0]
    limits = intervals_of_error(own)
    assert own["value"] == pytest.approx(estimate.value)
    assert limits == pytest.approx((estimate.low, estimate.high), abs=0.004)


def intervals_of_error(row):
    """Return the interval by the annotator, which selection does not change."""
    return row["annotator_low"], row["annotator_high"]


@pytest.mark.parametrize("clusters", [12, 80])
def test_numbers_have_the_errors_of_clustered_least_squares(clusters):
    rng = np.random.default_rng(2)
    owner = np.repeat(np.arange(clusters), rng.integers(1, 4, clusters))
    arm, reference = rng.normal(0.1, 1, (2, len(owner))) + rng.normal(0, 1, clusters)[owner]
    arm[0] = np.nan
    by_label, _ = groups_of(["a"] * len(owner), owner)
    contrast = paired_contrast(arm, reference, by_label, 0)
    valid = ~np.isnan(arm)
    differences = (arm - reference)[valid]
    fit = sm.OLS(differences, np.ones(len(differences))).fit(
        cov_type="cluster", cov_kwds={"groups": owner[valid], "df_correction": True}, use_t=True
    )
    assert contrast.value[0] == pytest.approx(fit.params[0])
    assert contrast.error[0] == pytest.approx(fit.bse[0])
    if clusters >= 30:
        assert contrast.p_value[0] == pytest.approx(fit.pvalues[0])
    else:
        assert contrast.p_value[0] == pytest.approx(fit.pvalues[0], abs=0.05)


def test_unpaired_variances_add_and_shared_starts_are_kept_together():
    rng = np.random.default_rng(3)
    owner = np.repeat(np.arange(40), 2)
    arm, reference = rng.normal(0, 1, (2, 80)) + rng.normal(0, 2, 40)[owner]
    same, _ = groups_of(["a"] * 80, owner)
    other, _ = groups_of(["a"] * 80, owner + 100)
    paired, together = paired_contrast(arm, reference, same, 0), unpaired_contrast(arm, reference, (same, same), 0)
    assert together.error[0] == pytest.approx(paired.error[0])
    apart = unpaired_contrast(arm, reference, (same, other), 0)
    errors = [
        sm.OLS(values, np.ones(80)).fit(cov_type="cluster", cov_kwds={"groups": owner}).bse[0]
        for values in (arm, reference)
    ]
    assert apart.error[0] == pytest.approx(np.hypot(*errors))
    assert apart.value[0] == pytest.approx(arm.mean() - reference.mean())
    assert apart.error[0] > 2 * paired.error[0]


def test_signs_of_few_starts_are_enumerated():
    sums = np.random.default_rng(4).normal(0.5, 1, 9)
    expected = permutation_test((sums,), lambda x, axis: x.sum(axis), permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_test(sums, 0, 0).p_value == pytest.approx(expected.pvalue)
    many = np.random.default_rng(5).normal(0.4, 1, 25)
    expected = permutation_test((many,), lambda x, axis: x.sum(axis), permutation_type="samples", n_resamples=99_999)
    assert sign_flip_test(many, 0, 0).p_value == pytest.approx(expected.pvalue, abs=0.01)


def test_planted_differences_are_claimed_and_no_other():
    table = contrasts_table(two_arms(np.random.default_rng(6), 0.6, starts=150), "old")
    assert table.columns.tolist() == list(CONTRASTS)
    assert cell(table, label="label 0")["verdict"] == HIGHER
    assert cell(table, label="label 0", category="man")["verdict"] == LOWER
    others = table[(table["label"] == "label 1") | ~table["family"].isin(["shares"])]
    assert not others["verdict"].isin([HIGHER, LOWER]).any()
    claim = cell(table, label="label 0")
    assert 0 < claim["shrunken_value"] <= claim["value"]
    assert claim["value"] == pytest.approx(claim["value_arm"] - claim["value_reference"])
    check_result(as_result(table))


def test_all_families_of_the_last_iteration_are_adjusted_together():
    rng = np.random.default_rng(7)
    chains = chains_of(90)
    arms = [
        Arm(
            name,
            chains,
            [
                *category_outcomes(panel_of(chains, np.stack([np.arange(180) % 2, *rng.integers(0, 2, (2, 180))], 1))),
                Outcome("similarity", "origin", "image-image", rng.normal(0.5, 0.1, (180, 3)), False, 0),
            ],
        )
        for name in ("a", "b", "c")
    ]
    table = contrasts_table(arms, "a")
    last = table[table["iteration"] == 2]
    assert last["p_adjusted"].to_numpy() == pytest.approx(false_discovery_control(last["p_value"].to_numpy()))
    assert len(last) == 2 * 3 * 3
    earlier = table[table["iteration"] == 1]
    assert (earlier["verdict"] == LISTED).all()
    assert earlier["p_adjusted"].isna().all()
    assert table.loc[table["family"] == "similarity", "since"].isna().all()
    check_result(as_result(table))


def test_equal_arms_are_shown_to_be_alike_only_with_enough_chains():
    few, many = (
        cell(contrasts_table(two_arms(np.random.default_rng(8), starts=starts), "old")) for starts in (8, 1500)
    )
    assert many["verdict"] == NO_DIFFERENCE
    assert few["verdict"] != NO_DIFFERENCE


def test_missing_answers_leave_small_differences_open():
    rng = np.random.default_rng(9)
    clear, open_question = (
        cell(contrasts_table(two_arms(rng, 0.3, starts=300, missing=missing), "old"), label="label 0")
        for missing in (0.0, 0.2)
    )
    assert clear["verdict"] == HIGHER
    assert open_question["verdict"] == NOT_ENOUGH_DATA
    assert "of answers missing in the study" in open_question["reason"]
    assert open_question["change_low"] < 0 < open_question["change_high"]


def test_bounds_hold_for_every_completion_of_missing_answers():
    rng = np.random.default_rng(10)
    arms = two_arms(rng, 0.3, starts=6, missing=0.2)
    own = cell(contrasts_table(arms, "old"))
    values = [arm.outcomes[0].values.copy() for arm in arms]
    gaps = [np.argwhere(np.isnan(one)) for one in values]
    contrasts = []
    for filled in itertools.product((0.0, 1.0), repeat=sum(map(len, gaps))):
        completed = [one.copy() for one in values]
        numbers = iter(filled)
        for one, places in zip(completed, gaps, strict=True):
            for row, column in places:
                one[row, column] = next(numbers)
        contrasts.append(np.diff(completed[1]).mean() - np.diff(completed[0]).mean())
    assert len(contrasts) > 1
    assert (own["change_low"], own["change_high"]) == pytest.approx((min(contrasts), max(contrasts)))


def test_the_order_of_the_chains_does_not_matter_and_lone_chains_are_left_out():
    rng = np.random.default_rng(11)
    old, new = two_arms(rng, 0.3)
    expected = contrasts_table([old, new], "old")
    order = rng.permutation(len(new.chains))
    mixed = Arm(
        "new",
        new.chains.iloc[order].reset_index(drop=True),
        [one._replace(values=one.values[order]) for one in new.outcomes],
    )
    pd.testing.assert_frame_equal(contrasts_table([old, mixed], "old"), expected)
    fewer = Arm("new", new.chains[10:], [one._replace(values=one.values[10:]) for one in new.outcomes])
    assert cell(contrasts_table([old, fewer], "old"))["n_pairs"] == len(new.chains) - 10


def test_chains_from_prompts_are_compared_at_their_first_image_too():
    rng = np.random.default_rng(12)
    chains = chains_of(80, 1, start="prompt")
    arms = []
    for name, share in (("old", 0.5), ("new", 0.9)):
        women = rng.random(80) < share
        codes = np.stack([np.full(80, -1), np.where(women, 0, 1), np.where(women, 0, 1)], 1)
        arms.append(Arm(name, chains, category_outcomes(panel_of(chains, codes))))
    table = contrasts_table(arms, "old")
    assert set(table["label"]) == {"label 0"}  # one label: all labels together are no further comparison
    first, last = (cell(table, label="label 0", iteration=k) for k in (1, 2))
    assert pd.isna(first["since"])
    assert first["value"] > 0.2
    assert last["since"] == 1
    assert last["value"] == 0


def test_unpaired_arms_are_compared_by_all_of_their_chains():
    rng = np.random.default_rng(13)
    old, new = two_arms(rng, 0.7, starts=120)
    other = new.chains.assign(chain_id="other " + new.chains["chain_id"], image_id="other " + new.chains["image_id"])
    with pytest.raises(StudyError, match="no chain in common"):
        contrasts_table([old, new._replace(chains=other)], "old")
    table = contrasts_table([old, new._replace(chains=other)], "old", {"new": False})
    own, paired = cell(table, label="label 0"), cell(contrasts_table([old, new], "old"), label="label 0")
    assert own["method"] == "unpaired"
    assert own["value"] == pytest.approx(paired["value"])
    assert own["annotator_high"] - own["annotator_low"] > paired["annotator_high"] - paired["annotator_low"]
    assert own["verdict"] == HIGHER


def test_wrong_arms_are_refused_by_name():
    old, new = two_arms(np.random.default_rng(14))
    with pytest.raises(StudyError, match=r"'older' is none of the arms \(old, new\)"):
        contrasts_table([old, new], "older")
    with pytest.raises(StudyError, match="old stands there twice"):
        contrasts_table([old, new, old], "new")
    doubled = new._replace(chains=pd.concat([new.chains[1:], new.chains[1:2]]))
    with pytest.raises(StudyError, match="arm new: chain i1 stands in its table twice"):
        contrasts_table([old, doubled], "old")


def test_an_outcome_that_one_study_lacks_is_named():
    old, new = two_arms(np.random.default_rng(15))
    table = contrasts_table([old, new._replace(outcomes=new.outcomes[:2])], "old")
    lacking = table[table["family"] == "missing answers"]
    assert len(lacking)
    assert lacking["value"].isna().all()
    assert lacking["note"].str.contains("no such numbers in new").all()


class Rated:
    """Two arms whose shares do not differ, an annotator that errs in one of them, and ratings of both."""

    def __init__(self, rng, starts=300, rated=120, pull=0.0, replicates=1):
        chains = chains_of(starts, 2, replicates)
        n, width = len(chains), 2
        first = np.repeat(rng.integers(0, 2, starts * 2), replicates)
        self.truth, self.arms = [], []
        for name, own_pull, missed in (("old", 0.0, 0.02), ("new", pull, 0.3)):
            after = np.where(rng.random(n) < 0.2, rng.integers(0, 2, n), first)
            after = np.where(rng.random(n) < own_pull, 0, after)
            truth = np.stack([first, after], 1)
            answers = truth.copy()
            # In the new arm, the annotator takes men in the last image for women.
            answers[:, 1] = np.where((truth[:, 1] == 1) & (rng.random(n) < missed), 0, truth[:, 1])
            panel = panel_of(chains, answers)
            frames = pd.concat(
                [chains[["chain_id"]].assign(iteration=k, stratum=answers[:, k], row=range(n)) for k in range(width)]
            )
            frames = frames[(frames["iteration"] > 0) | ~chains["image_id"].duplicated().to_numpy()[frames["row"]]]
            chosen = frames.groupby(["iteration", "stratum"]).sample(rated // 2, random_state=rng)
            codes = truth[chosen["row"], chosen["iteration"]]
            given = chosen.assign(attribute="gender", category=np.array(["woman", "man"])[codes])
            strata = frames.assign(stratum=frames["iteration"].astype(str) + " " + frames["stratum"].astype(str))
            ratings = Ratings(given, strata[["chain_id", "iteration", "stratum"]], chains["chain_id"])
            self.arms.append(Arm(name, chains, category_outcomes(panel), rated_attributes([panel], ratings)))
            self.truth.append(truth)


def test_ratings_of_both_arms_remove_the_error_of_the_annotator():
    rng = np.random.default_rng(16)
    inside, naive_inside = [], []
    for _ in range(40):
        rated = Rated(rng, pull=0.3)
        own = cell(contrasts_table(rated.arms, "old"))
        true = 0.15
        inside.append(own["ci_low"] <= true <= own["ci_high"])
        naive_inside.append(own["annotator_low"] <= true <= own["annotator_high"])
    assert own["method"] == "paired, human ratings"
    assert np.mean(inside) >= 0.85
    assert np.mean(naive_inside) < 0.3


def test_if_all_images_are_rated_the_contrast_is_that_of_the_ratings():
    rng = np.random.default_rng(17)
    rated = Rated(rng, starts=40, rated=20)
    arms = []
    for arm, truth in zip(rated.arms, rated.truth, strict=True):
        own = arm.corrections["gender"]
        everything = own._replace(ratings=truth.astype(np.int8), strata=np.zeros(truth.shape, int))
        arms.append(arm._replace(corrections={"gender": everything}))
    expected = (rated.truth[1][:, 1] == 0).mean() - (rated.truth[0][:, 1] == 0).mean()
    paired, unpaired = (cell(contrasts_table(arms, "old", {"new": is_paired})) for is_paired in (True, False))
    assert paired["value"] == pytest.approx(expected)
    assert unpaired["value"] == pytest.approx(expected)
    # The first image, which both arms share, is not in the paired contrast.
    assert paired["n_checked"] == 2 * len(arms[0].chains)
    assert unpaired["n_checked"] == 4 * len(arms[0].chains)
    assert paired["ci_high"] - paired["ci_low"] < unpaired["ci_high"] - unpaired["ci_low"] + 0.02


def test_without_ratings_of_one_arm_the_annotator_counts():
    rated = Rated(np.random.default_rng(18))
    old, new = rated.arms
    table = contrasts_table([old._replace(corrections={}), new], "old")
    assert (table["method"] == "paired").all()
    assert (table["n_checked"] == 0).all()


def test_chains_that_stop_count_as_failures_of_the_describer():
    # Two studies that agree, but the loops of one stop exactly where the other one fails to name the label.
    rng = np.random.default_rng(19)
    chains = chains_of(100)
    fails, codes = rng.random(200) < 0.2, rng.integers(0, 2, (200, 2))
    table = pd.concat([chains[["chain_id"]].assign(iteration=k, correct=~fails | (k == 0)) for k in (0, 1)])
    hidden = table[(table["iteration"] == 0) | table["correct"]]
    arms = [
        Arm(name, chains, success_outcomes(own, chains, [panel_of(chains, codes)])[:1])
        for name, own in (("whole", table), ("stops", hidden))
    ]
    np.testing.assert_array_equal(*(arm.outcomes[0].values for arm in arms))
    # A study that loses half of its chains does not have equal success.
    half = table[(table["iteration"] == 0) | (np.tile(np.arange(200), 2) % 2 == 0)]
    lossy = Arm("lossy", chains, success_outcomes(half, chains, [panel_of(chains, codes)])[:1])
    own = cell(contrasts_table([arms[0], lossy], "whole"), family="success", category=ALL)
    assert own["verdict"] == LOWER
    assert own["value"] == pytest.approx(-(~fails)[1::2].mean() / 2)


def test_missing_mentions_leave_small_differences_open():
    rng = np.random.default_rng(20)
    chains = chains_of(400)
    whole = (rng.random((800, 2)) < 0.5).astype(float)
    gaps = np.where((whole == 1) & (rng.random((800, 2)) < 0.3), np.nan, whole)
    arms = [
        Arm(name, chains, [Outcome("mentions", "gender", "mentioned", values, on_first=False)])
        for name, values in (("old", whole), ("new", gaps))
    ]
    own = cell(contrasts_table(arms, "old"), family="mentions", category="mentioned")
    assert own["verdict"] == NOT_ENOUGH_DATA
    assert own["change_low"] <= 0 <= own["change_high"]
