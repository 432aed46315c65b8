"""Iterations without pictures (`loop.keep`): no table has rows of them, and the others are as before."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.statistics import (
    Resampling,
    answer_kinds,
    decomposition_table,
    drift_table,
    missing_answers_table,
    panels,
    share_bounds_table,
    shares_table,
    start_tests_table,
    success_differences_table,
    success_table,
    trajectories_table,
)

THINNED, LAST = frozenset({2, 3, 5}), 6
RESAMPLING = Resampling(200, 1)


def study():
    rng = np.random.default_rng(3)
    chains = pd.DataFrame(
        {
            "chain_id": [f"c{k}" for k in range(60)],
            "image_id": [f"i{k}" if k < 40 else None for k in range(60)],
            "prompt": [None if k < 40 else f"p{k}" for k in range(60)],
            "start": ["image"] * 40 + ["prompt"] * 20,
            "label": ["fear", "joy"] * 30,
        }
    )
    keys = [(name, k) for name in chains["chain_id"] for k in range(LAST + 1) if k or int(name[1:]) < 40]
    annotations = pd.DataFrame(keys, columns=["chain_id", "iteration"])
    annotations = annotations.assign(attribute="gender", category=rng.choice(["male", "female"], len(keys)))
    annotations["status"] = np.where(rng.random(len(keys)) < 0.9, "valid", "unsure")
    predictions = annotations[["chain_id", "iteration"]].assign(correct=rng.random(len(keys)) < 0.7, status="named")
    return chains, annotations, predictions


def tables(chains, annotations, predictions, thinned):
    stated = {"gender": pd.Series(dict.fromkeys(chains["image_id"].dropna(), "male"))}
    arranged = [*panels(annotations, chains, {"gender": ["male", "female"]}, LAST, stated, thinned).values()]
    kinds = answer_kinds(annotations, chains, ["gender"], LAST, annotations)
    return {
        "shares": shares_table(arranged, "judge"),
        "drift": drift_table(arranged, [(None, k) for k in range(1, LAST + 1)], RESAMPLING),
        "decomposition": decomposition_table(arranged, RESAMPLING),
        "missing answers": missing_answers_table(arranged, kinds, RESAMPLING),
        "share bounds": share_bounds_table(arranged),
        "start tests": start_tests_table(arranged, RESAMPLING),
        "success": success_table(predictions, chains, arranged, RESAMPLING),
        "success differences": success_differences_table(predictions, chains, arranged),
    }


@pytest.fixture(scope="module")
def both():
    chains, annotations, predictions = study()
    kept = annotations[~annotations["iteration"].isin(THINNED)]
    return tables(chains, annotations, predictions, frozenset()), tables(chains, kept, predictions, THINNED)


@pytest.mark.parametrize(
    "name",
    [
        "shares",
        "drift",
        "decomposition",
        "missing answers",
        "share bounds",
        "start tests",
        "success",
        "success differences",
    ],
)
def test_rows_of_kept_iterations_are_those_of_the_whole_study(both, name):
    whole, thinned = (each[name] for each in both)
    assert set(whole["iteration"]) >= THINNED
    expected = whole[~whole["iteration"].isin(THINNED)].reset_index(drop=True)
    pd.testing.assert_frame_equal(thinned.reset_index(drop=True), expected)


def test_without_successive_pictures_only_the_first_step_is_known():
    chains, annotations, _ = study()
    kept = annotations[~annotations["iteration"].isin(THINNED)]
    (panel,) = panels(kept, chains, {"gender": ["male", "female"]}, LAST, None, THINNED).values()
    table = trajectories_table([panel], RESAMPLING, 0.05)
    last = table[(table["kind"] == "last step") & (table["start"] == "image")]
    assert set(last["note"]) == {"no chain has categories in the last two pictures"}


def test_a_panel_names_the_later_iterations_with_pictures():
    chains, annotations, _ = study()
    (panel,) = panels(annotations, chains, {"gender": ["male", "female"]}, LAST, None, THINNED).values()
    assert panel.later(-1) == [0, 1, 4, 6]
    assert panel.later(1) == [4, 6]
    assert panel.of(panel.starts == "image").later(0) == [1, 4, 6]
