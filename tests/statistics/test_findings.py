"""Claims are judged together: adjustment, selection, power at the adjusted level, missing answers, plans."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, norm, t

from broken_telephone.statistics import (
    Panel,
    Resampling,
    drift_table,
    findings_table,
    planned_table,
    power_table,
    shares_table,
)
from broken_telephone.statistics.estimates.selective_intervals import (
    adaptive_estimates,
    conditional_estimates,
    equivalence_p_values,
    intervals_at,
    standard_errors,
)
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import (
    adjusted_together,
    holm,
    holm_together,
    rejection_levels,
)
from broken_telephone.statistics.hypothesis_tests.power import detectable_shift, least_changes
from broken_telephone.statistics.tables.findings import (
    FALL,
    FINDINGS,
    LEVEL,
    NOT_ENOUGH_DATA,
    NOT_SIGNIFICANT,
    RISE,
)
from broken_telephone.tables import as_result, check_result

RESAMPLING = Resampling(300, 1)


def panel(before, after, attribute="gender", categories=("male", "female"), labels=None):
    n = len(before)
    image, unknown = np.full(n, "image", dtype=object), np.full(n, -1, np.int8)
    names = np.full(n, "fear", dtype=object) if labels is None else np.asarray(labels, dtype=object)
    codes = np.column_stack([before, after]).astype(np.int8)
    return Panel(attribute, tuple(categories), codes, unknown, np.arange(n), names, image)


def judged(panels, **other):
    drift = drift_table(panels, [(None, 1)], RESAMPLING, shares_only=True)
    return findings_table(drift, power_table(panels), shares_table(panels, "judge"), **other)


def comparison(label="fear", value=0.3, p_value=1e-4, half=0.1, **other):
    row = {"start": "image", "label": label, "attribute": "gender", "category": "male", "since": 0, "iteration": 1}
    row |= {"value": value, "ci_low": value - half, "ci_high": value + half, "p_value": p_value, "n": 90, "note": ""}
    return row | {"clusters": 90} | other


def of_rows(rows, **other):
    drift = pd.DataFrame(rows).assign(measure="share difference")
    return findings_table(drift, pd.DataFrame(), **other)


def test_a_test_is_rejected_up_to_its_level_whatever_its_own_p_value():
    rng = np.random.default_rng(0)
    for _ in range(100):
        p_values = rng.random(rng.integers(1, 12)) ** rng.integers(1, 6)
        levels = rejection_levels(p_values, 0.05)
        for place, level in enumerate(levels):
            for own, is_rejected in ((level * 0.999, True), (level * 1.001, False)):
                others = p_values.copy()
                others[place] = own
                assert (false_discovery_control(others)[place] <= 0.05) == is_rejected


def test_tests_that_cannot_reject_do_not_count():
    p_values = np.array([0.01, 0.04, 1.0, 1.0, np.nan])
    adjusted, levels = adjusted_together(p_values, np.array([0.0, 0.01, 0.06, 1.0, 0.0]), 0.05)
    assert adjusted[:2] == pytest.approx(false_discovery_control(p_values[:2]))
    assert adjusted[2:4].tolist() == [1, 1]
    assert np.isnan(adjusted[4])
    # One more test beside two that are rejected.
    assert levels == pytest.approx([0.05, 0.05, 0.05, 0.05, 0.05])


def test_intervals_at_another_level_are_those_of_students_t():
    value, clusters = np.array([0.2, 0.95]), np.array([12, 40])
    half = t.ppf(0.975, clusters - 1) * np.array([0.05, 0.03])
    errors = standard_errors(value, value - half, np.minimum(value + half, 1), clusters)
    assert errors == pytest.approx([0.05, 0.03])
    low, high = intervals_at(value, errors, clusters, np.full(2, 0.001), np.ones(2))
    assert low == pytest.approx(value - t.ppf(0.9995, clusters - 1) * errors)
    assert high.tolist() == pytest.approx([0.2 + t.ppf(0.9995, 11) * 0.05, 1])


def test_equivalence_is_two_one_sided_tests():
    p_value = equivalence_p_values(
        np.array([0.01, -0.2, 0.0, 0.1]), np.array([0.02, 0.02, 0.0, 0.0]), np.full(4, 30), 0.05
    )
    assert p_value[:2] == pytest.approx([t.sf(2, 29), t.sf(-7.5, 29)])
    assert p_value[2:].tolist() == [0, 1]


def test_conditional_estimates_average_the_value_and_the_most_likely_one_given_selection():
    errors, threshold = np.array([0.05, 0.08, 0.02]), np.array([0.15, 0.3, 0.05])
    values = np.array([0.16, -0.35, 0.2])
    grid = np.linspace(0, 0.4, 40_001)
    for value, error, least, estimate in zip(
        values, errors, threshold, conditional_estimates(values, errors, threshold), strict=True
    ):
        chance = norm.sf(least, grid, error) + norm.cdf(-least, grid, error)
        most_likely = grid[(norm.logpdf(abs(value), grid, error) - np.log(chance)).argmax()]
        assert estimate == pytest.approx(np.sign(value) * (abs(value) + most_likely) / 2, abs=1e-4)


@pytest.mark.parametrize("center", [0.05, 0.1, 0.15])
def test_conditional_estimates_are_less_biased_than_selected_values(center):
    values = np.random.default_rng(1).normal(center, 0.05, 20_000)
    chosen = values[np.abs(values) > 0.15]
    estimates = conditional_estimates(chosen, np.full(len(chosen), 0.05), np.full(len(chosen), 0.15))
    assert abs(estimates.mean() - center) < 0.7 * abs(chosen.mean() - center)


def test_conditional_estimates_without_an_error_are_the_values():
    errors = np.array([0.0, np.nan, 0.1])
    estimates = conditional_estimates(np.array([0.2, np.nan, -0.9]), errors, np.array([0.1, np.nan, 0.3]))
    assert estimates == pytest.approx([0.2, np.nan, -0.9], nan_ok=True, abs=1e-6)


def test_empirical_bayes_finds_the_values_behind_the_noise_and_mirrors():
    rng = np.random.default_rng(2)
    truth = np.repeat([0.0, 0.3], [40, 20])
    value = rng.normal(truth, 0.08)
    estimates = adaptive_estimates(value, np.full(60, 0.08))
    assert np.abs(estimates - truth).mean() < 0.8 * np.abs(value - truth).mean()
    assert adaptive_estimates(-value, np.full(60, 0.08)) == pytest.approx(-estimates)
    # The largest of them is less too large.
    assert estimates.max() - 0.3 < 0.8 * (value.max() - 0.3)


def test_empirical_bayes_with_one_prior_width_is_the_estimate_of_that_width():
    # If the true values have one normal distribution, the posterior mean is linear.
    rng = np.random.default_rng(3)
    truth = rng.normal(0, 0.2, 3000)
    value = rng.normal(truth, 0.1)
    best = value * 0.2**2 / (0.2**2 + 0.1**2)
    assert np.abs(adaptive_estimates(value, np.full(3000, 0.1)) - best).mean() < 0.005


def test_among_many_nulls_clear_effects_are_hardly_shrunken_and_marginal_ones_are():
    nulls = np.random.default_rng(4).normal(0, 0.05, 157)
    value = np.array([0.9, 0.18, *nulls])
    estimates = adaptive_estimates(value, np.full(159, 0.05))
    assert estimates[0] > 0.85
    assert 0.02 < estimates[1] < 0.16
    assert np.abs(estimates[2:]).mean() < 0.3 * np.abs(nulls).mean()


def test_a_marginal_finding_among_many_nulls_has_an_estimate_inside_its_interval():
    rng = np.random.default_rng(6)
    error = 0.1 / t.ppf(0.975, 89)
    nulls = rng.normal(0, error, 157)
    values = [0.6, 0.18, *nulls]
    rows = [comparison(f"label {k}", v, 2 * t.sf(abs(v) / error, 89)) for k, v in enumerate(values)]
    table = of_rows(rows)
    assert table["verdict"].tolist()[:2] == [RISE, RISE]
    clear, marginal = (table.iloc[k] for k in (0, 1))
    assert 0.55 < clear["shrunken_value"] <= 0.6
    assert marginal["ci_low"] + 0.02 < marginal["shrunken_value"] < 0.15


def test_eight_of_eight_people_change_and_further_shares_share_the_tests():
    before, after = np.zeros(8), np.ones(8)
    alone = judged([panel(before, after)])
    assert alone["verdict"].tolist() == [FALL, RISE]
    # Forty further people change in other labels, one in two of them in either direction.
    more = np.arange(40) % 2
    labels = ["fear"] * 8 + [f"label {k % 5}" for k in range(40)]
    crowded = judged([panel([*before, *more], [*after, *(1 - more)], labels=labels)])
    own = crowded[crowded["label"] == "fear"]
    assert (own["p_adjusted"] > LEVEL).all()
    assert set(own["verdict"]) == {NOT_ENOUGH_DATA}
    assert own["reason"].str.startswith("too few independent starts").all()
    assert not (crowded["verdict"] == NOT_SIGNIFICANT).any() or (crowded["minimum_detectable_change"] < 1).any()


def test_power_is_that_of_the_adjusted_level():
    rng = np.random.default_rng(3)
    before = rng.integers(2, size=700)
    after = np.where(rng.random(700) < 0.2, 1 - before, before)
    table = judged([panel(before, after, labels=[f"label {k % 7}" for k in range(700)])])
    row, power = table.iloc[0], power_table([panel(before[::7], after[::7])]).iloc[0]
    # 16 tests, none of them significant: each must have p <= .05 / 16.
    expected = detectable_shift(power["effective_n"], power["share_changing"], LEVEL / 16)
    assert row["minimum_detectable_change"] == pytest.approx(float(expected))
    assert row["minimum_detectable_change"] > 1.2 * power["minimum_detectable_change"]
    assert least_changes(np.array([0.05, 2 / 2**9, 2.1 / 2**9])).tolist() == [6, 9, 9]


def test_selected_intervals_and_values_are_adjusted_and_others_are_not():
    rows = [comparison(f"label {k}", *given) for k, given in enumerate([(0.3, 1e-5), *[(0.02, 0.7)] * 19])]
    table = of_rows(rows)
    first, rest = table.iloc[0], table.iloc[1:]
    error = 0.1 / t.ppf(0.975, 89)
    assert first["ci_low"] == pytest.approx(0.3 - error * t.isf(LEVEL / 20 / 2, 89))
    assert first["ci_low"] <= first["shrunken_value"] < 0.3
    assert rest["ci_low"].tolist() == pytest.approx([-0.08] * 19)
    assert rest["shrunken_value"].tolist() == rest["value"].tolist()
    assert first["p_adjusted"] == pytest.approx(2e-4)


def test_families_are_adjusted_together_and_plans_by_themselves():
    rows = [comparison(f"label {k}", p_value=p) for k, p in enumerate([0.004, 0.5, 0.6])]
    other = pd.DataFrame([comparison(f"label {k}", p_value=0.9) for k in range(17)])
    assert of_rows(rows)["verdict"].tolist()[0] == RISE
    together = of_rows(rows, families={"missing answers": other})
    assert together["family"].tolist() == ["shares"] * 3 + ["missing answers"] * 17
    assert together["p_adjusted"].to_numpy() == pytest.approx(false_discovery_control([0.004, 0.5, 0.6, *[0.9] * 17]))
    assert not together["verdict"].isin([RISE]).any()
    planned = together[together["label"] == "label 0"][["start", "label", "attribute", "category"]].head(1)
    table = of_rows(rows, families={"missing answers": other}, planned=planned)
    assert table["is_planned"].tolist() == [True] + [False] * 19
    assert table["p_adjusted"].iloc[0] == pytest.approx(0.004)
    assert table["verdict"].iloc[0] == RISE


def test_planned_hypotheses_have_the_adjusted_p_values_of_the_plan():
    rows = [comparison(f"label {k}", p_value=p) for k, p in enumerate([0.03, 0.02, 0.9, 0.001])]
    cells = pd.DataFrame(rows)[["start", "label", "attribute", "category", "since", "iteration"]].head(2)
    table = of_rows(rows, planned=cells).head(2)
    plan = planned_table(pd.DataFrame(rows).assign(method="annotator"), cells.assign(direction=""), 0.1)
    assert table["p_adjusted"].tolist() == plan["p_adjusted"].tolist() == [0.04, 0.04]
    rows[0]["p_value"] = 0.045
    # By Benjamini and Hochberg, the first would have 0.045.
    assert of_rows(rows, planned=cells)["p_adjusted"].tolist()[:2] == pytest.approx([0.045, 0.04])
    rows[1]["p_value"] = 0.04
    table = of_rows(rows, planned=cells)
    assert table["p_adjusted"].tolist()[:2] == pytest.approx([0.08, 0.08])
    assert not table["verdict"].head(2).isin([RISE, FALL]).any()


def test_interim_looks_leave_planned_hypotheses_without_an_ordinary_test():
    rows = [comparison(p_value=1e-6), comparison(p_value=1e-6, label="other")]
    planned = pd.DataFrame(rows)[["start", "label", "attribute", "category"]].head(1)
    table = of_rows(rows, planned=planned, at_looks=True)
    assert table["verdict"].tolist() == [NOT_ENOUGH_DATA, RISE]
    assert "interim looks" in table["reason"].iloc[0]


def test_a_planned_test_is_rejected_up_to_its_level_whatever_its_own_p_value():
    rng = np.random.default_rng(0)
    for _ in range(100):
        p_values = rng.random(rng.integers(1, 8)) ** rng.integers(1, 6)
        for place, level in enumerate(holm_together(p_values, 0.05)[1]):
            for own, is_rejected in ((level * 0.999, True), (level * 1.001, False)):
                others = p_values.copy()
                others[place] = own
                assert (holm(others)[place] <= 0.05) == is_rejected


def bounds(before=0.0, after=0.5, low=-0.4, high=0.2):
    keys = {name: comparison()[name] for name in ("start", "label", "attribute", "category", "since", "iteration")}
    return pd.DataFrame(
        [keys | {"missing_before": before, "missing_after": after, "change_low": low, "change_high": high}]
    )


@pytest.mark.parametrize(
    ("p_value", "given", "verdict"),
    [
        (1e-4, bounds(), NOT_ENOUGH_DATA),
        (1e-4, bounds(low=0.1, high=0.6), RISE),
        (0.9, bounds(), NOT_ENOUGH_DATA),
        (0.9, bounds(after=0.01, low=-0.02, high=0.02), NOT_SIGNIFICANT),
        (0.9, bounds(after=0.0), NOT_SIGNIFICANT),
        (0.9, None, NOT_SIGNIFICANT),
    ],
)
def test_missing_answers_leave_a_change_open(p_value, given, verdict):
    row = of_rows([comparison(p_value=p_value)], share_bounds=given).iloc[0]
    assert row["verdict"] == verdict
    is_open = verdict == NOT_ENOUGH_DATA
    reason = "0 % of answers missing before and 50 % after: a change of \N{MINUS SIGN}40 to 20 points is possible"
    assert row["reason"] == (reason if is_open else "")


def test_the_table_explains_its_nulls():
    absent = panel(np.full(9, -1), np.full(9, -1))
    changing = panel([0] * 20 + [1] * 20, [1] * 14 + [0] * 6 + [1] * 20, "age", ("young", "old"))
    table = judged([absent, changing])
    assert list(table) == list(FINDINGS)
    check_result(as_result(table))
    assert table["verdict"].tolist() == [NOT_ENOUGH_DATA] * 2 + [FALL, RISE]
    assert findings_table(pd.DataFrame(), pd.DataFrame()).empty


def test_studies_without_drift_claim_nothing_and_claims_are_not_too_large():
    """A reduced form of benchmarks/selection.py: ten labels, one of which drifts in the second half of the studies."""
    rng, claims, covered, ratios = np.random.default_rng(5), [], [], []
    for study in range(40):
        effect = 0.0 if study < 20 else 0.3
        labels = np.repeat([f"label {k}" for k in range(10)], 60)
        before = rng.integers(2, size=600)
        after = np.where(rng.random(600) < 0.2, rng.integers(2, size=600), before)
        after = np.where((labels == "label 0") & (rng.random(600) < 2 * effect), 1, after)
        table = judged([panel(before, after, labels=labels)])
        own = table[table["verdict"].isin([RISE, FALL])]
        if not effect:
            claims.append(len(own) > 0)
            continue
        rises = own[(own["label"] == "label 0") & (own["verdict"] == RISE)]
        covered += ((rises["ci_low"] <= effect) & (effect <= rises["ci_high"])).tolist()
        ratios += (rises["shrunken_value"] / effect).tolist()
    assert np.mean(claims) <= 0.1
    assert len(ratios) >= 17
    assert np.mean(covered) >= 0.9
    assert 0.85 <= np.median(ratios) <= 1.15


def test_the_shares_before_and_after_are_those_of_the_method_and_the_annotators_stand_beside_them():
    corrected = comparison(value=0.2, before=0.5, after=0.7, method="large model", n_checked=40, clusters=30)
    shares = [
        comparison() | {"annotator": "judge", "iteration": k, "share": share} for k, share in ((0, 0.4), (1, 0.7))
    ]
    rows = [comparison(), comparison("joy")]
    shares += [row | {"label": "joy"} for row in shares]
    table = findings_table(
        pd.DataFrame(rows).assign(measure="share difference"),
        pd.DataFrame(),
        pd.DataFrame(shares),
        corrected_drift=pd.DataFrame([corrected]),
    ).set_index("label")
    pairs = [["before", "after"], ["annotator_before", "annotator_after"]]
    assert [table.loc["fear", pair].tolist() for pair in pairs] == [[0.5, 0.7], [0.4, 0.7]]
    assert [table.loc["joy", pair].tolist() for pair in pairs] == [[0.4, 0.7], [0.4, 0.7]]
    assert table.loc["fear", "after"] - table.loc["fear", "before"] == pytest.approx(table.loc["fear", "value"])


def test_a_family_whose_table_is_corrected_keeps_its_method_and_the_annotators_value():
    rated = comparison(value=0.2, method="human ratings", annotator_value=0.35, n_checked=40, before=0.1, after=0.3)
    plain = comparison("joy", method="annotator", annotator_value=0.3, n_checked=0, before=0.1, after=0.4)
    families = {"success": pd.DataFrame([rated, plain])}
    table = of_rows([comparison()], families=families).set_index(["family", "label"])
    columns = ["method", "annotator_value", "n_checked", "before", "after"]
    assert table.loc[("success", "fear"), columns].tolist() == ["human ratings", 0.35, 40, 0.1, 0.3]
    assert table.loc[("success", "joy"), columns].tolist() == ["annotator", 0.3, 0, 0.1, 0.4]
    assert table.loc[("shares", "fear"), columns[:3]].tolist() == ["annotator", 0.3, 0]
    assert np.isnan(table.loc[("success", "fear"), "annotator_before"])
    assert table.loc[("success", "joy"), "annotator_before"] == 0.1
