"""What arms achieve: planted arms that remove the drift, leave it, or add a new one."""

import numpy as np
import pandas as pd
import pytest
from compared_arms import chains_of, panel_of, pulled_arm

from broken_telephone.statistics.estimates.panel import ALL
from broken_telephone.statistics.outcomes import Arm, Outcome, category_outcomes
from broken_telephone.statistics.tables.arms import (
    ARMS,
    HARMS,
    HELPS,
    HELPS_BY_ESTIMATE,
    HELPS_NOT,
    REFERENCE,
    arms_table,
)
from broken_telephone.statistics.tables.contrasts import CONTRASTS, HIGHER, LOWER, contrasts_table
from broken_telephone.statistics.tables.findings import NOT_ENOUGH_DATA
from broken_telephone.tables import as_result, check_result


def study_of(starts, pulls, seed=0, success=None):
    """Return arms by name; label 0 drifts in the reference. Success of both arms agrees in most chains."""
    rng = np.random.default_rng(seed)
    chains = chains_of(starts, 2)
    first = rng.integers(0, 2, len(chains))
    number = chains["label"].str[-1].astype(int).to_numpy()
    right = rng.random(len(chains)) < 0.8
    arms = []
    for name, own in pulls.items():
        arm = pulled_arm(name, chains, first, np.array(own)[number], rng, churn=0.1)
        lost = rng.random(len(chains)) < (success or {}).get(name, 0.0)
        correct = np.stack([right, right & ~lost], 1).astype(float)
        similarity = Outcome("similarity", "origin", "image-image", rng.normal(0.6, 0.1, (len(chains), 2)), False, 0)
        others = [one for one in arm.outcomes if one.family != "success"]
        arms.append(arm._replace(outcomes=[*others, Outcome("success", "(all)", "(all)", correct), similarity]))
    return arms


def summed_up(arms, costs=None, **paired):
    table = arms_table(arms, "base", contrasts_table(arms, "base", paired), costs, paired)
    assert table.columns.tolist() == list(ARMS)
    check_result(as_result(table))
    return table.set_index("arm")


def test_arms_that_help_do_not_help_and_harm_are_told_apart():
    pulls = {"base": (0.6, 0), "cure": (0.06, 0), "placebo": (0.6, 0), "poison": (0.0, 0.6), "costly": (0.06, 0)}
    table = summed_up(study_of(700, pulls, success={"costly": 0.15}))
    assert table.loc["base", "verdict"] == REFERENCE
    assert table.loc["cure", "verdict"] == HELPS
    assert table.loc["cure", "reason"].startswith("at most ")
    assert table.loc["placebo", "verdict"] == HELPS_NOT
    assert table.loc["poison", "verdict"] == HARMS
    assert table.loc["poison", "harm"].startswith("label 1: gender ")
    # Women and men of one label are one harm.
    assert table.loc["poison", "harms"] == 1
    assert table.loc["costly", "verdict"] == HARMS
    assert table.loc["costly", "reason"] == "success is lower by more than 2 points"
    assert table.loc["costly", "harms"] == 0


def test_what_few_chains_do_not_show_is_said():
    pulls = {"base": (0.9, 0), "cure": (0.2, 0)}
    own = summed_up(study_of(60, pulls, seed=1)).loc["cure"]
    assert own["verdict"] in (HELPS_BY_ESTIMATE, NOT_ENOUGH_DATA)
    assert "not shown that" in own["reason"]
    nothing = summed_up(study_of(60, {"base": (0, 0), "cure": (0, 0)}, seed=3)).loc["cure"]
    assert nothing["verdict"] == NOT_ENOUGH_DATA
    assert np.isnan(nothing["drift_left"])
    assert "no drift beyond sampling noise" in nothing["reason"]


@pytest.mark.parametrize("is_paired", [True, False])
def test_intervals_of_the_drift_that_is_left_cover_the_truth(is_paired):
    inside, values = [], []
    for seed in range(40):
        arms = study_of(150, {"base": (0.6, 0), "half": (0.3, 0)}, seed)
        if not is_paired:
            other = study_of(150, {"half": (0.3, 0)}, seed + 1000)[0]
            chains = other.chains.assign(
                chain_id="o" + other.chains["chain_id"], image_id="o" + other.chains["image_id"]
            )
            arms[1] = other._replace(chains=chains)
        own = arms_table(arms, "base", pd.DataFrame(columns=CONTRASTS), paired={"half": is_paired})
        row = own[own["arm"] == "half"].iloc[0]
        inside.append(row["drift_left_low"] <= 0.5 <= row["drift_left_high"])
        values.append(row["drift_left"])
    assert np.mean(inside) >= 0.85
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)


