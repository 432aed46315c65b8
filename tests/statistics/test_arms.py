"""What arms achieve: planted arms that remove the drift, leave it, or add a new one."""

import numpy as np
import pandas as pd
import pytest
from compared_arms import chains_of, pulled_arm

from broken_telephone.statistics.outcomes import Arm, Outcome
from broken_telephone.statistics.tables.arms import (
    ARMS,
    HARMS,
    HELPS,
    HELPS_BY_ESTIMATE,
    HELPS_NOT,
    REFERENCE,
    arms_table,
)
from broken_telephone.statistics.tables.contrasts import CONTRASTS, contrasts_table
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
    assert table.loc["poison", "harms"] == 2
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
