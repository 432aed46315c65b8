"""Planted chances against people that the world draws, and against sentences that it writes."""

import numpy as np
import pandas as pd
import pytest

from broken_telephone.miniature.checks.planted import (
    UNCLEAR,
    even_chances,
    own_categories,
    planted_chances,
    stated_people,
)
from broken_telephone.miniature.world.language import emotion_sentence, free_sentence
from broken_telephone.miniature.world.people import CATEGORIES, World

WORLD = World.model_validate(
    {
        "associations": [
            {"given": "sadness", "attribute": "gender", "category": "female", "share": 0.8},
            {"given": "sadness", "attribute": "skin_tone", "category": "darker", "share": 0.7},
        ]
    }
)


def people(n: int, emotion: str | None = None) -> list[dict]:
    rng = np.random.default_rng(3)
    return [WORLD.person(rng, emotion=emotion).record() | {"kind": "portraits", "background": "blue"} for _ in range(n)]


def test_texts_state_what_they_were_written_from():
    rows = people(300)
    whole = stated_people([free_sentence(row) for row in rows], "emotion")
    for name, column in (("label", "emotion"), ("gender", "gender"), ("age", "age"), ("skin_tone", "skin_tone")):
        assert whole[name].to_list() == [row[column] for row in rows], name
    rng = np.random.default_rng(1)
    only = stated_people([emotion_sentence(row, rng) for row in rows], "emotion")
    assert only["label"].to_list() == [row["emotion"] for row in rows]
    assert only[["gender", "age", "skin_tone"]].isna().all(axis=None)


def test_two_people_in_a_text_are_unclear():
    text = "An old woman with light skin. A happy young man with dark skin, short black hair."
    row = stated_people([text], "emotion").iloc[0]
    assert row.to_list() == ["happiness", UNCLEAR, UNCLEAR, UNCLEAR]
    assert np.isnan(planted_chances(pd.DataFrame([row]), WORLD, "ethnicity")).all()


@pytest.mark.parametrize("attribute", ["gender", "age", "skin_tone", "ethnicity"])
def test_chances_are_the_shares_of_the_people_that_the_world_draws(attribute):
    drawn = pd.Series([row[attribute] for row in people(6000, "sadness")])
    stated = pd.DataFrame([("sadness", None, None, None)], columns=["label", "gender", "age", "skin_tone"])
    chances = planted_chances(stated, WORLD, attribute)[0]
    shares = [(drawn == category).mean() for category in CATEGORIES[attribute]]
    assert np.abs(chances - shares).max() < 0.025
    assert chances.sum() == pytest.approx(1)


def test_a_stated_person_is_drawn_and_no_label_is_unknown():
    stated = pd.DataFrame(
        [("sadness", "male", None, "darker"), (None, None, "young", None)],
        columns=["label", "gender", "age", "skin_tone"],
    )
    gender = planted_chances(stated, WORLD, "gender")
    assert gender[0].tolist() == [1, 0]
    assert np.isnan(gender[1]).all()
    # Darker people are African-American, or, half as often, Asian.
    assert planted_chances(stated, WORLD, "ethnicity")[0] == pytest.approx([0, 2 / 3, 1 / 3])
    before = np.array([[0.3, 0.7], [0.3, 0.7]])
    assert planted_chances(stated, WORLD, "gender", before)[0].tolist() == [0.3, 0.7]
    assert even_chances(2, "age").sum(1) == pytest.approx(1)


def test_categories_of_a_scheme_stand_in_the_order_of_the_world():
    names = own_categories({"age": ("0-3", "4-19", "20-39", "40-69", "70+"), "mood": ("a", "b")})
    assert names == {"age": dict(zip(CATEGORIES["age"], ("0-3", "4-19", "20-39", "40-69", "70+"), strict=True))}
