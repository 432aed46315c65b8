from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broken_telephone.errors import StudyError
from broken_telephone.labels import PHASE, RAF, person_phrase
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.drawn_text import wording_of
from broken_telephone.loop.settings import SteerSettings
from broken_telephone.loop.steering import steering_digest, steering_table, unsteered
from broken_telephone.pipelines.loop.nodes import steer_texts
from broken_telephone.tables import CHAINS, DESCRIPTIONS, STEERING, as_table, check_steering


def study(count: int, labels=("happiness", "sadness"), replicates: int = 1, splits=("test",)) -> SimpleNamespace:
    """Chains from images of `count` people per label and split, in the order of sampling, and one prompt per label."""
    rng = np.random.default_rng(3)
    people, chains = [], []
    for label in labels:
        for split in splits:
            for number in range(200):
                name = f"{label}_{split}_{number}"
                gender, age = rng.choice(["male", "female", "unsure"], p=[0.3, 0.6, 0.1]), rng.choice(["4-19", "70+"])
                people.append({"image_id": name, "is_main": True, "split": split, "gender": gender, "age": age})
                if number < count:
                    for replicate in range(replicates):
                        row = {"chain_id": f"{name}_r{replicate}", "start": "image", "image_id": name}
                        chains.append(row | {"label": label, "replicate": replicate})
        chains.append(
            {"chain_id": f"p_{label}", "start": "prompt", "prompt": "A person.", "label": label, "replicate": 0}
        )
    for number, chain in enumerate(chains):
        chain |= {"seed": number, "concept": "emotion"}
    return SimpleNamespace(chains=as_table(chains, CHAINS), people=pd.DataFrame(people))


def steered(own: SimpleNamespace, iterations: int = 2, seed: int = 1, **steer) -> pd.DataFrame:
    table = steering_table(own.chains, own.people, SteerSettings(**steer), RAF, iterations, seed)
    check_steering(table)
    return table


def test_an_anchor_is_what_the_data_set_states_in_every_iteration():
    own = study(20)
    table = steered(own, anchor=["gender", "age"])
    stated = own.people.set_index("image_id")
    image_of = own.chains.set_index("chain_id")["image_id"]
    expected = {
        (chain, iteration, name, stated.loc[image, name])
        for chain, image in image_of.dropna().items()
        for iteration in (1, 2)
        for name in ("gender", "age")
        if stated.loc[image, name] != "unsure"
    }
    columns = ["chain_id", "iteration", "attribute", "category"]
    assert set(table[columns].itertuples(index=False, name=None)) == expected
    unsure = (stated.loc[image_of.dropna(), "gender"] == "unsure").sum()
    assert unsure > 0
    # The prompts have no original, so nothing is stated of them.
    assert unsteered(own.chains, table, ["gender", "age"]) == {"gender": unsure + 2, "age": 2}


def test_an_anchor_that_no_original_has_is_refused_with_what_to_do():
    own = study(3)
    own.people["gender"] = None
    with pytest.raises(StudyError, match=r"states no gender.*dataset\.labels.*loop\.steer\.balance"):
        steered(own, anchor=["gender"])
    own.chains = own.chains[own.chains["start"] == "prompt"]
    with pytest.raises(StudyError, match="states no age"):
        steered(own, anchor=["age"])


@pytest.mark.parametrize(
    ("steer", "message"),
    [
        ({"anchor": ["skin_tone"]}, r"RAF has no attribute 'skin_tone' \(it has: age, gender, ethnicity\)"),
        (
            {"balance": ["gender"], "target": {"gender": {"woman": 1.0}}},
            r"target\.gender: the scheme RAF has no gender 'woman'",
        ),
        ({"anchor": ["age"], "words": {"age": {"old": "old"}}}, r"words\.age: the scheme RAF has no age 'old'"),
    ],
)
def test_what_the_scheme_does_not_have_is_refused(steer, message):
    with pytest.raises(StudyError, match=message):
        steered(study(3), **steer)


