"""Whose drift it is: against analysis of variance, Shapley's formula, all signs, and planted arrangements."""

import itertools
from math import factorial

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from compared_arms import chains_of, grid_of, panel_of
from scipy.stats import kstest
from statsmodels.stats.anova import anova_lm

from broken_telephone.errors import StudyError
from broken_telephone.statistics import ALL
from broken_telephone.statistics.estimates.factor_designs import FACTORIAL, SHAPLEY, factor_design, whole_factor
from broken_telephone.statistics.hypothesis_tests.joint_sign_test import joint_sign_test
from broken_telephone.statistics.outcomes import Arm, category_outcomes
from broken_telephone.statistics.tables import effect_changes
from broken_telephone.statistics.tables.contrasts import contrasts_table
from broken_telephone.statistics.tables.effect_verdicts import (
    BLAMED,
    DRIFT_REMOVED,
    EFFECT,
    EFFECTS,
    MEAN_DRIFT,
    MINOR,
    NOT_BLAMED,
    SHARE_OF_DRIFT,
)
from broken_telephone.statistics.tables.effects import effects_table
from broken_telephone.statistics.tables.findings import NOT_ENOUGH_DATA
from broken_telephone.tables import as_result, check_result

THREE = ("generator", "describer", "prompt")


def levels_of(*counts: int) -> pd.DataFrame:
    rows = list(itertools.product(*(range(count) for count in counts)))
    texts = [[f"{name} {k}" for name, k in zip(THREE, row, strict=False)] for row in rows]
    index = ["".join(map(str, row)) for row in rows]
    return pd.DataFrame(texts, index=index, columns=THREE[: len(counts)])


def blamed_in(table: pd.DataFrame) -> set[str]:
    rows = table[table["kind"] == SHARE_OF_DRIFT]
    return set(rows.loc[rows["verdict"] == BLAMED, "factor"])


@pytest.mark.parametrize("counts", [(2, 2), (2, 3), (3, 2, 2)])
def test_a_full_grid_splits_squares_as_the_analysis_of_variance_does(counts):
    factors = levels_of(*counts)
    design = factor_design(factors)
    assert design.method == FACTORIAL
    rng = np.random.default_rng(0)
    arms, chains = len(factors), 7
    values = rng.normal(0, 1, (chains, arms))
    long = pd.concat([factors.assign(y=row) for row in values])
    fit = smf.ols("y ~ " + " * ".join(f"C({name})" for name in factors), long).fit()
    squares = anova_lm(fit)
    mean = values.mean(0)
    for term in design.terms:
        name = ":".join(f"C({one})" for one in term.factor.split(" x "))
        assert chains * mean @ term.form @ mean == pytest.approx(squares.loc[name, "sum_sq"])
        assert len(term.contrasts) == squares.loc[name, "df"] == np.linalg.matrix_rank(term.form)
        assert term.contrasts.sum(1) == pytest.approx(np.zeros(len(term.contrasts)))
        assert np.rint(term.contrasts * whole_factor(term.contrasts[0])) == pytest.approx(
            term.contrasts * whole_factor(term.contrasts[0])
        )
    grand = np.full((arms, arms), 1 / arms)
    assert sum(term.form for term in design.terms) + grand == pytest.approx(np.eye(arms))


def test_the_order_of_the_arms_does_not_matter_but_the_first_one_is_the_reference():
    factors = levels_of(2, 2)
    term = factor_design(factors).terms[0]
    turned = factor_design(factors[::-1]).terms[0]
    assert term.levels == ["generator 1 against generator 0"]
    assert turned.levels == ["generator 0 against generator 1"]
    assert turned.contrasts[0, ::-1] == pytest.approx(-term.contrasts[0])


