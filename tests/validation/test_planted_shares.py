"""Planted shares, worlds without drift and known errors, on invented people whose truth is known."""

import numpy as np
import pytest
from validated_arms import answers, arm, chains_of

from broken_telephone.errors import StudyError
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.group_table import ANNOTATOR
from broken_telephone.validation import known_error_table, null_table, recovery_table
from broken_telephone.validation.known_error import with_errors
from broken_telephone.validation.null_world import AS_MEASURED, CORRECTED, EXCHANGED
from broken_telephone.validation.settings import AnsweredError

BIASED = {"happiness": 0.8, "anger": 0.5}
EVEN = {"happiness": 0.5, "anger": 0.5}
ERROR = AnsweredError(attribute="gender", category="female", answered="male", rate=0.4)


def test_the_corrected_interval_covers_planted_shares_and_the_annotators_does_not():
    rng = np.random.default_rng(1)
    arms = [arm(f"arm {k}", BIASED.get, rng, starts=60, error=0.4) for k in range(15)]
    table = recovery_table(arms, rated_per_cell=20, seed=1)
    own = table[table["label"] != "(all)"]
    inside = (own["ci_low"] <= own["planted"]) & (own["planted"] <= own["ci_high"])
    covered = inside.groupby(own["method"]).mean()
    # Without further replicates, nothing tells what a generator draws.
    assert own[["redrawn", "passed"]].isna().all(None)
    assert covered[RATINGS] >= 0.9
    assert covered[ANNOTATOR] < 0.5
    women = own[(own["label"] == "happiness") & (own["category"] == "female")]
    assert women["planted"].to_numpy() == pytest.approx(np.full(len(women), 0.8))
    means = women.groupby("method")[["value", "drawn"]].mean()
    assert means.loc[RATINGS, "value"] == pytest.approx(0.8, abs=0.03)
    # Four in ten women are called men.
    assert means.loc[ANNOTATOR, "value"] == pytest.approx(0.48, abs=0.03)
    assert means.loc[ANNOTATOR, "drawn"] == pytest.approx(0.8, abs=0.03)


def test_further_replicates_tell_what_the_generator_draws():
    # Half of all people are planted women, but the generator draws eight in ten.
    arms = [
        arm(f"arm {k}", {"happiness": 0.8, "anger": 0.8}.get, np.random.default_rng(k), starts=120) for k in range(8)
    ]
    for one in arms:
        one.planted["gender"][:, 1:] = 0.5
        one.chains["replicate"] = np.arange(len(one.chains)) % 3
    table = recovery_table(arms, rated_per_cell=20, seed=1)
    women = table[(table["method"] == RATINGS) & (table["category"] == "female") & (table["label"] != "(all)")]
    assert len(women) == 8 * 2 * 3
    assert women["redrawn"].mean() == pytest.approx(0.8, abs=0.03)
    # 80 other images: 1.96 standard errors of a share of 0.8 are 8.8 points.
    assert women["redrawn_margin"].mean() == pytest.approx(0.088, abs=0.02)
    assert women["passed"].mean() >= 0.9
    inside = (women["ci_low"] <= women["planted"]) & (women["planted"] <= women["ci_high"])
    assert inside.mean() < 0.2


def test_the_planted_share_leaves_out_descriptions_without_a_label():
    one = arm("arm", BIASED.get, np.random.default_rng(1))
    one.planted["gender"][:10] = np.nan
    table = recovery_table([one], rated_per_cell=10, seed=1)
    noted = table[table["note"].str.contains("10 chains left out")]
    assert set(noted["label"]) == {"happiness", "(all)"}


def test_studies_without_drift_rarely_claim_any_and_drift_is_claimed():
    rng = np.random.default_rng(2)
    arms = [arm("even", EVEN.get, rng, starts=60), arm("biased", {"happiness": 0.95, "anger": 0.5}.get, rng, starts=60)]
    table = null_table(arms, studies=30, rated_per_cell=10, seed=1).set_index(["arm", "kind"])
    assert set(table.index.get_level_values("arm")) == {"even"}
    assert table.loc[("even", EXCHANGED), "n"] == 30
    assert table.loc[("even", EXCHANGED), "count"] <= 4
    # If the planted drift counts as none, the arm itself claims it, and exchanged images do not.
    arms[1].expected["gender"][:] = 0.5
    table = null_table(arms, studies=30, rated_per_cell=20, seed=1).set_index(["arm", "kind"])
    assert table.loc[("biased", AS_MEASURED), "count"] == 1
    assert table.loc[("biased", CORRECTED), "count"] == 1
    assert "happiness: female rise" in table.loc[("biased", AS_MEASURED), "note"]
    assert table.loc[("biased", EXCHANGED), "count"] <= 4


def test_known_errors_have_their_rate_and_spare_the_originals():
    before = answers(chains_of(2000), np.ones((4000, 2), int))
    after = with_errors(before, [ERROR], np.random.default_rng(1))
    shares = (after["category"] == "male").groupby(after["iteration"]).mean()
    assert shares[0] == 0
    assert shares[1] == pytest.approx(0.4, abs=0.03)


def test_ratings_correct_a_known_error():
    arms = [arm("arm", BIASED.get, np.random.default_rng(3), starts=80)]
    table = known_error_table(arms, [ERROR], studies=10, rated_per_cell=25, seed=1)
    own = table[(table["label"] == "happiness") & (table["category"] == "female")].set_index("method")
    assert own.loc[ANNOTATOR, "value"] == pytest.approx(0.6 * own.loc[ANNOTATOR, "drawn"], abs=0.03)
    assert own.loc[ANNOTATOR, "coverage"] < 0.1
    assert own.loc[RATINGS, "value"] == pytest.approx(own.loc[RATINGS, "drawn"], abs=0.05)
    assert own.loc[RATINGS, "coverage"] >= 0.9
    assert len(known_error_table(arms, [], studies=5, rated_per_cell=5, seed=1)) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [({"attribute": "age"}, "is none of the validated attributes"), ({"answered": "child"}, "no category of gender")],
)
def test_errors_of_unknown_categories_are_refused(change, message):
    with pytest.raises(StudyError, match=message):
        known_error_table([arm("arm", EVEN.get, np.random.default_rng(1))], [ERROR.model_copy(update=change)], 2, 5, 1)
