"""Blame in arrangements whose causes are planted."""

from dataclasses import replace

import numpy as np
import pytest
from validated_arms import arm

from broken_telephone.errors import StudyError
from broken_telephone.statistics.tables.effect_verdicts import BLAMED, NOT_BLAMED
from broken_telephone.validation import blame_table
from broken_telephone.validation.blame import EXCHANGED, OPEN, PLANTED, arrangements
from broken_telephone.validation.judged_differences import DIFFERS, SAME, UNDECIDED


def grid(female, starts=60, generators=("a", "b"), describers=("x", "y")):
    """Return arms of a grid; `female(generator, describer)` is the planted chance for happiness."""
    rng = np.random.default_rng(4)
    first = rng.integers(0, 2, 2 * starts)
    return [
        arm(
            f"{generator} + {describer}",
            {"happiness": female(generator, describer), "anger": 0.5}.get,
            rng,
            starts,
            levels={"generator": generator, "describer": describer},
            first=first,
        )
        for generator in generators
        for describer in describers
    ]


@pytest.mark.parametrize(
    ("female", "guilty"),
    [
        (lambda g, d: 0.9 if g == "b" else 0.5, {"generator"}),
        (lambda g, d: 0.9 if d == "y" else 0.5, {"describer"}),
        (lambda g, d: 0.5, set()),
    ],
)
def test_the_planted_factor_is_blamed_and_nobody_after_the_exchange(female, guilty):
    table = blame_table(grid(female), seed=1)
    planted = table[table["kind"] == PLANTED].set_index("factor")
    assert set(planted.index[planted["verdict"] == BLAMED]) == guilty
    assert set(planted.index[planted["expected"] == BLAMED]) == guilty
    assert planted["passed"].all()
    for factor in guilty:
        assert planted.loc[factor, "planted"] == pytest.approx(0.4)
        assert planted.loc[factor, "planted_share"] == pytest.approx(1)
    exchanged = table[table["kind"] == EXCHANGED]
    assert (exchanged["verdict"] == NOT_BLAMED).all()
    assert exchanged["passed"].all()


def test_an_interaction_is_planted_where_both_must_meet():
    # Only b with y shows women: mean effects of 25 points, and a difference of differences of 50.
    table = blame_table(grid(lambda g, d: 1.0 if (g, d) == ("b", "y") else 0.5), seed=1)
    planted = table[table["kind"] == PLANTED].set_index("factor")["planted"]
    assert planted.to_dict() == pytest.approx({"generator": 0.25, "describer": 0.25, "generator x describer": 0.5})


def test_small_effects_may_go_either_way():
    table = blame_table(grid(lambda g, d: 0.6 if g == "b" else 0.5), seed=1)
    row = table[(table["kind"] == PLANTED) & (table["factor"] == "generator")].iloc[0]
    assert row["expected"] == OPEN
    assert row.isna()["passed"]


def unplanted(arms):
    """Say that nothing was planted, whatever was drawn."""
    for one in arms:
        one.expected["gender"][:] = 0.5
    return arms


def generator_row(arms):
    table = blame_table(arms, seed=1)
    return table[(table["kind"] == PLANTED) & (table["factor"] == "generator")].iloc[0]


def alike(starts, error=0.0):
    """Return arms that draw the same people; the annotator errs with the second generator only."""
    rng = np.random.default_rng(5)
    path = rng.integers(0, 2, (2 * starts, 2))
    return [
        arm(f"{g} + {d}", lambda label: 0.5, rng, starts, error * (g == "b"), {"generator": g, "describer": d}, path)
        for g in "ab"
        for d in "xy"
    ]


def test_a_blame_fails_if_the_judge_finds_no_difference():
    row = generator_row(unplanted(alike(60, error=0.7)))
    assert (row["judge"], row["expected"], row["verdict"], bool(row["passed"])) == (SAME, NOT_BLAMED, BLAMED, False)
    assert row.isna()["confirmed"]


def test_a_difference_that_nobody_planted_is_no_false_alarm():
    row = generator_row(unplanted(grid(lambda g, d: 0.9 if g == "b" else 0.5)))
    assert (row["judge"], row["expected"], row["verdict"]) == (DIFFERS, OPEN, BLAMED)
    assert row.isna()["passed"]
    assert row["judge_effect"] == pytest.approx(-0.4, abs=0.15), "of the first of two categories: men"
    assert row["judge_share"].startswith("happiness, gender: male")


def test_only_a_difference_in_the_other_replicates_confirms_a_blame():
    for arms, is_real in ((grid(lambda g, d: 0.9 if g == "b" else 0.5), True), (alike(60, error=0.7), False)):
        # Every other chain counts as another replicate.
        halves = [replace(one, chains=one.chains.assign(replicate=np.arange(len(one.chains)) % 2)) for one in arms]
        row = generator_row(unplanted(halves))
        assert (row["verdict"], bool(row["confirmed"])) == (BLAMED, is_real)


def test_noise_alone_leaves_the_judge_undecided():
    row = generator_row(grid(lambda g, d: 0.5, starts=30))
    assert (row["judge"], row["expected"]) == (UNDECIDED, OPEN)


def test_too_little_knowledge_accuses_nobody_and_misses_the_guilty():
    few = {"starts": 3}
    innocent = blame_table(grid(lambda g, d: 0.5, **few), seed=1)
    assert innocent["passed"].all()
    guilty = blame_table(grid(lambda g, d: 0.9 if g == "b" else 0.5, **few), seed=1)
    row = guilty[(guilty["kind"] == PLANTED) & (guilty["factor"] == "generator")].iloc[0]
    assert (row["expected"], bool(row["passed"])) == (BLAMED, False)


def test_every_choice_of_two_levels_is_an_arrangement():
    arms = grid(lambda g, d: 0.5, starts=3, generators=("a", "b", "c", "d"), describers=("x", "y", "z"))
    grids = arrangements(arms)
    assert len(grids) == 18
    assert all(len(one.arms) == 4 and one.factors.nunique().to_list() == [2, 2] for one in grids)
    assert len(arrangements(arms[:-1])) == 18 - 6
    single = grid(lambda g, d: 0.5, starts=3, describers=("x",))
    assert [list(one.factors) for one in arrangements(single)] == [["generator"]]
    with pytest.raises(StudyError, match="no factor has two levels"):
        arrangements(single[:1])
