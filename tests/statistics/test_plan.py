"""Sizes of a plan, against simulated studies with the project's own tests and estimators; the planned family."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from broken_telephone.statistics import assumed_from_pilot, plan_table, planned_table
from broken_telephone.statistics.estimates.corrected_change import Sampled, corrected_change
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel
from broken_telephone.statistics.estimates.ratings_needed import corrected_half_width, ratings_needed
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import holm
from broken_telephone.statistics.hypothesis_tests.paired_tests import stuart_maxwell
from broken_telephone.statistics.hypothesis_tests.sample_size import simulated_power, starts_needed
from broken_telephone.statistics.tables.plan_table import EXPLORATORY, PLANNED

CELL = ["label", "attribute", "category"]


def assumptions(rows):
    return pd.DataFrame(rows, columns=[*CELL, "share", "share_changing"]).assign(source="pilot")


@pytest.mark.parametrize(
    ("change", "changing", "level"), [(0.1, 0.3, 0.05), (0.3, 0.4, 0.05), (0.2, 0.5, 0.05 / 40), (0.3, 0.3, 0.05)]
)
def test_the_projects_own_test_has_the_wished_power(change, changing, level):
    starts = starts_needed(change, changing, level, 0.8)
    rng, rejected = np.random.default_rng(7), []
    for seed in range(600):
        up, down, _ = rng.multinomial(starts, [(changing + change) / 2, (changing - change) / 2, 1 - changing])
        changes = np.repeat([1.0, -1.0, 0.0], [up, down, starts - up - down])[:, None]
        rejected.append(stuart_maxwell(changes, 199, seed).p_value < level)
    assert 0.75 < np.mean(rejected) < 0.87
    assert simulated_power(int(0.8 * starts), change, changing, level) < 0.8


def test_power_of_certain_changes_is_binomial():
    """If all changes have one direction, six of them are significant, and as likely as the binomial says."""
    assert simulated_power(12, 0.3, 0.3, 0.05) == pytest.approx(binom.sf(5, 12, 0.3), abs=0.02)


def test_what_no_study_can_detect_is_refused():
    with pytest.raises(ValueError, match="needs more than"):
        starts_needed(1e-5, 0.5, 0.05, 0.8)
    with pytest.raises(ValueError, match="needs more than"):
        starts_needed(0, 0.5, 0.05, 0.8)


@pytest.mark.parametrize(("error", "ratings"), [(0.05, 60), (0.15, 60), (0.15, 150)])
def test_half_width_is_that_of_the_corrected_change(error, ratings):
    """Against simulated studies whose corrected change is estimated with `corrected_change`."""
    rng, starts, widths = np.random.default_rng(5), 400, []
    for _ in range(60):
        before = rng.integers(2, size=starts)
        after = np.where(rng.random(starts) < 0.3, 1 - before, before)
        sampled = []
        for truth in (before, after):
            answers = np.where(rng.random(starts) < error, 1 - truth, truth)
            rated = np.full(starts, ABSENT)
            chosen = rng.choice(starts, ratings, replace=False)
            rated[chosen] = truth[chosen]
            sampled.append(Sampled(answers, rated, np.zeros(starts, dtype=int)))
        change = corrected_change(sampled[0], sampled[1], np.arange(starts), 2)
        widths.append(2 * np.sqrt((change.covariance + change.pseudo)[0, 0]))
    expected = float(corrected_half_width(ratings, starts, 0.5, 0.3 + 2 * error * 0.4, error))
    assert np.mean(widths) == pytest.approx(expected, rel=0.12)


def test_the_fewest_ratings_that_are_enough():
    number = ratings_needed(0.1, 400, 0.5, 0.3, 0.1)
    assert (
        corrected_half_width(number, 400, 0.5, 0.3, 0.1) <= 0.1 < corrected_half_width(number - 1, 400, 0.5, 0.3, 0.1)
    )
    assert ratings_needed(0.02, 400, 0.5, 0.3, 0.1) is None
    assert ratings_needed(0.1, 1, 0.5, 0.3, 0.1) is None


def test_a_pilot_states_shares_and_changes():
    rng = np.random.default_rng(1)
    before = rng.integers(2, size=300)
    after = np.where(rng.random(300) < 0.2, 1 - before, before)
    owners = np.repeat(np.arange(300), 2)
    codes = np.stack([before, after], 1).astype(np.int8)[owners]
    image, unknown = np.full(600, "image", dtype=object), np.full(600, ABSENT, np.int8)
    labels = np.full(600, "x", dtype=object)
    table = assumed_from_pilot([Panel("gender", ("woman", "man"), codes, unknown, owners, labels, image)])
    moved = int((before != after).sum())
    # Replicates that change alike are worth one: the pseudo-starts add two changes to those of 300 starts.
    assert table["share_changing"].tolist() == pytest.approx([(moved + 2) / 302] * 2)
    assert table["share"].tolist() == pytest.approx([1 - before.mean(), before.mean()])


def test_families_have_their_own_levels_and_looks_need_more_starts():
    rows = [(label, "gender", name, 0.5, 0.3) for label in ("x", "y", ALL) for name in ("woman", "man")]
    planned = pd.DataFrame([("x", "gender", "man")], columns=CELL)
    errors, starts = pd.Series({"gender": 0.1}), pd.Series({"x": 300, "y": 40})
    table = plan_table(assumptions(rows), planned, starts, 0.1, 0.8, 0.1, errors)
    assert table["ratings_needed"].iloc[0] == ratings_needed(0.1, 300, 0.5, 0.3, 0.1)
    own, others = (table[table["family"] == family] for family in (PLANNED, EXPLORATORY))
    assert own[["tests", "level", "starts_needed"]].iloc[0].tolist() == [1, 0.05, starts_needed(0.1, 0.3, 0.05, 0.8)]
    assert set(others["tests"]) == {6}
    assert others["starts_needed"].iloc[0] == starts_needed(0.1, 0.3, 0.05 / 6, 0.8)
    precise = plan_table(assumptions(rows), planned, starts, 0.1, 0.8, 0.01, errors)
    assert precise["ratings_needed"].isna().all()
    assert precise["note"].iloc[0] == "no number of ratings gives ±0.01 with 300 starts"
    looks = plan_table(assumptions(rows), planned, starts, 0.1, 0.8, 0.1, errors, looks=np.arange(1, 11) / 10)
    more = looks["starts_needed"].iloc[0] / own["starts_needed"].iloc[0]
    assert 1.02 < more < 1.15


def test_unknown_and_impossible_shares_have_notes():
    rows = [("x", "gender", "man", 0.98, np.nan), ("x", "age", "old", 0.2, np.nan)]
    planned = pd.DataFrame([("x", "gender", "none")], columns=CELL)
    table = plan_table(assumptions(rows), planned, pd.Series(dtype=float), 0.99, 0.8, 0.1, pd.Series({"age": 0.1}))
    assert table["note"].str.contains("unknown|cannot change").all()
    assert table["starts_needed"].isna().all()
    table = plan_table(assumptions(rows), planned, pd.Series(dtype=float), 0.1, 0.8, 0.1, pd.Series({"age": 0.1}))
    by_attribute = table.set_index("attribute")
    # Without a pilot, the images are independent: 0.2 * 0.7 + 0.3 * 0.8 of the starts change.
    assert by_attribute.loc["age", "share_changing"] == pytest.approx(0.38)
    assert "independent" in by_attribute.loc["age", "note"]


def test_holm_is_that_of_statsmodels():
    p_values = np.random.default_rng(0).beta(0.4, 3, 30)
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert holm(np.array([0.01, np.nan, 0.04])) == pytest.approx([0.03, np.nan, 0.08], nan_ok=True)
    assert len(holm(np.array([]))) == 0


def changes(rows):
    columns = ["category", "value", "ci_low", "ci_high", "p_value"]
    return pd.DataFrame(rows, columns=columns).assign(
        start="image",
        label="x",
        attribute="gender",
        since=0,
        iteration=3,
        method="annotator",
        n=50,
        clusters=50,
        note="",
    )


def planned(*rows):
    frame = pd.DataFrame(rows, columns=["category", "direction"])
    return frame.assign(start="image", label="x", attribute="gender", since=0, iteration=3)


def test_planned_hypotheses_are_a_family_of_their_own():
    table = changes(
        [
            ("a", 0.3, 0.1, 0.5, 0.004),
            ("b", -0.2, -0.38, -0.02, 0.03),
            ("c", 0.0, -0.03, 0.03, 1.0),
            ("d", 9, 9, 9, 0.0),
        ]
    )
    judged = planned_table(table, planned(("a", "rise"), ("b", ""), ("c", ""), ("gone", "")), 0.1)
    assert judged["category"].tolist() == ["a", "b", "c", "gone"]
    assert judged["p_adjusted"].tolist() == pytest.approx([0.016, 0.09, 1.0, np.nan], nan_ok=True)
    assert judged["answer"].tolist() == ["rise", "not shown", "smaller than planned", "no test"]
    # Bonferroni: the quantile of Student's t at 5 % / 4 in place of 5 %.
    from scipy.stats import t

    factor = t.isf(0.05 / 8, 49) / t.isf(0.025, 49)
    assert judged["ci_high"].iloc[0] == pytest.approx(0.3 + 0.2 * factor)
    assert judged["note"].iloc[3] == "the study has no such share"


def test_looks_replace_the_ordinary_test():
    looks = planned(("a", ""), ("a", "")).assign(
        look=[1, 2],
        value=[0.2, 0.3],
        ci_low=[-0.1, 0.1],
        ci_high=[0.5, 0.5],
        answer=["open", "rise"],
        n=20,
        clusters=20,
    )
    table = changes([("a", 0.4, 0.1, 0.5, 0.004), ("b", -0.2, -0.38, -0.02, 0.03)])
    judged = planned_table(table, planned(("a", ""), ("b", "")), 0.1, looks=looks)
    assert judged["answer"].tolist() == ["rise", "no test"]
    assert judged[["p_value", "p_adjusted"]].isna().all(axis=None)
    assert judged["value"].iloc[0] == 0.3
    assert judged["note"].tolist() == [
        "judged at look 2 by alpha spending: no ordinary p-value",
        "no look is reached yet",
    ]