@pytest.mark.parametrize(
    ("steer", "message"),
    [
        ({}, "needs attributes in anchor or balance"),
        ({"anchor": ["age"], "balance": ["age"]}, "stands once"),
        ({"anchor": ["age"], "target": {"age": {"70+": 1.0}}}, "which steer.balance does not name"),
        ({"balance": ["age"], "target": {"age": {"70+": 0.7}}}, "sum to 0.7, not to 1"),
        ({"anchor": ["age"], "template": "{text}"}, "needs {text} and {person}"),
        ({"anchor": ["age"], "template": "{Person}. {text} {age}"}, "needs {text} and {person}"),
        ({"anchor": ["age"], "template": "{Person. {text}"}, "is no template"),
    ],
)
def test_contradictory_settings_are_refused(steer, message):
    with pytest.raises(StudyError, match=message):
        LoopSettings.model_validate({"iterations": 1, "describe_prompt": "x", "steer": steer})


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 1), count=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_balanced_shares_are_close_to_the_target(share, count, seed):
    target = {"female": share, "male": 1 - share}
    table = steered(study(count), 3, seed, balance=["gender"], target={"gender": target})
    assert len(table) == 2 * 3 * (count + 1)
    from_images = table[~table["chain_id"].str.startswith("p_")]
    label = from_images["chain_id"].str.split("_").str[0]
    female = from_images["category"].astype(str).eq("female").groupby([label, from_images["iteration"]]).mean()
    # Independent draws miss by a standard error of up to 0.5 / sqrt(count). The sequence's discrepancy is below 3 / n.
    assert (female - share).abs().max() <= 3 / count + 1e-9