def test_in_a_grid_of_two_levels_another_generator_is_a_simple_average_of_contrasts():
    arms, factors = grid_of(lambda arm, label: 0.5 * arm[0] * (label == 0), np.random.default_rng(1))
    table = effects_table(arms, factors)
    contrasts = [
        contrasts_table([arms[low], arms[high]], arms[low].name) for low, high in ((0, 2), (1, 3))
    ]  # describer 0, describer 1
    for label in ("label 0", "label 1", ALL):
        values = [one[(one["label"] == label) & (one["category"] == "woman")]["value"].iloc[0] for one in contrasts]
        rows = table[(table["kind"] == EFFECT) & (table["factor"] == "generator") & (table["label"] == label)]
        own = rows[(rows["family"] == "shares") & (rows["category"] == "woman")]
        assert own["value"].iloc[0] == pytest.approx(np.mean(values))
    interaction = table[(table["factor"] == "generator x describer") & (table["label"] == ALL)]
    own = interaction[(interaction["category"] == "woman") & (interaction["kind"] == EFFECT)]["value"].iloc[0]
    values = [one[(one["label"] == ALL) & (one["category"] == "woman")]["value"].iloc[0] for one in contrasts]
    assert own == pytest.approx(values[1] - values[0])


def test_effects_and_the_mean_drift_add_up_to_the_drift_of_each_arm():
    arms, factors = grid_of(lambda arm, _: 0.4 * arm[0] - 0.3 * arm[1], np.random.default_rng(2))
    table = effects_table(arms, factors)
    own = table[(table["label"] == ALL) & (table["category"] == "woman") & (table["family"] == "shares")]
    mean = own.loc[own["kind"] == MEAN_DRIFT, "value"].iloc[0]
    a, b, both = (
        own.loc[own["factor"] == name, "value"].iloc[0] for name in ("generator", "describer", "generator x describer")
    )
    drifts = [np.diff(arm.outcomes[0].values).mean() for arm in arms]
    signs = itertools.product((-1, 1), repeat=2)
    assert drifts == pytest.approx([mean + i * a / 2 + j * b / 2 + i * j * both / 4 for i, j in signs])


def shapley_by_formula(values: dict[frozenset, float], players: list[int]) -> list[float]:
    n = len(players)
    shares = []
    for player in players:
        others = [one for one in players if one != player]
        total = 0.0
        for size in range(n):
            for some in itertools.combinations(others, size):
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                total += weight * (values[frozenset({*some, player})] - values[frozenset(some)])
        shares.append(total)
    return shares


def test_shapley_values_are_those_of_the_formula():
    # A third generator, in one arm, makes the grid incomplete.
    factors = levels_of(2, 2, 2)
    extra = pd.DataFrame([["generator 2", "describer 0", "prompt 0"]], ["200"], factors.columns)
    design = factor_design(pd.concat([factors, extra]))
    assert design.method == SHAPLEY
    assert "no study with generator 2 x describer 0 x prompt 1" in design.note
    values = np.random.default_rng(3).normal(0, 1, 9)
    coalitions = {
        frozenset(k for k in range(3) if name[k] == "1"): value
        for name, value in zip(factors.index, values[:8], strict=True)
    }
    expected = shapley_by_formula(coalitions, [0, 1, 2])
    by_factor = {term.factor: term for term in design.terms}
    for name, own in zip(THREE, expected, strict=True):
        term = by_factor[name]
        place = next(k for k, text in enumerate(term.levels) if text.endswith("in 111"))
        assert term.contrasts[place] @ values == pytest.approx(own)
    alone = next(k for k, text in enumerate(by_factor["generator"].levels) if text.endswith("in 200"))
    assert by_factor["generator"].contrasts[alone] @ values == pytest.approx(values[8] - values[0])
    # The sum of squares of a factor is that of its values.
    alone_squared = (values[8] - values[0]) ** 2
    squares = [values @ by_factor[name].form @ values for name in THREE]
    assert squares == pytest.approx(np.square(expected) + np.array([alone_squared, 0, 0]))


def test_a_missing_arm_leaves_the_orders_that_exist():
    factors = levels_of(2, 2).drop("10")
    design = factor_design(factors)
    assert design.note == "no study with generator 1 x describer 0"
    contrasts = {term.factor: term.contrasts for term in design.terms}
    # Arms 00, 01, 11: the describer is exchanged first.
    assert contrasts["describer"] == pytest.approx(np.array([[-1, 1, 0]]))
    assert contrasts["generator"] == pytest.approx(np.array([[0, -1, 1]]))


