"""The checks of the embedded models find what is planted, and do not find what is not."""

import numpy as np
import pandas as pd
from PIL import Image

from broken_telephone.miniature.checks.quality import gaps, report
from broken_telephone.miniature.checks.scores import by_group
from broken_telephone.miniature.world.associations import draw_labels, shares, shown
from broken_telephone.miniature.world.people import AGES, GENDERS, SKIN_TONES, Association, World


def _people(count: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": "portraits",
            "gender": rng.choice(GENDERS, count),
            "age": rng.choice(AGES, count),
            "skin_tone": rng.choice(SKIN_TONES, count),
        }
    )


def test_a_planted_gap_is_a_defect_and_chance_is_not():
    rng = np.random.default_rng(0)
    people = _people(3000, rng)
    even = by_group("describer", "emotion accuracy", people, rng.random(3000) < 0.96)
    worse = np.where(people["skin_tone"] == "darker", 0.88, 0.96)
    odd = by_group("describer", "gender accuracy", people, rng.random(3000) < worse)
    table = gaps(pd.concat([even, odd]))
    assert table.loc[table["defect"], ["figure", "group"]].to_numpy().tolist() == [["gender accuracy", "skin_tone"]]


def test_a_group_is_not_worse_for_being_frequent_among_a_difficult_label():
    drawn = pd.DataFrame(
        [("sports", "work" if k % 2 else "sports", "male" if k < 80 else "female") for k in range(100)]
        + [("work", "work", "male" if k < 20 else "female") for k in range(100)],
        columns=["label", "activity", "gender"],
    ).assign(emotion="neutral", age="young", skin_tone="lighter")
    found = shown(drawn).set_index(["group", "category"])["value"]
    assert found["gender", "male"] == found["gender", "female"] == 0.75


class _Painter:
    """Draws the number of a picture instead of a person."""

    def draw(self, prompts, seeds):
        assert len(set(seeds)) == len(seeds)
        assert all("happi" in prompt or "happy" in prompt for prompt in prompts)
        return [Image.fromarray(np.full((64, 64, 3), seed % 10, np.uint8)) for seed in seeds]


def _read(images: np.ndarray) -> pd.DataFrame:
    number = images[:, 0, 0, 0]
    return pd.DataFrame(
        {
            "emotion": np.where(number == 0, "anger", "happiness"),
            "activity": "work",
            "gender": np.where(number < 3, "male", "female"),
            "age": "young",
            "skin_tone": np.where(number < 5, "lighter", "darker"),
        }
    )


def test_shares_of_drawn_people_stand_beside_the_planted_ones():
    world = World(associations=(Association(given="happiness", attribute="age", category="young", share=0.8),))
    drawn = draw_labels(_Painter(), _read, ("happiness",), count=100, seed=1)
    table = shares(drawn, world).set_index(["attribute", "category"])
    assert table.loc[("gender", "male"), "share"] == 0.3
    assert np.isclose(table.loc[("age", "young"), "difference"], 0.2)
    assert np.isclose(table.loc[("age", "baby"), "planted"], 0.05)
    found = shown(drawn).set_index(["group", "category"])["value"]
    assert found["all", "all"] == 0.9
    page = report(
        by_group("judge", "age accuracy", _people(50, np.random.default_rng(0)), np.ones(50)),
        pd.concat([shown(drawn).assign(guidance=1.0), shown(drawn[:60]).assign(guidance=3.0)]),
        shares(drawn, world).assign(guidance=1.0),
    )
    assert "| happiness | age | young | 0.800 | 1.000 | 0.200 |" in page
    assert page.count("| portraits | gender | male |") == 1