def test_the_size_of_the_drift_has_no_noise_in_it():
    sizes = []
    for seed in range(60):
        arms = study_of(40, {"base": (0.5, 0), "other": (0, 0)}, seed)
        sizes.append(arms_table(arms, "base", pd.DataFrame(columns=CONTRASTS))["drift"].iloc[0] ** 2)
    # Half of the chains are of label 0, whose shares change by 0.25.
    assert np.mean(sizes) == pytest.approx(0.25**2 / 2, rel=0.15)


def test_costs_and_what_is_missing_stand_in_the_row():
    arms = study_of(50, {"base": (0.5, 0), "cure": (0.1, 0)})
    costs = pd.DataFrame(
        {"arm": ["base", "cure"], "describe_seconds": 1.5, "draw_seconds": 2.0, "tokens": [30.0, 60.0]}
    )
    table = summed_up(arms, costs)
    assert table.loc["cure", ["describe_seconds", "draw_seconds", "tokens"]].tolist() == [1.5, 2.0, 60.0]
    bare = [Arm(arm.name, arm.chains, arm.outcomes[:2]) for arm in arms]
    own = summed_up(bare).loc["cure"]
    assert np.isnan(own["success_kept"])
    for missing in ("no success", "no similarity", "no missing answers", "no cost"):
        assert missing in own["note"]
    assert "success was not measured" in own["reason"]


def panel_arm(name, chains, codes, success=None):
    outcomes = category_outcomes(panel_of(chains, codes))
    if success is not None:
        outcomes.append(Outcome("success", ALL, ALL, success, on_first=False))
    return Arm(name, chains, outcomes)


def test_the_first_image_of_prompts_shows_no_drift_and_no_harm():
    chains = chains_of(100, 2, start="prompt")
    rng = np.random.default_rng(21)
    arms = [
        panel_arm(name, chains, np.stack([np.full(200, -1), (rng.random(200) > share).astype(int)], 1))
        for name, share in (("base", 0.5), ("arm", 0.85))
    ]
    contrasts = contrasts_table(arms, "base")
    assert (contrasts["verdict"] == HIGHER).any()
    table = arms_table(arms, "base", contrasts).set_index("arm")
    assert table.loc["arm", "verdict"] == NOT_ENOUGH_DATA
    assert table.loc["arm", "harms"] == 0
    assert table[["drift", "drift_left"]].isna().all(axis=None)
    assert table["note"].str.contains("no chain has answers for its first and its last image").all()
    check_result(as_result(table.reset_index()))


def test_a_drift_of_equal_size_in_the_other_direction_is_no_harm():
    chains = chains_of(200, 1)
    first = np.arange(200) % 2
    mirrored = []
    for to, count in ((0, 30), (1, 31), (1, 90)):
        after = first.copy()
        after[np.flatnonzero(first != to)[:count]] = to
        mirrored.append(np.stack([first, after], 1))
    arms = [panel_arm(name, chains, own) for name, own in zip(("base", "mirror", "more"), mirrored, strict=True)]
    contrasts = contrasts_table(arms, "base")
    assert contrasts["verdict"].isin([HIGHER, LOWER]).all()
    table = arms_table(arms, "base", contrasts).set_index("arm")
    assert (table["verdict"] == HARMS).to_dict() == {"base": False, "mirror": False, "more": True}
    assert table["harms"].tolist() == [0, 0, 1]
    assert abs(table.loc["more", "largest_harm"]) == contrasts["shrunken_value"][contrasts["arm"] == "more"].abs().max()


def test_a_loss_of_success_above_the_tolerance_has_to_be_shown():
    chains = chains_of(400, 1)
    rng = np.random.default_rng(22)
    first = rng.integers(0, 2, 400)
    drifted = np.where(rng.random(400) < 0.6, 0, first)
    success = np.ones((400, 2))
    arms = [panel_arm("base", chains, np.stack([first, drifted], 1), success)]
    for name, lost in (("few", 10), ("many", 60)):
        own = success.copy()
        own[:lost, 1] = 0
        arms.append(panel_arm(name, chains, np.stack([first, first], 1), own))
    contrasts = contrasts_table(arms, "base")
    few = contrasts[(contrasts["arm"] == "few") & (contrasts["family"] == "success")].iloc[0]
    assert (few["verdict"], few["value"]) == (LOWER, -0.025)
    assert few["ci_high"] > -0.02
    table = arms_table(arms, "base", contrasts).set_index("arm")
    assert table.loc["few", "verdict"] == NOT_ENOUGH_DATA
    assert "not shown that success is within 2 points, and it is significantly lower" in table.loc["few", "reason"]
    assert table.loc["many", "verdict"] == HARMS
    assert "success is lower by more than 2 points" in table.loc["many", "reason"]


