"""Originals of which one attribute was exchanged: what pairs, what is left out, and what is compared."""

import numpy as np
import pandas as pd
import pytest
from finished_studies import Store, number_of, study, with_columns

from broken_telephone.comparison import arrange_arms, finished_studies, pair_studies
from broken_telephone.errors import StudyError
from broken_telephone.statistics.tables.arms import arms_table
from broken_telephone.statistics.tables.contrasts import contrasts_table

EXCHANGED = "starts whose original was exchanged"
WRONG = "starts with another gender that differ in more or have one picture"


def with_people(store: Store, **columns: object) -> Store:
    """Add the table of people: those of the originals, with changed columns."""
    number = number_of(store.chains["chain_id"])
    people = pd.DataFrame(
        {
            "image_id": store.chains["image_id"].astype(str),
            "is_main": True,
            "emotion": store.chains["label"].astype(str),
            "gender": np.where(number % 4 > 1, "female", "male"),
            "age": "20-39",
            "ethnicity": "Asian",
        }
    )
    return Store(**vars(store) | {"people": people.assign(**columns)})


def as_female(starts: int = 40, becoming_female: float = 0.0, **columns: object) -> Store:
    """Make the study with all originals shown as women: pictures of men have other bytes."""
    store = study(starts, becoming_female=becoming_female)
    is_male = number_of(store.chains["chain_id"]) % 4 < 2
    digests = store.chains["image_digest"].astype(str)
    changed = with_columns(store, image_digest=digests.where(~is_male, digests + " as female"))
    answers = changed.annotations.copy()
    answers["category"] = (
        answers["category"].astype(object).mask(answers["iteration"] == 0, "female").astype("category")
    )
    return with_people(Store(**vars(changed) | {"annotations": answers}), **{"gender": "female"} | columns)


def opened(**stores: Store):
    return finished_studies(stores, {arm: f"study_{arm}" for arm in stores})


def paired(exchanged: str | None = "gender", **stores: Store):
    return pair_studies(opened(**stores), "a", "free", exchanged=exchanged)


def checks(pairing) -> dict:
    return {row.check: row for row in pairing.table.itertuples(index=False)}


def test_exchanged_originals_pair_with_their_originals():
    pairing = paired(a=with_people(study()), b=as_female())
    assert pairing.paired == {"b": True}
    assert list(pairing.chains["a"]["chain_id"]) == list(pairing.chains["b"]["chain_id"])
    assert len(pairing.chains["a"]) == 40
    found = checks(pairing)
    assert (found[EXCHANGED].count, found[EXCHANGED].n) == (20, 40)
    assert found["starts whose picture differs"].passed
    assert found[WRONG].passed


def test_without_the_setting_other_pictures_are_left_out():
    pairing = paired(None, a=with_people(study()), b=as_female())
    assert checks(pairing)["starts whose picture differs"].count == 20
    assert len(pairing.chains["a"]) == 20
    assert EXCHANGED not in checks(pairing)


def test_starts_that_differ_in_more_are_named_and_left_out():
    number = np.arange(40)
    pairing = paired(a=with_people(study()), b=as_female(age=np.where(number == 1, "70+", "20-39")))
    row = checks(pairing)[WRONG]
    assert (row.passed, row.count, row.note) == (False, 1, "image p1")
    assert len(pairing.chains["b"]) == 39


def test_another_category_with_the_same_picture_is_no_exchange():
    store = as_female()
    digests = store.chains["image_digest"].astype(str).mask(number_of(store.chains["chain_id"]) == 0, "digest 0")
    pairing = paired(a=with_people(study()), b=with_columns(store, image_digest=digests))
    row = checks(pairing)[WRONG]
    assert (row.passed, row.count, row.note) == (False, 1, "image p0")
    assert checks(pairing)[EXCHANGED].count == 19


def test_another_picture_with_the_same_category_is_left_out():
    store = as_female()
    digests = store.chains["image_digest"].astype(str).mask(number_of(store.chains["chain_id"]) == 2, "another")
    pairing = paired(a=with_people(study()), b=with_columns(store, image_digest=digests))
    row = checks(pairing)["starts whose picture differs"]
    assert (row.passed, row.count, row.note) == (False, 1, "image p2")


@pytest.mark.parametrize(
    ("exchanged", "a", "b", "message"),
    [
        ("gender", with_people(study()), with_people(study()), "no start has another picture with another gender in b"),
        ("age", with_people(study()), as_female(), "no start has another picture with another age in b"),
        ("hair", with_people(study()), as_female(), "has no attribute 'hair'"),
        ("gender", study(), as_female(), "a has no table of people"),
    ],
)
def test_what_was_not_exchanged_is_refused(exchanged, a, b, message):
    with pytest.raises(StudyError, match=message):
        paired(exchanged, a=a, b=b)


def outcomes_of(studies, pairing):
    arms = arrange_arms(studies, pairing, "free")
    return arms, contrasts_table(arms, "a", pairing.paired)


def test_shares_of_the_exchanged_attribute_are_compared_as_they_are():
    studies = opened(a=with_people(study(becoming_female=0.3)), b=as_female(becoming_female=0.3))
    pairing = pair_studies(studies, "a", "free", exchanged="gender")
    arms, table = outcomes_of(studies, pairing)
    texts = table.astype(dict.fromkeys(("family", "attribute", "category", "label"), str))
    is_female = (texts["family"] == "shares") & (texts["category"] == "female") & (texts["label"] == "(all)")
    rows = texts[is_female].set_index("iteration")
    assert len(rows) == 2
    assert rows["since"].isna().all()
    # Slow and direct: the share of women in the images of each study.
    for k in (1, 2):
        shares = []
        for store in (study(becoming_female=0.3), as_female(becoming_female=0.3)):
            answers = store.annotations[store.annotations["iteration"] == k]
            shares.append((answers["category"].astype(str) == "female").mean())
        assert rows.loc[k, "value_reference"] == pytest.approx(shares[0])
        assert rows.loc[k, "value_arm"] == pytest.approx(shares[1])
        assert rows.loc[k, "value"] == pytest.approx(shares[1] - shares[0])
    success = texts[texts["family"] == "success"]
    assert len(success)
    assert (success["attribute"] == "(all)").all()
    # No other attribute was asked for, so that nothing has a drift and no arm can do harm.
    assert arms_table(arms, "a", table, paired=pairing.paired).empty
