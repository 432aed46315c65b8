"""The closed-form answers beside the categories of people: references, weights, and rows that do not count."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.annotation import closed_answers
from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.tables.agreement_table import RATER, TOGETHER
from broken_telephone.statistics.tables.reliability import DRAWN, ERROR, ORIGINALS, reliability_table
from broken_telephone.statistics.tables.shares_table import DATASET

CHAINS = pd.DataFrame({"chain_id": list("abcd"), "image_id": ["ia", "ib", "ic", "id"]})
STRATA = pd.DataFrame(
    {
        "chain_id": list("abcd"),
        "iteration": 1,
        "label": "joy",
        "split": "test",
        "answer": [*["man"] * 3, "woman"],
    }
)


def probabilities() -> pd.DataFrame:
    rows = [
        (chain, k, "one", "closed", "gender", category, likelihood)
        for chain in "abcd"
        for k in (0, 1)
        for category, likelihood in (("man", -0.1), ("woman", -2.0 - k), ("unsure", -5.0))
    ]
    columns = ["chain_id", "iteration", "annotator", "reading", "attribute", "category", "log_likelihood"]
    table = pd.DataFrame(rows, columns=columns)
    return pd.concat([table, table.assign(annotator="two", log_likelihood=0.0)], ignore_index=True)


def labels(*people) -> pd.DataFrame:
    rows = [("ia", 0, DATASET, "woman", 0), ("ib", 0, DATASET, "man", 1)]
    rows += [(item, 1, name, "man", k) for name in people for k, item in enumerate(("a/1", "b/1", "", "d/1")) if item]
    return pd.DataFrame(rows, columns=["item", "iteration", "annotator", "category", "cluster"]).assign(
        attribute="gender"
    )


def test_the_first_annotator_is_compared_with_the_data_set_and_with_people():
    answers = [own for own in closed_answers(probabilities(), labels(TOGETHER), STRATA, CHAINS) if len(own.truth)]
    assert [(own.reference, own.kind) for own in answers] == [(DATASET, ORIGINALS), (TOGETHER, DRAWN)]
    assert answers[0].log_likelihoods == pytest.approx(np.array([[-0.1, -2.0, -5.0]] * 2))
    assert answers[0].truth.tolist() == [1, 0]
    assert answers[0].clusters.tolist() == [0, 1]
    assert answers[0].weights.tolist() == [1, 1]


def test_a_rating_counts_for_the_images_of_its_stratum():
    answers = list(closed_answers(probabilities(), labels(TOGETHER), STRATA, CHAINS))
    drawn = next(own for own in answers if own.kind == DRAWN and own.reference == TOGETHER)
    # Two of three images are rated in the first stratum, the only one in the second.
    assert drawn.weights.tolist() == [1.5, 1.5, 1]


def test_one_rater_alone_is_a_reference_and_one_of_two_is_not():
    def references(*people):
        answers = closed_answers(probabilities(), labels(*people), STRATA, CHAINS)
        return {own.reference for own in answers if len(own.truth)}

    assert references(RATER + "Ann") == {DATASET, RATER + "Ann"}
    assert references(RATER + "Ann", RATER + "Ben") == {DATASET}
    assert references() == {DATASET}
    assert list(closed_answers(probabilities().head(0), labels(), STRATA, CHAINS)) == []


def test_rated_images_without_a_stratum_are_counted():
    answers = list(closed_answers(probabilities(), labels(TOGETHER), STRATA.head(3), CHAINS))
    drawn = next(own for own in answers if own.kind == DRAWN and own.reference == TOGETHER)
    assert (len(drawn.truth), drawn.left_out) == (2, 1)
    table = reliability_table([drawn], Resampling(100, 1))
    assert table.set_index("measure").loc[ERROR, "note"].str.contains("1 rated picture is left out").any()


def test_a_group_without_any_stratum_is_told():
    answers = closed_answers(probabilities(), labels(TOGETHER), STRATA.assign(iteration=2), CHAINS)
    (row,) = reliability_table([own for own in answers if own.kind == DRAWN], Resampling(100, 1)).to_dict("records")
    assert row["n"] == 0
    assert row["note"] == "3 rated pictures are left out: no stratum of the study has them"
