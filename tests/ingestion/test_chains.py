import json

import pandas as pd
import pytest
from raw_data import person, two_colours, write_raf, write_text
from read_raw import read

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import ChainSettings, PromptSettings, sample_chains
from broken_telephone.labels import PHASE, RAF
from broken_telephone.tables import check_chains

REGIONS = "phase_gcc_val_regions_20221101.json"


def people_of(source, folder):
    return read(source, folder).people


def chain_settings(**changes) -> ChainSettings:
    return ChainSettings.model_validate({"concept": "emotion", "seed": 1, "splits": ["test"], **changes})


def test_chains_count_from_main_people_of_the_split(raf):
    people = people_of("raf_db", raf)
    chains = sample_chains(people, chain_settings(count=1), RAF).chains
    check_chains(chains.assign(image_digest=pd.array(["0"] * len(chains), "string")))
    assert chains["label"].tolist() == list(RAF.concepts["emotion"].values)
    assert chains["chain_id"].str.startswith("test_").all()
    assert chains["seed"].is_unique
    assert (chains["seed"] >= 0).all()


def test_what_cannot_be_filled_is_reported(raf):
    sample = sample_chains(people_of("raf_db", raf), chain_settings(count=3), RAF)
    assert sample.cells["label"].tolist() == list(RAF.concepts["emotion"].values)
    assert sample.cells[["available", "sampled", "missing"]].drop_duplicates().to_numpy().tolist() == [[2, 2, 1]]


def test_the_count_is_per_label_and_split(raf):
    sample = sample_chains(people_of("raf_db", raf), chain_settings(count=1, splits=None), RAF)
    assert len(sample.chains) == 14
    assert sample.cells.groupby("split")["sampled"].sum().to_dict() == {"test": 7, "train": 7}


def test_balanced_over_an_attribute_every_category_has_as_many(raf):
    people = people_of("raf_db", raf)
    sample = sample_chains(people, chain_settings(count=1, balance=["gender"], splits=None), RAF)
    check_chains(sample.chains.assign(image_digest=pd.array(["0"] * len(sample.chains), "string")))
    genders = people.set_index("image_id")["gender"]
    assert set(genders[sample.chains["image_id"]]) == {"male", "female"}
    cells = sample.cells.set_index(["label", "split", "gender"])
    assert len(cells) == 7 * 2 * 2
    assert (cells["available"] == cells["sampled"] + (cells["available"] - 1).clip(lower=0)).all()
    assert (cells["missing"] == 1 - cells["sampled"]).all()
    assert cells["missing"].any()
    assert sample.unlabelled == {"emotion": 0, "gender": int(genders.eq("unsure").sum())}


def test_chains_may_start_from_captions(phase):
    reading = read("phase", phase)
    wanted = chain_settings(concept="activity", splits=["val"], count=1, starts=["image", "caption"])
    sample = sample_chains(reading.people, wanted, PHASE, reading.captions)
    check_chains(sample.chains.assign(image_digest=pd.array(["0"] * len(sample.chains), "string")))
    assert sample.chains["start"].value_counts().to_dict() == {"image": 9, "prompt": 9}
    assert sample.chains["seed"].is_unique
    one_less = reading.captions[reading.captions["image_id"] != sample.chains["image_id"].iloc[0]]
    other = sample_chains(reading.people, wanted, PHASE, one_less)
    assert other.captionless == 1
    assert len(other.chains) == 18, "another picture of the label takes its place"
    with pytest.raises(StudyError, match=r"No chain to follow: no image has the caption.*chains\.starts"):
        sample_chains(reading.people, wanted, PHASE, reading.captions.iloc[:0])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, r"none of \d+ main people has a clear activity\. .*dataset\.columns names, such as \{activity: "),
        ({"count": 0, "concept": "emotion"}, r"chains\.count is 0; and there are no prompts"),
    ],
)
def test_why_there_is_no_chain_is_said(phase, settings, reason):
    people = read("phase", phase).people.assign(activity=None)
    with pytest.raises(StudyError, match=f"No chain to follow: {reason}"):
        sample_chains(people, chain_settings(**{"concept": "activity", "splits": None, **settings}), PHASE)


def test_people_without_a_clear_label_start_no_chain(phase):
    records = {
        "a": {"person1": person([0, 0, 1, 1], activity="unsure")},
        "b": {"person1": person([0, 0, 1, 1], activity="disagreement")},
        "c": {"person1": person([0, 0, 1, 1], activity="sports")},
    }
    write_text(phase / REGIONS, json.dumps(records))
    for name in records:
        two_colours((9, 9)).save(phase / f"phase_images/{name}.png")
    wanted = chain_settings(concept="activity", splits=["val"])
    sample = sample_chains(people_of("phase", phase), wanted, PHASE)
    assert sample.chains["image_id"].tolist() == ["c"]
    assert sample.unlabelled == {"activity": 2}


