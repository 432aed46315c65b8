import numpy as np
import pytest
from pydantic import ValidationError

from broken_telephone.miniature.world.people import CATEGORIES, Association, World


def planted(**changes: object) -> Association:
    return Association(**{"given": "happiness", "attribute": "age", "category": "young", "share": 0.8} | changes)


def test_a_world_without_associations_is_even():
    for attribute in ("gender", "age", "skin_tone"):
        shares = World().shares(attribute, "happiness")
        assert np.allclose(shares, 1 / len(CATEGORIES[attribute]))


def test_an_association_changes_only_what_it_names():
    world = World(associations=(planted(),))
    shares = dict(zip(CATEGORIES["age"], world.shares("age", "happiness"), strict=True))
    assert shares["young"] == 0.8
    assert np.allclose([share for age, share in shares.items() if age != "young"], 0.05)
    assert np.allclose(world.shares("age", "sadness"), 0.2)
    assert np.allclose(world.shares("gender", "happiness"), 0.5)


def test_people_are_drawn_with_the_planted_shares():
    world, rng = World(associations=(planted(),)), np.random.default_rng(1)
    ages = [world.person(rng, emotion="happiness").age for _ in range(1500)]
    assert abs(ages.count("young") / len(ages) - 0.8) < 0.04
    assert abs(ages.count("baby") / len(ages) - 0.05) < 0.025


def test_ethnicity_is_even_and_goes_with_skin_tone_as_stated():
    rng = np.random.default_rng(2)
    people = [World().person(rng) for _ in range(1500)]
    for ethnicity in CATEGORIES["ethnicity"]:
        assert abs(sum(p.ethnicity == ethnicity for p in people) / len(people) - 1 / 3) < 0.05
    assert {p.skin_tone for p in people if p.ethnicity == "Caucasian"} == {"lighter"}
    assert {p.skin_tone for p in people if p.ethnicity == "African-American"} == {"darker"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"given": "boredom"}, "boredom"), ({"category": "middle"}, "middle"), ({"share": 1.2}, "share")],
)
def test_an_impossible_association_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        planted(**changes)


def test_shares_beyond_one_are_refused():
    world = World(associations=(planted(), planted(category="adult", share=0.5)))
    with pytest.raises(ValueError, match="do not sum to 1"):
        world.shares("age", "happiness")
