"""Predictions of long chains, for chains that are Markov chains and for chains that are not."""

import numpy as np
import pytest
from validated_arms import arm

from broken_telephone.statistics import Resampling
from broken_telephone.validation import long_loop_table
from broken_telephone.validation.long_loop import JUDGE


def walk(rng, starts=300, iterations=20, changes_after=None):
    """Become a woman with probability 0.3 and a man with 0.1: 0.75 women in the end. Later probabilities may differ."""
    path = [rng.integers(0, 2, 2 * starts)]
    for k in range(iterations):
        to_female, to_male = (0.3, 0.1) if changes_after is None or k < changes_after else (0.02, 0.3)
        now, draw = path[-1], rng.random(2 * starts)
        path.append(np.where(now == 1, (draw >= to_male).astype(int), (draw < to_female).astype(int)))
    return np.stack(path, 1)


def table_of(**kwargs):
    rng = np.random.default_rng(5)
    one = arm("long", {"happiness": 0.5, "anger": 0.5}.get, rng, starts=300, path=walk(rng, **kwargs))
    table = long_loop_table(one, Resampling(200, 1))
    return table[(table["annotator"] == JUDGE) & (table["category"] == "female") & (table["label"] == "(all)")]


def test_a_markov_chain_ends_where_its_first_steps_predict():
    table = table_of().set_index("kind")
    assert table.loc["fixed point", "value"] == pytest.approx(0.75, abs=0.05)
    assert table.loc["fixed point", "observed"] == pytest.approx(0.75, abs=0.05)
    assert table["is_near"].all()
    assert table["passed"].all()
    assert bool(table.loc["later image", "covers"])
    assert table["difference"].to_numpy() == pytest.approx((table["value"] - table["observed"]).to_numpy())


def test_chains_that_change_their_steps_are_missed_and_the_tests_say_so():
    table = table_of(changes_after=5).set_index("kind")
    assert not table["is_near"].any()
    assert not table["passed"].any()
    assert not bool(table.loc["later image", "covers"])
    assert "Markov assumption rejected" in table.loc["fixed point", "note"]