def test_missing_answers_leave_open_whether_an_arm_helps():
    chains = chains_of(600, 1)
    rng = np.random.default_rng(23)
    first = rng.integers(0, 2, 600)
    success = np.ones((600, 2))
    drifted = np.where(rng.random(600) < 0.6, 0, first)
    gaps = np.where((first == 1) & (rng.random(600) < 0.5), -1, first)
    arms = [
        panel_arm(name, chains, np.stack([first, own], 1), success)
        for name, own in (("base", drifted), ("cure", first), ("lossy", gaps))
    ]
    table = arms_table(arms, "base", contrasts_table(arms, "base")).set_index("arm")
    assert table.loc["cure", "verdict"] == HELPS
    assert table.loc["lossy", "drift_left_high"] < 0.5
    assert table.loc["lossy", "verdict"] != HELPS
    assert "because of missing answers" in table.loc["lossy", "reason"]


def mixed_arm(name, sizes, pulls, rng):
    """Return a study with chains of its own, so many of each label."""
    labels = np.repeat(list(sizes), list(sizes.values()))
    ids = [f"{name}{k}" for k in range(len(labels))]
    chains = pd.DataFrame({"chain_id": ids, "start": "image", "image_id": ids, "prompt": None, "label": labels})
    first = rng.integers(0, 2, len(labels))
    after = np.where(rng.random(len(labels)) < np.array([pulls[label] for label in labels]), 0, first)
    return panel_arm(name, chains, np.stack([first, after], 1))


def test_the_mix_of_labels_makes_no_difference_between_unpaired_arms():
    rng = np.random.default_rng(24)
    pulls = {"a": 0.9, "b": 0.0, "c": 0.9}
    mixes = {"base": {"a": 30, "b": 270, "c": 100}, "arm": {"a": 270, "b": 30}}
    arms = [mixed_arm(name, sizes, pulls, rng) for name, sizes in mixes.items()]
    contrasts = contrasts_table(arms, "base", {"arm": False})
    every = contrasts[(contrasts["label"] == ALL) & (contrasts["category"] == "woman")].iloc[0]
    by_label = contrasts[(contrasts["label"] != ALL) & (contrasts["category"] == "woman")].set_index("label")["value"]
    assert every["value"] == pytest.approx((by_label["a"] + by_label["b"]) / 2)
    assert every["verdict"] not in (HIGHER, LOWER)
    assert "without labels that only one study has numbers of: c" in every["note"]
    left = arms_table(arms, "base", contrasts, paired={"arm": False}).set_index("arm").loc["arm"]
    assert left["drift_left_low"] <= 1 <= left["drift_left_high"]
    assert left["drift_left"] == pytest.approx(1, abs=0.2)


def test_intervals_of_standardised_contrasts_cover_the_truth():
    rng = np.random.default_rng(25)
    inside = []
    for _ in range(150):
        arms = [
            mixed_arm(name, sizes, {"a": pull, "b": 0.0}, rng)
            for name, sizes, pull in (("base", {"a": 20, "b": 80}, 0.2), ("arm", {"a": 90, "b": 30}, 0.6))
        ]
        table = contrasts_table(arms, "base", {"arm": False})
        own = table[(table["label"] == ALL) & (table["category"] == "woman")].iloc[0]
        true = 0.2 * (0.2 + 0.75) / 2
        inside.append(own["annotator_low"] <= true <= own["annotator_high"])
    assert np.mean(inside) >= 0.91


def test_a_contrast_without_an_interval_is_no_obstacle():
    arms = study_of(30, {"base": (0.6, 0), "same": (0.6, 0)})
    # Equal in both arms, as if the setting changed no image.
    equal = Outcome("similarity", "origin", "image-image", np.full((len(arms[0].chains), 2), 0.6), False, 0)
    arms = [
        arm._replace(outcomes=[one for one in arm.outcomes if one.family != "similarity"] + [equal]) for arm in arms
    ]
    contrasts = as_result(contrasts_table(arms, "base"))
    assert contrasts.loc[contrasts["family"] == "similarity", "ci_low"].isna().any()
    row = arms_table(arms, "base", contrasts).set_index("arm").loc["same"]
    assert row["similarity_kept"] == 0
    assert np.isnan(row["similarity_low"])
