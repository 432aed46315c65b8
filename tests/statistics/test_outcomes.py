"""Outcomes of a study: against its tables, picture by picture."""

import numpy as np
import pandas as pd
import pytest
from compared_arms import chains_of, panel_of

from broken_telephone.statistics import ABSENT, ALL, Ratings
from broken_telephone.statistics.outcomes import (
    CONTINUOUS,
    category_outcomes,
    mention_outcomes,
    missing_outcome,
    rated_attributes,
    similarity_outcomes,
    success_outcomes,
    support_outcomes,
)

CHAINS = chains_of(3, 1)
PANEL = panel_of(CHAINS, np.array([[0, 1, ABSENT], [1, 1, 0], [0, 0, 0]]))


def test_categories_and_missing_answers_are_indicators():
    women, men = category_outcomes(PANEL)
    assert (women.family, women.attribute, women.category, women.categories) == ("shares", "gender", "woman", 2)
    np.testing.assert_array_equal(women.values, [[1, 0, np.nan], [0, 0, 1], [1, 1, 1]])
    np.testing.assert_array_equal(men.values, 1 - women.values)
    missing = missing_outcome(PANEL)
    np.testing.assert_array_equal(missing.values, [[0, 0, 1], [0, 0, 0], [0, 0, 0]])
    assert (missing.family, missing.attribute, missing.category) == ("missing answers", "gender", ALL)


def test_success_is_split_by_the_category_of_the_original():
    predictions = pd.DataFrame(
        {"chain_id": ["i0", "i1", "i2", "i2"], "iteration": [0, 1, 0, 2], "correct": [True, None, False, True]}
    )
    every, women, men = success_outcomes(predictions, CHAINS, [PANEL])
    expected = np.zeros((3, 3))
    expected[0, 0], expected[2, 2] = 1, 1
    np.testing.assert_array_equal(every.values, expected)
    np.testing.assert_array_equal(women.values, np.where([[True], [False], [True]], expected, np.nan))
    np.testing.assert_array_equal(men.values, np.where([[False], [True], [False]], expected, np.nan))
    assert [one.attribute for one in (every, women, men)] == [ALL, "gender", "gender"]
    # An image that no chain has a prediction for was not measured.
    early = success_outcomes(predictions[predictions["iteration"] == 0], CHAINS, [PANEL])[0].values
    np.testing.assert_array_equal(early, [[1, np.nan, np.nan], [0, np.nan, np.nan], [0, np.nan, np.nan]])
    # Chains from prompts have no original.
    prompts = chains_of(3, 1, start="prompt")
    empty = panel_of(prompts, np.array([[ABSENT, 1, 1]] * 3))
    own = predictions.assign(chain_id=predictions["chain_id"].str.replace("i", "p"))
    assert np.isnan(success_outcomes(own, prompts, [empty])[1].values).all()


def test_similarities_and_support_are_numbers():
    similarities = pd.DataFrame(
        {"chain_id": ["i1", "i1"], "iteration": [1, 2], "pair": "origin", "kind": "image-image", "value": [0.5, 0.25]}
    )
    (similarity,) = similarity_outcomes(similarities, CHAINS, 2)
    np.testing.assert_array_equal(similarity.values[1], [np.nan, 0.5, 0.25])
    assert (similarity.attribute, similarity.category, similarity.on_first) == ("origin", "image-image", False)
    support = pd.DataFrame(
        {
            "chain_id": ["i2", "i2", "i2"],
            "iteration": [0, 0, 1],
            "region": ["face", "face", "hair"],
            "share": [0.2, 0.4, 1],
        }
    )
    face, hair = support_outcomes(support, CHAINS, 1)
    assert face.values[2, 0] == pytest.approx(0.3)
    assert hair.values[2, 1] == 1
    assert (face.family, face.attribute, face.category, face.categories) == ("support", "region", "face", CONTINUOUS)


def test_mentions_count_the_first_category_of_their_panels():
    panel = panel_of(CHAINS, PANEL.codes, "age", ("mentioned", "not mentioned"))
    (mentioned,) = mention_outcomes([panel])
    assert (mentioned.family, mentioned.attribute, mentioned.category) == ("mentions", "age", "mentioned")
    np.testing.assert_array_equal(mentioned.values, category_outcomes(PANEL)[0].values)


def test_ratings_of_an_original_hold_for_all_replicates():
    chains = chains_of(2, 1, replicates=2)
    panel = panel_of(chains, np.zeros((4, 2), int))
    given = pd.DataFrame({"chain_id": ["i0", "i3"], "iteration": [0, 1], "attribute": "gender", "category": "man"})
    strata = pd.DataFrame({"chain_id": ["i0", "i2", "i3"], "iteration": [0, 0, 1], "stratum": "x"})
    rated = rated_attributes([panel], Ratings(given, strata, chains["chain_id"]))["gender"]
    np.testing.assert_array_equal(rated.ratings, [[1, -1], [1, -1], [-1, -1], [-1, 1]])
    np.testing.assert_array_equal(rated.strata[:, 0], [0, 0, 0, 0])
    assert not rated_attributes([panel], Ratings(given[:0], strata, chains["chain_id"]))