def test_the_draws_of_one_chain_are_uniform_and_differ_between_iterations():
    """The low-discrepancy sequence has a random start, so a single draw has exactly the wanted distribution."""
    own = study(1, labels=("happiness",))
    target = {"gender": {"female": 0.25, "male": 0.75}}
    table = steered(own, 4000, balance=["gender"], target=target)
    one = table[table["chain_id"] == "happiness_test_0_r0"]["category"].astype(str).eq("female").to_numpy()
    assert abs(one.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 4 / np.sqrt(4000)


def test_without_a_target_the_shares_are_those_of_the_data_set_jointly():
    own = study(150)
    own.people["age"] = np.where(own.people["gender"] == "male", "4-19", "70+")
    table = steered(own, 1, balance=["age", "gender"])
    wide = table.pivot(index="chain_id", columns="attribute", values="category").astype(str)
    counts = Counter(zip(wide["age"], wide["gender"], strict=True))
    assert set(counts) == {("4-19", "male"), ("70+", "female")}
    clear = own.people[own.people["gender"] != "unsure"]
    assert counts["70+", "female"] / len(wide) == pytest.approx((clear["gender"] == "female").mean(), abs=0.03)


def test_a_target_is_independent_of_the_attributes_without_one():
    own = study(150)
    own.people["age"] = np.where(own.people["gender"] == "male", "4-19", "70+")
    table = steered(own, 1, balance=["gender", "age"], target={"gender": {"male": 0.5, "female": 0.5}})
    wide = table.pivot(index="chain_id", columns="attribute", values="category").astype(str)
    old = (wide["age"] == "70+").groupby(wide["gender"]).mean()
    assert old["male"] == pytest.approx(old["female"], abs=0.06)


def test_a_data_set_without_shares_is_refused():
    own = study(2)
    own.people = own.people.iloc[:0]
    with pytest.raises(StudyError, match=r"has no shares.*target"):
        steered(own, balance=["gender"])
    assert len(steered(own, balance=["gender"], target={"gender": {"male": 1.0}})) == 12


@pytest.mark.parametrize(
    "grown", [{"count": 30}, {"count": 9, "replicates": 3}, {"count": 30, "splits": ("test", "train")}]
)
def test_a_larger_sample_leaves_the_draws_of_a_smaller_one(grown):
    small = study(9, splits=grown.get("splits", ("test",)))
    large = study(**grown)
    steer = {"balance": ["gender", "age"]}
    before, after = (steered(own, 3, **steer) for own in (small, large))
    key = ["chain_id", "iteration", "attribute"]
    joined = before.merge(after, on=key, how="left")
    assert (joined["category_x"].astype(str) == joined["category_y"].astype(str)).all()
    assert steering_digest(before) != steering_digest(after)


@pytest.mark.parametrize(
    ("scheme", "categories", "phrase"),
    [
        (RAF, {"gender": "female", "age": "70+"}, "an old woman"),
        (RAF, {"age": "4-19", "gender": "male"}, "a boy"),
        (RAF, {"age": "0-3"}, "a baby"),
        (RAF, {"ethnicity": "Asian", "gender": "female", "age": "20-39"}, "an Asian young woman"),
        (RAF, {"gender": "female"}, "a female person"),
        (PHASE, {"age": "senior", "skin_tone": "darker"}, "an old person with dark skin"),
        (PHASE, {"age": "adult", "gender": "male"}, "a middle-aged man"),
    ],
)
def test_a_person_is_named_by_categories(scheme, categories, phrase):
    assert person_phrase(categories, scheme.attributes, {}, {}) == phrase


def test_words_and_details_replace_the_default_ones():
    words = {"age": {"70+": "elderly"}, "ethnicity": {"Asian": ""}}
    details = {"ethnicity": {"Asian": "light skin"}, "gender": {"female": "long hair"}}
    categories = {"ethnicity": "Asian", "gender": "female", "age": "70+"}
    assert person_phrase(categories, RAF.attributes, words, details) == "an elderly woman with light skin and long hair"
    with pytest.raises(StudyError, match=r"no words for hat 'red'.*words: {hat: {red: …}}"):
        person_phrase({"hat": "red"}, RAF.attributes, {}, {})


def test_the_drawn_text_states_the_attributes_of_its_own_iteration():
    own = study(1, labels=("happiness",))
    rows = [
        {"chain_id": "happiness_test_0_r0", "iteration": 1, "attribute": "age", "category": "70+", "source": "target"},
        {"chain_id": "happiness_test_0_r0", "iteration": 2, "attribute": "age", "category": "0-3", "source": "target"},
    ]
    loop = {"iterations": 2, "describe_prompt": "x", "neutralise": ["gender"]}
    loop |= {"steer": {"balance": ["age"], "template": "{text} It shows {person} ({label})."}}
    wording = wording_of(own.chains, as_table(rows, STEERING), LoopSettings.model_validate(loop), RAF.attributes)
    assert wording("happiness_test_0_r0", 1, "She smiles.") == "They smile. It shows an old person (happiness)."
    assert wording("happiness_test_0_r0", 2, "She smiles.") == "They smile. It shows a baby (happiness)."
    assert wording("p_happiness", 1, "She smiles.") == "They smile."
    assert wording("p_happiness", 1, "Une femme sourit avec le chien.") == "Une femme sourit avec le chien."
    texts = ["She smiles.", "A face.", "Une femme sourit avec le chien."]
    rows = [{"chain_id": "happiness_test_0_r0", "iteration": 1, "text": text} for text in texts]
    assert wording.counts(as_table(rows, DESCRIPTIONS)) == {
        "descriptions": 3,
        "reworded": 0,
        "neutralised": 1,
        "not_english": 1,
        "not_steered": {"age": 0},
        "stated": {"age": {"70+": 3}},
    }


def test_words_of_every_category_are_looked_for_before_the_loop():
    own, age = study(1, labels=("happiness",)), RAF.attributes["age"]
    wordless = replace(age, years={name: years for name, years in age.years.items() if name != "70+"})
    dataset = SimpleNamespace(words=replace(RAF, attributes={**RAF.attributes, "age": wordless}))
    steer = {"balance": ["age"], "target": {"age": {"4-19": 0.9, "70+": 0.1}}}
    loop = LoopSettings.model_validate({"iterations": 60, "describe_prompt": "Describe.", "steer": steer})
    # The category comes late, where nobody would wait for it.
    table = steered(own, 60, **steer)
    assert table.loc[table["category"] == "70+", "iteration"].min() > 1
    with pytest.raises(StudyError, match=r"the age '70\+' has no years"):
        steer_texts(own.chains, own.people, loop, dataset, SimpleNamespace(balance=[], seed=1))
