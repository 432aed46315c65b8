"""Ratings for a wished width: against simulated studies with that many ratings, and the cases without an answer."""

import numpy as np
import pandas as pd
import pytest
from test_corrected_drift import Study

from broken_telephone.reporting.text.ratings_needed import ratings_needed_sentences
from broken_telephone.statistics import Resampling
from broken_telephone.statistics.tables.corrected_drift import corrected_drift_table
from broken_telephone.statistics.tables.drift_table import drift_table
from broken_telephone.statistics.tables.ratings_needed import RATINGS_NEEDED, ratings_needed_table
from broken_telephone.tables import as_result


def needed(study: Study, per_label: int) -> pd.DataFrame:
    drift = drift_table([study.panel()], [(None, 1)], Resampling(200, 1))
    return ratings_needed_table(corrected_drift_table([study.panel()], study.ratings(per_label)), drift)


def test_with_so_many_ratings_the_interval_has_the_wished_width():
    study = Study(np.random.default_rng(0), starts=1500, moves=0.3)
    table = needed(study, 40)
    assert list(table.columns) == list(RATINGS_NEEDED)
    wished = int(table["ratings_for_10_points"].iloc[0])
    assert 40 < wished < 200
    halves = [float(needed(study, wished)["half_width"].iloc[0]) for _ in range(10)]
    assert np.mean(halves) == pytest.approx(0.1, rel=0.15)
    assert table["ratings_for_5_points"].iloc[0] > 2 * wished


def test_what_more_ratings_cannot_give_is_null_and_says_what_all_ratings_give():
    study = Study(np.random.default_rng(1), starts=60, moves=0.6)
    row = needed(study, 20).iloc[0]
    assert pd.isna(row["ratings_for_5_points"])
    assert "with all images rated, the interval is ±" in row["note"]
    # All images rated: that width is reached indeed, up to the estimated tuning.
    stated = float(row["note"].split("± ")[1].split()[0]) / 100
    assert float(needed(study, 60)["half_width"].iloc[0]) == pytest.approx(stated, rel=0.15)


def test_without_ratings_there_is_no_row_and_without_an_interval_no_number():
    study = Study(np.random.default_rng(2), starts=40, labels=2)
    assert needed(study, 0).empty
    drift = drift_table([study.panel()], [(None, 1)], Resampling(200, 1))
    corrected = corrected_drift_table([study.panel()], study.ratings(per_label=10, iterations=(1,)))
    # As the catalog keeps them, with nullable numbers.
    table = ratings_needed_table(as_result(corrected), as_result(drift))
    assert table["half_width"].isna().all()
    assert table["note"].str.contains("no rating").all()
    assert ratings_needed_sentences(table) == []


def test_the_sentence_names_the_largest_number_and_the_shares_that_need_more_chains():
    table = pd.DataFrame(
        {
            "label": ["joy", "fear", "(all)"],
            "attribute": "gender",
            "half_width": [0.2, 0.15, 0.4],
            "ratings_for_5_points": pd.array([90, None, 500], dtype="Int64"),
            "ratings_for_10_points": pd.array([30, 40, 500], dtype="Int64"),
        }
    )
    (sentence,) = ratings_needed_sentences(table)
    assert "up to ± 20 points" in sentence
    assert "for ± 5 points up to 90 each (1 of 2 intervals cannot reach ± 5 points without more chains)" in sentence
    assert "for ± 10 points up to 40 each" in sentence