def test_a_sample_stays_when_rows_are_added_and_a_larger_one_contains_it(tmp_path, raf):
    people = people_of("raf_db", raf)
    small = sample_chains(people, chain_settings(count=1), RAF).chains
    larger = sample_chains(people, chain_settings(count=2), RAF).chains
    assert len(small)
    assert set(small["chain_id"]) < set(larger["chain_id"])
    shuffled = people.sample(frac=1, random_state=0)
    assert set(sample_chains(shuffled, chain_settings(count=1), RAF).chains["chain_id"]) == set(small["chain_id"])
    kept = people[people["person_id"].isin(small["image_id"]) | (people["split"] == "train")]
    again = sample_chains(kept, chain_settings(count=1), RAF).chains
    pd.testing.assert_frame_equal(again, small)


def test_another_seed_is_another_sample_and_other_pictures(raf):
    people = people_of("raf_db", raf)
    samples = [sample_chains(people, chain_settings(count=1, seed=seed), RAF).chains for seed in range(8)]
    assert len({tuple(chains["chain_id"]) for chains in samples}) > 1
    both = [sample_chains(people, chain_settings(seed=seed), RAF).chains.set_index("chain_id") for seed in (1, 2)]
    assert not (both[0]["seed"] == both[1]["seed"].reindex(both[0].index)).any()


def test_prompts_and_replicates(raf):
    prompts = [{"label": "fear", "text": "Afraid."}]
    wanted = chain_settings(count=0, prompts=prompts, replicates=2)
    chains = sample_chains(people_of("raf_db", raf), wanted, RAF).chains
    check_chains(chains.assign(image_digest=pd.array(["0"] * len(chains), "string")))
    assert chains["prompt"].tolist() == ["Afraid."] * 2
    assert chains["replicate"].tolist() == [0, 1]
    assert chains["seed"].nunique() == 2
    other = chain_settings(count=0, prompts=[{"label": "fear", "text": "Scared."}])
    changed = sample_chains(people_of("raf_db", raf), other, RAF).chains
    assert changed["chain_id"].iloc[0] not in set(chains["chain_id"])


def test_prompts_of_a_file_may_repeat_on_their_own(raf):
    prompts = [PromptSettings(label="fear", text="Afraid.", repeats=3), PromptSettings(label="fear", text="Scared.")]
    chains = sample_chains(people_of("raf_db", raf), chain_settings(count=0), RAF, prompts=prompts).chains
    assert chains["prompt"].tolist() == ["Afraid."] * 3 + ["Scared."]
    assert chains["chain_id"].is_unique


def test_a_study_may_start_from_prompts_alone(tmp_path):
    reading = read("none", tmp_path / "nowhere", scheme="raf")
    wanted = chain_settings(splits=None, prompts=[{"label": "fear", "text": "Afraid."}])
    chains = sample_chains(reading.people, wanted, RAF).chains
    check_chains(chains.assign(image_digest=pd.array(["0"] * len(chains), "string")))
    assert chains["start"].tolist() == ["prompt"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"balance": ["skin_tone"]},
            r"chains\.balance: the scheme RAF has no skin_tone \(it has: age, gender, ethnicity\)",
        ),
        (
            {"concept": "activity"},
            r"chains\.concept: the scheme RAF \(dataset\.scheme\) has no concept 'activity' \(it has: emotion\)",
        ),
        ({"splits": ["test", "test"]}, "states a split twice"),
        ({"prompts": [{"label": "fear", "text": "x"}] * 2}, "'x' is stated twice"),
        ({"splits": ["val"]}, r"no split 'val' \(it has: test, train\)"),
        ({"prompts": [{"label": "joy", "text": "x"}]}, r"chains\.prompts: 'joy' is no emotion"),
        ({"count": 0}, "No chain to follow"),
    ],
)
def test_impossible_samples_are_refused(raf, changes, message):
    with pytest.raises(StudyError, match=message):
        sample_chains(people_of("raf_db", raf), chain_settings(**changes), RAF)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicates": 0}, "'replicates': input should be greater than or equal to 1, not 0"),
        ({"seed": "1"}, "'seed': input should be a valid integer, not '1'"),
        ({"perlabel": 1}, r"'perlabel' is not a setting here \(there are: concept, seed"),
        ({"prompts": [{"label": "fear"}]}, r"'prompts\.0\.text' is missing"),
    ],
)
def test_wrong_settings_are_refused_in_words(changes, message):
    with pytest.raises(StudyError, match=message):
        chain_settings(**changes)


def test_two_reads_of_one_world_are_equal(tmp_path):
    first, second = (people_of("raf_db", write_raf(tmp_path / name)) for name in ("a", "b"))
    pd.testing.assert_frame_equal(first, second)