def test_a_star_of_arms_gives_every_change_by_itself():
    design = factor_design(levels_of(2, 2, 2).loc[["000", "100", "010", "001"]])
    for place, term in enumerate(design.terms, 1):
        expected = np.zeros(4)
        expected[[0, place]] = -1, 1
        assert term.contrasts == pytest.approx(expected[None])


def test_effects_that_cannot_be_told_apart_are_refused():
    factors = levels_of(2, 2)
    with pytest.raises(StudyError, match="differs from the reference 00 in generator, describer at once"):
        factor_design(factors.loc[["00", "11"]])
    with pytest.raises(StudyError, match="no factor has two levels"):
        factor_design(factors.loc[["00"]])
    doubled = pd.concat([factors, factors.loc[["00"]].rename(index={"00": "copy"})])
    with pytest.raises(StudyError, match="the arms 00, copy have the same levels"):
        factor_design(doubled)
    arms, levels = grid_of(lambda *_: 0.0, np.random.default_rng(4), starts=5)
    with pytest.raises(StudyError, match="11 is none of the arms"):
        effects_table(arms[:3], levels)
    with pytest.raises(StudyError, match="the arm 01 has no describer"):
        effects_table(arms, levels.mask(levels == "describer 1"))


def test_another_reference_turns_the_effects_around():
    arms, levels = grid_of(lambda arm, _: 0.5 * arm[0], np.random.default_rng(10), starts=20)
    tables = [effects_table(arms, own) for own in (levels, levels.loc[["10", "11", "00", "01"]])]
    values = [table[(table["kind"] == EFFECT) & (table["factor"] == "generator")]["value"] for table in tables]
    assert values[0].to_numpy() == pytest.approx(-values[1].to_numpy())


def test_a_small_part_of_the_differences_is_minor():
    arms, levels = grid_of(lambda arm, _: 0.8 * arm[0] + 0.15 * arm[1], np.random.default_rng(11), starts=1500)
    table = effects_table(arms, levels)
    rows = table[table["kind"] == SHARE_OF_DRIFT].set_index("factor")
    assert rows.loc["generator", "verdict"] == BLAMED
    assert rows.loc["describer", "verdict"] == MINOR
    assert rows.loc["describer", "p_adjusted"] < 0.05
    assert rows.loc["describer", "value"] == pytest.approx(0.15**2 / (0.15**2 + 0.8**2), abs=0.03)


def test_the_joint_test_equals_the_enumeration_of_all_signs():
    sums = np.random.default_rng(5).normal(0.3, 1, (10, 3))
    signs = np.array(list(itertools.product((-1, 1), repeat=10)))
    squares = (signs @ sums) ** 2 / (sums**2).sum(0)
    own = sums.sum(0) ** 2 / (sums**2).sum(0)
    p_values = np.stack(
        [
            [(squares.sum(1) >= one - 1e-9).mean() for one in squares.sum(1)],
            [(squares.max(1) >= one - 1e-9).mean() for one in squares.max(1)],
        ]
    ).min(0)
    of_sample = min((squares.sum(1) >= own.sum() - 1e-9).mean(), (squares.max(1) >= own.max() - 1e-9).mean())
    expected = (p_values <= of_sample + 1e-12).mean()
    assert joint_sign_test(sums, 1, 40_000) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("starts", [25, 2500])
def test_joint_p_values_are_uniform_without_effects(starts):
    rng = np.random.default_rng(6)
    p_values = []
    for _ in range(100):
        moved = rng.integers(-1, 2, (starts, 4)) * (rng.random((starts, 1)) < 0.5)
        p_values.append(joint_sign_test(moved.astype(float), 1, 500))
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert joint_sign_test(np.zeros((5, 2)), 1) == 1.0
    assert np.isnan(joint_sign_test(np.zeros((0, 2)), 1))


