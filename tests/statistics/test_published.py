"""The published study's shares: its headlines, its spelling, and the measures by hand."""

import numpy as np
import pytest
from scipy import stats

from broken_telephone.labels import SCHEMES, UNSURE
from broken_telephone.statistics.tables.drift_table import DRIFT
from broken_telephone.statistics.tables.published import (
    A_CATEGORY,
    LEFT_OUT,
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
    assert raf.drop_duplicates("label")["n_original"].sum() == 12271 + 3068
    counts = np.stack([raf[name] * raf[f"n_{name}"].astype(float) for name in ("original", "generated")])
    assert counts == pytest.approx(counts.round(), abs=1e-6)
    other = shares[shares["study"] != "raf_emotion"]
    assert len(other)
    assert other[["n_original", "n_generated"]].isna().all(axis=None)


def test_measures_by_hand(drift):
    assert tuple(drift.columns) == PUBLISHED_DRIFT
    assert set(PUBLISHED_DRIFT) - {"study", "unsure_answers"} <= set(DRIFT)
    known = drift[drift["unsure_answers"] == LEFT_OUT]
    assert np.isfinite(known["value"]).all()
    rows = known.set_index([*KEYS, "measure"]).sort_index()
    # Men and women of RAF anger, without those who are unsure.
    p, q = (np.array(both) / sum(both) for both in ((572, 280), (130, 728)))
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
    known = drift[drift["unsure_answers"] == LEFT_OUT]
    same = known[(known["label"] == "household") & (known["attribute"] == "gender")]
    same = same.set_index("measure")["value"]
    assert same["total variation"].item() == pytest.approx(0, abs=1e-12)
    assert same["weighted Jaccard"].item() == pytest.approx(1)


def test_rows_with_unsure_reproduce_the_published_comparison(drift, shares):
    """Plain loops over the published shares, with unsure as one more category."""
    published = drift[drift["unsure_answers"] == A_CATEGORY].set_index([*KEYS, "measure"]).sort_index()
    cells = 0
    for key, rows in shares.groupby(KEYS):
        pairs = list(zip(rows["original"], rows["generated"], strict=True))
        cells += len(pairs) * (key[0] != "phase_activity")
        overlap = sum(min(pair) for pair in pairs) / sum(max(pair) for pair in pairs)
        moved = sum(abs(after - before) for before, after in pairs) / 2
        assert published.loc[(*key, "weighted Jaccard"), "value"].item() == pytest.approx(overlap, abs=1e-12)
        assert published.loc[(*key, "total variation"), "value"].item() == pytest.approx(moved, abs=1e-12)
        changes = published.loc[(*key, "share difference")].set_index("category")["value"]
        expected = rows.set_index("category")
        assert changes.to_dict() == pytest.approx((expected["generated"] - expected["original"]).to_dict())
    assert cells == 77 + 72


def test_chi_square_of_the_published_counts(drift, shares):
    published = drift[drift["unsure_answers"] == A_CATEGORY].set_index([*KEYS, "measure"]).sort_index()
    for key, rows in shares[shares["study"] == "raf_emotion"].groupby(KEYS):
        counts = [
            [round(share * int(n)) for share, n in zip(rows[name], rows[f"n_{name}"], strict=True)]
            for name in ("original", "generated")
        ]
        some = [column for column in zip(*counts, strict=True) if any(column)]
        expected = stats.chi2_contingency(np.array(some).T, correction=False).statistic
        assert published.loc[(*key, "chi-square"), "value"].item() == pytest.approx(expected)
        overlap = sum(map(min, *counts)) / sum(map(max, *counts))
        assert published.loc[(*key, "weighted Jaccard of counts"), "value"].item() == pytest.approx(overlap)
    phase = published.loc[("phase_emotion", "fear", "gender", "chi-square")]
    assert np.isnan(float(phase["value"]))
    assert "the number of pictures is not published" in str(phase["note"])
