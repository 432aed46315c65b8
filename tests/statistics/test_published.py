"""The published study's shares: its headlines, its spelling, and the measures by hand."""

import numpy as np
import pytest

from broken_telephone.labels import SCHEMES, UNSURE
from broken_telephone.statistics.tables.drift_table import DRIFT
from broken_telephone.statistics.tables.published import (
    PUBLISHED_DRIFT,
    PUBLISHED_SHARES,
    published_drift,
    published_shares,
)

KEYS = ["study", "label", "attribute"]


@pytest.fixture(scope="module")
def shares():
    return published_shares()


@pytest.fixture(scope="module")
def drift():
    return published_drift()


@pytest.mark.parametrize(
    ("study", "label", "attribute", "category", "original", "generated"),
    [
        ("raf_emotion", "happiness", "gender", "female", 0.59, 0.92),
        ("raf_emotion", "anger", "gender", "female", 0.32, 0.84),
        ("raf_emotion", "neutral", "age", "20-39", 0.675, 0.005),
        ("raf_emotion", "neutral", "age", "4-19", 0.12, 0.77),
        ("phase_activity", "dance and music", "age", "young adult", 0.33, 0.86),
        ("phase_activity", "dance and music", "gender", "female", 0.23, 0.66),
    ],
)
def test_headlines(shares, study, label, attribute, category, original, generated):
    row = shares.set_index([*KEYS, "category"]).loc[(study, label, attribute, category)]
    assert (row["original"], row["generated"]) == pytest.approx((original, generated), abs=0.006)


def test_shares_are_shares_and_spelt_as_here(shares):
    assert tuple(shares.columns) == PUBLISHED_SHARES
    assert shares[["original", "generated"]].stack().between(0, 1).all()
    sums = shares.groupby(KEYS)[["original", "generated"]].sum()
    assert (abs(sums - 1) < 0.00025).all(axis=None)
    assert not shares.duplicated([*KEYS, "category"]).any()
    for (study, label, attribute), rows in shares.groupby(KEYS):
        scheme, concept = SCHEMES[study.split("_")[0]], study.split("_")[1]
        assert label in scheme.concepts[concept].categories
        assert [c for c in rows["category"] if c != UNSURE] == list(scheme.attributes[attribute].values)
    counted = shares.groupby("study")["label"].nunique().to_dict()
    assert counted == {"raf_emotion": 7, "phase_emotion": 6, "phase_activity": 9}


def test_sizes_are_known_of_one_study(shares):
    raf = shares[shares["study"] == "raf_emotion"]
    assert raf.drop_duplicates("label")["n"].sum() == 12271 + 3068
    other = shares[shares["study"] != "raf_emotion"]
    assert len(other)
    assert other["n"].isna().all()


def test_measures_by_hand(drift):
    assert tuple(drift.columns) == PUBLISHED_DRIFT
    assert set(PUBLISHED_DRIFT) - {"study"} <= set(DRIFT)
    assert np.isfinite(drift["value"]).all()
    rows = drift.set_index([*KEYS, "measure"]).sort_index()
    # Men and women of RAF anger, without those who are unsure.
    p, q = (np.array(both) / sum(both) for both in ((0.6597, 0.3230), (0.1499, 0.8397)))
    anger = rows.loc[("raf_emotion", "anger", "gender")]
    assert anger.loc["total variation", "value"] == pytest.approx(q[1] - p[1])
    assert anger.loc["weighted Jaccard", "value"] == pytest.approx((q[0] + p[1]) / (p[0] + q[1]))
    both = (p + q) / 2
    divergence = sum((x * np.log2(x / both)).sum() / 2 for x in (p, q))
    assert anger.loc["Jensen-Shannon distance", "value"] == pytest.approx(np.sqrt(divergence))
    square = sum(((x - both) ** 2 / both).sum() for x in (p, q))
    assert anger.loc["Cramer's V", "value"] == pytest.approx(np.sqrt(square / 2))
    female = anger[anger["category"] == "female"]["value"]
    assert female["share difference"] == pytest.approx(q[1] - p[1])
    assert female["Cohen's h"] == pytest.approx(2 * np.arcsin(np.sqrt(q[1])) - 2 * np.arcsin(np.sqrt(p[1])))
    assert set(anger["note"]) == {"unsure and left out: 1.7% of originals, 1.0% of generated"}


def test_years_are_those_of_the_scheme(drift, shares):
    years = drift[drift["measure"] == "mean shift in years"]
    assert set(years["attribute"]) == {"age"}
    assert len(years) == 7 + 6 + 9
    fear = shares[(shares["label"] == "fear") & (shares["attribute"] == "age") & (shares["study"] == "raf_emotion")]
    middles = np.array([2, 12, 30, 55, 80])
    before, after = (fear[name] @ middles / fear[name].sum() for name in ("original", "generated"))
    found = years[(years["label"] == "fear") & (years["study"] == "raf_emotion")]["value"].item()
    assert found == pytest.approx(after - before)


def test_nothing_moves_where_nothing_moved(drift):
    """Household: nine pictures, whose men and women stayed as many."""
    same = drift[(drift["label"] == "household") & (drift["attribute"] == "gender")].set_index("measure")["value"]
    assert same["total variation"].item() == pytest.approx(0, abs=1e-12)
    assert same["weighted Jaccard"].item() == pytest.approx(1)