ARRANGEMENTS = {
    "generator": (lambda arm, _: 0.5 * arm[0], {"generator"}),
    "describer": (lambda arm, _: 0.5 * arm[1], {"describer"}),
    "prompt": (lambda arm, _: 0.5 * arm[2], {"prompt"}),
    "two": (lambda arm, _: 0.4 * arm[0] + 0.4 * arm[2], {"generator", "prompt"}),
    "interaction": (lambda arm, _: 0.5 if arm[0] == arm[1] else -0.5, {"generator x describer"}),
    "all": (lambda arm, _: 0.3 * sum(arm), set(THREE)),
    "opposite signs": (lambda arm, label: 0.5 * arm[1] * (1 if label else -1), {"describer"}),
    "small label": (lambda arm, label: 0.9 * arm[0] * (label == 5), {"generator"}),
    "nobody": (lambda *_: 0.0, set()),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_the_right_factors_are_blamed_and_no_others(name):
    pull, expected = ARRANGEMENTS[name]
    labels = 6 if name == "small label" else 2
    arms, factors = grid_of(pull, np.random.default_rng(7), THREE, starts=360 // labels // 3, labels=labels)
    table = effects_table(arms, factors)
    assert blamed_in(table) == expected
    assert table.columns.tolist() == list(EFFECTS)
    check_result(as_result(table))
    shares = table[table["kind"] == SHARE_OF_DRIFT].set_index("factor")["value"]
    if expected:
        assert shares.sum() == pytest.approx(1)
        assert shares[list(expected)].sum() > 0.7


def test_shares_of_the_differences_cover_what_was_planted():
    inside = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        arms, factors = grid_of(lambda arm, _: 0.45 * arm[0] + 0.3 * arm[1], rng, starts=100)
        table = effects_table(arms, factors)
        rows = table[table["kind"] == SHARE_OF_DRIFT].set_index("factor")
        true = 0.45**2 / (0.45**2 + 0.3**2)
        inside.append(rows.loc["generator", "ci_low"] <= true <= rows.loc["generator", "ci_high"])
    assert np.mean(inside) >= 0.88


def test_the_drift_that_another_level_removes():
    arms, factors = grid_of(lambda arm, _: 0.8 - 0.6 * arm[0], np.random.default_rng(8), starts=400)
    table = effects_table(arms, factors)
    rows = table[table["kind"] == DRIFT_REMOVED].set_index("factor")
    assert rows.loc["generator", "ci_low"] <= 0.75 <= rows.loc["generator", "ci_high"]
    assert rows.loc["describer", "ci_low"] <= 0 <= rows.loc["describer", "ci_high"]
    assert rows.loc["generator", "ci_low"] > 0.5


def test_an_incomplete_grid_names_the_missing_arm_and_blames_the_right_factor():
    blamed = []
    for seed in range(12):
        arms, factors = grid_of(lambda arm, _: 0.6 * arm[0], np.random.default_rng(seed), starts=70)
        table = effects_table([arms[0], arms[1], arms[3]], factors.drop("10"))
        blamed.append(blamed_in(table))
    assert all("generator" in own for own in blamed)
    assert sum("describer" in own for own in blamed) <= 2
    rows = table[table["kind"] == SHARE_OF_DRIFT]
    assert rows["value"].sum() == pytest.approx(1)
    assert rows["note"].str.contains("no study with generator 1 x describer 0").all()
    assert (rows["method"] == SHAPLEY).all()
    check_result(as_result(table))


def factor_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["kind"] == SHARE_OF_DRIFT].set_index("factor")


def test_missing_answers_alone_are_no_effect():
    # Both generators draw the same people. In one study, half of the women drawn get no answer.
    for seed in range(3):
        rng = np.random.default_rng(seed)
        chains = chains_of(200)
        first = rng.integers(0, 2, 400)
        arms = []
        for name, missing in (("a", 0.0), ("b", 0.5)):
            after = np.where(rng.random(400) < 0.4, rng.integers(0, 2, 400), first)
            after = np.where((after == 0) & (rng.random(400) < missing), -1, after)
            arms.append(Arm(name, chains, category_outcomes(panel_of(chains, np.stack([first, after], 1)))))
        table = effects_table(arms, pd.DataFrame({"generator": ["a", "b"]}, index=["a", "b"]))
        row = factor_rows(table).loc["generator"]
        assert row["verdict"] in (NOT_ENOUGH_DATA, NOT_BLAMED)
        assert row["p_value"] > 0.01
        assert "answers missing: a 0 %, b 2" in row["note"]
        assert not (table.loc[table["kind"] == EFFECT, "p_adjusted"] < 0.05).any()
    assert "missing answers leave the effect open" in row["note"]


def test_a_few_missing_answers_do_not_hide_a_large_effect():
    rng = np.random.default_rng(12)
    arms, levels = grid_of(lambda arm, _: 0.6 * arm[0], rng, starts=150)
    lossy = []
    for arm in arms:
        gaps = rng.random(len(arm.chains)) < 0.03
        outcomes = [
            one._replace(values=np.where(gaps[:, None] & [[False, True]], np.nan, one.values)) for one in arm.outcomes
        ]
        lossy.append(arm._replace(outcomes=outcomes))
    assert blamed_in(effects_table(lossy, levels)) == {"generator"}


def test_bounds_of_effects_hold_for_every_completion():
    rng = np.random.default_rng(13)
    arms, levels = grid_of(lambda arm, _: 0.5 * arm[0], rng, starts=4, labels=1)
    values = [arm.outcomes[0].values.copy() for arm in arms]
    gaps = [(0, 1), (1, 2), (3, 0), (3, 3)]
    for arm, chain in gaps:
        values[arm][chain, 1] = np.nan
    chains = effect_changes.common_chains(arms)
    lossy = [
        arm._replace(outcomes=[arm.outcomes[0]._replace(values=own)]) for arm, own in zip(arms, values, strict=True)
    ]
    changes = effect_changes.share_changes(chains._replace(arms=lossy), lossy[0].outcomes[0])
    weights = factor_design(levels).terms[2].contrasts[0]
    means = []
    for filled in itertools.product((0.0, 1.0), repeat=len(gaps)):
        completed = [own.copy() for own in values]
        for (arm, chain), value in zip(gaps, filled, strict=True):
            completed[arm][chain, 1] = value
        means.append((np.stack([own[:, 1] - own[:, 0] for own in completed], 1) @ weights).mean())
    assert [one.mean() for one in changes.bounds(weights)] == pytest.approx([min(means), max(means)])


def test_factors_that_cancel_share_the_differences():
    # The generator drifts unless the describer is exchanged, too. Arm 11 equals arm 00.
    for seed in (1, 2):
        arms, levels = grid_of(lambda arm, _: 0.6 * arm[0] * (1 - arm[1]), np.random.default_rng(seed), starts=150)
        keep = ["00", "10", "11"]
        rows = factor_rows(effects_table([arm for arm in arms if arm.name in keep], levels.loc[keep]))
        assert (rows["verdict"] == BLAMED).all()
        assert rows["value"].to_numpy() == pytest.approx([0.5, 0.5], abs=0.15)
        assert rows["value"].sum() == pytest.approx(1)
        assert rows[["ci_low", "ci_high"]].stack().between(0, 1).all()


def test_without_answers_or_with_few_starts_nothing_is_told():
    prompts = chains_of(100, 2, start="prompt")
    rng = np.random.default_rng(14)
    arms = [
        Arm(name, prompts, category_outcomes(panel_of(prompts, np.stack([np.full(200, -1), own], 1))))
        for name, own in (("a", rng.integers(0, 2, 200)), ("b", np.zeros(200, int)))
    ]
    levels = pd.DataFrame({"generator": ["a", "b"]}, index=["a", "b"])
    table = effects_table(arms, levels)
    row = factor_rows(table).loc["generator"]
    assert np.isnan(row["p_value"])
    assert np.isnan(row["value"])
    assert row["verdict"] == NOT_ENOUGH_DATA
    assert "no chain has answers for its first and its last image" in row["note"]
    check_result(as_result(table))
    # The effect is as large as it can be, but 3 tests of so few random signs have no adjusted p-value below 1 %.
    for starts in (4, 6):
        few, levels = grid_of(lambda arm, _: 1.0 * arm[0], np.random.default_rng(1), starts=starts)
        rows = factor_rows(effects_table(few, levels))
        assert (rows["verdict"] == NOT_ENOUGH_DATA).all()
        assert rows["note"].str.contains("too few starts").all()
    # Many starts of which none differs show that there is no large effect.
    arms, levels = grid_of(lambda *_: 0.0, np.random.default_rng(1), starts=50)
    same = [arm._replace(name=own) for arm, own in zip([arms[0]] * 4, levels.index, strict=True)]
    assert (factor_rows(effects_table(same, levels))["verdict"] == NOT_BLAMED).all()
