"""Shares and their intervals, against scipy and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from broken_telephone.labels import RAF
from broken_telephone.statistics import ALL, baseline_shares, category_shares


def test_intervals_are_wilsons():
    values = pd.Series(["a"] * 3 + ["b"] * 17)
    shares = category_shares(values, ["a", "b", "c"]).set_index("category")
    assert shares["count"].to_dict() == {"a": 3, "b": 17, "c": 0}
    assert shares["share"].sum() == pytest.approx(1)
    for category, row in shares.iterrows():
        expected = binomtest(int(row["count"]), 20).proportion_ci(0.95, method="wilson")
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high), abs=1e-9), category


def test_nobody_has_no_share():
    empty = category_shares(pd.Series([], dtype=object), ["a"])
    assert empty[["n", "count"]].to_numpy().tolist() == [[0, 0]]
    assert empty[["share", "ci_low", "ci_high"]].isna().all(axis=None)
    with pytest.raises(ValueError, match="z is no category"):
        category_shares(pd.Series(["z"]), ["a"])


def test_a_baseline_counts_everything_once():
    people = pd.DataFrame(
        {
            "is_main": [True, True, True, False],
            "emotion": ["fear", "fear", None, "anger"],
            "age": ["0-3", "disagreement", "0-3", "70+"],
            "gender": ["male", "unsure", None, "female"],
            "ethnicity": ["Asian"] * 4,
        }
    )
    baseline = baseline_shares(people, RAF).set_index(["people", "label", "attribute", "category"])
    assert baseline.loc[("main", "fear", "gender", "unsure"), "share"] == 0.5
    assert baseline.loc[("main", "not stated", "gender", "not stated"), "share"] == 1
    assert baseline.loc[("all", ALL, "age", "70+"), "count"] == 1
    assert baseline.loc[("main", "fear", "age x gender", "disagreement x unsure"), "count"] == 1
    assert baseline.loc[("main", "anger", "age", "0-3"), "n"] == 0
    sums = baseline[baseline["n"] > 0].groupby(["people", "label", "attribute"])["share"].sum()
    assert np.allclose(sums, 1)
