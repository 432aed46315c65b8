import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_data import LANDMARKS, person, write_raf, write_text

from broken_telephone.errors import StudyError
from broken_telephone.labels import PHASE, RAF
from broken_telephone.sources import ChainSettings, read_people, sample_chains
from broken_telephone.tables import check_chains, check_people

LABELS = "EmoLabel/list_patition_label.txt"
REGIONS = "phase_gcc_val_regions_20221101.json"
MANUAL = "Annotation/manual/test_00002_manu_attri.txt"


# --- RAF-DB ---


def test_raf_is_read_in_the_words_of_the_scheme(raf):
    people = read_people("raf_db", raf)
    check_people(people)
    assert len(people) == 28
    second = people.set_index("person_id").loc["test_00002"]
    assert second["image_path"] == "Image/aligned/test_00002_aligned.jpg"
    assert (raf / second["image_path"]).exists()
    assert second["split"] == "test"
    assert second["is_main"]
    assert pd.isna(second["width"])
    assert (second["emotion"], second["gender"], second["ethnicity"], second["age"]) == (
        "fear",
        "female",
        "African-American",
        "4-19",
    )


def test_raf_files_may_be_written_in_any_way_that_occurs(raf):
    plain = read_people("raf_db", raf)
    labels = (raf / LABELS).read_text()
    write_text(raf / LABELS, "\ufeff" + labels.replace(" ", "\t").replace("\n", "\r\n") + "\r\n")
    text = (raf / MANUAL).read_text()
    write_text(raf / MANUAL, "\ufeff" + text.replace("\t", " ").replace("\n", " \r\n"))
    pd.testing.assert_frame_equal(read_people("raf_db", raf), plain)


def test_raf_without_annotations_leaves_attributes_null(raf, caplog):
    (raf / MANUAL).unlink()
    people = read_people("raf_db", raf).set_index("person_id")
    assert people.loc["test_00002", list(RAF.attributes)].isna().all()
    assert people.loc["test_00002", "emotion"] == "fear"
    assert "1 of 28 pictures have no file" in caplog.text


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (LABELS, "test_00001.jpg 8\n", r"line 1: emotion '8' is not one of the codes"),
        (LABELS, "test_00001.jpg 1\ntest_00001.jpg 1\n", "line 2: 'test_00001.jpg' occurs a second time"),
        (LABELS, "test_00001.jpg\n", "line 1: 'test_00001.jpg' is not a picture's name and a code"),
        (LABELS, "other_1.jpg 1\n", "line 1: 'other_1.jpg' starts with neither"),
        (LABELS, "../test_00001.jpg 1\n", "line 1: '../test_00001.jpg' is not the plain name"),
        (LABELS, "/etc/test_1 1\n", "line 1: '/etc/test_1' is not the plain name"),
        (LABELS, "\n", "lists no pictures"),
        (MANUAL, LANDMARKS + "0\n1\n9\n", r"line 8: age '9' is not one of the codes"),
        (MANUAL, "0\n1\n2\n", "has 3 lines, not 5 landmarks"),
    ],
)
def test_raf_errors_name_the_file_the_line_and_the_value(raf, file, content, message):
    write_text(raf / file, content)
    with pytest.raises(StudyError, match=message) as raised:
        read_people("raf_db", raf)
    assert str(raf / file) in str(raised.value)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_whatever_the_raf_files_hold_ends_in_people_or_names_the_file(tmp_path, content):
    folder = tmp_path / "any"
    (folder / LABELS).parent.mkdir(parents=True, exist_ok=True)
    (folder / LABELS).write_bytes(content)
    try:
        people, told = read_people("raf_db", folder), None
    except StudyError as error:
        people, told = None, str(error)
    if told is None:
        assert len(people) == sum(bool(line.strip()) for line in content.decode("utf-8-sig").splitlines())
    else:
        assert str(folder / LABELS) in told


# --- PHASE ---


def test_phase_keeps_everyone_and_the_largest_is_the_main_person(phase):
    people = read_people("phase", phase)
    check_people(people)
    assert people.groupby("split", observed=True).size().to_dict() == {"train": 18, "val": 36}
    main = people[people["is_main"]].set_index("image_id").loc["val001"]
    assert main["person_id"] == "val001_person2"
    assert (main["x"], main["y"], main["width"], main["height"]) == (2, 2, 10, 12)
    assert (main["activity"], main["age"], main["ethnicity"]) == ("eating", "young adult", "East Asian")
    assert (phase / main["image_path"]).exists()
    assert (people.loc[~people["is_main"], "activity"] == "disagreement").all()


def test_largest_is_by_area_and_not_by_position(phase):
    records = {"a": {"person1": person([900, 900, 5, 5]), "person2": person([0, 0, 6, 6])}}
    write_text(phase / REGIONS, json.dumps(records))
    people = read_people("phase", phase)
    assert people.loc[people["image_id"].eq("a") & people["is_main"], "person_id"].tolist() == ["a_person2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "holds a list, not records by picture"),
        ('{"a": 1}', "picture a: 1 is not a record"),
        ('{"a": {"person1": {"annotations": {}}}}', r"picture a, person1: region None is not \[x, y"),
        ('{"a": {"person1": {"region": [0, 0, 1, 0], "annotations": {}}}}', r"region \[0, 0, 1, 0\] is not"),
        ('{"a": {"person1": {"region": [0, 0, 1, 1]}}}', "annotations None are not a record"),
        ('{"../a": {}}', "picture: '../a' is not the plain name of a file"),
        (json.dumps({"a": {"person1": person([0, 0, 1, 1], age="old")}}), "a, person1: age 'old' is not one of"),
    ],
)
def test_phase_errors_name_the_file_the_person_and_the_value(phase, content, message):
    write_text(phase / REGIONS, content)
    with pytest.raises(StudyError, match=message) as raised:
        read_people("phase", phase)
    assert str(phase / REGIONS) in str(raised.value)


def test_a_missing_data_set_says_which_setting_to_change(tmp_path):
    with pytest.raises(StudyError, match=r"nowhere does not exist.*dataset\.path"):
        read_people("phase", tmp_path / "nowhere")
    with pytest.raises(StudyError, match="has neither phase_gcc_train"):
        read_people("phase", tmp_path)
    with pytest.raises(StudyError, match=r"list_patition_label\.txt is missing"):
        read_people("raf_db", tmp_path)


# --- Chains ---


def chain_settings(**changes) -> ChainSettings:
    return ChainSettings.model_validate({"concept": "emotion", "seed": 1, "splits": ["test"], **changes})


def test_chains_per_label_from_main_people_of_the_split(raf):
    people = read_people("raf_db", raf)
    chains = sample_chains(people, chain_settings(per_label=1), RAF).chains
    check_chains(chains)
    assert chains["label"].tolist() == list(RAF.concepts["emotion"].values)
    assert chains["chain_id"].str.startswith("test_").all()
    assert chains["seed"].is_unique
    assert (chains["seed"] >= 0).all()


def test_what_cannot_be_filled_is_reported(raf):
    sample = sample_chains(read_people("raf_db", raf), chain_settings(per_label=3), RAF)
    assert sample.shortfalls == dict.fromkeys(RAF.concepts["emotion"].values, 2)


def test_people_without_a_clear_label_start_no_chain(phase):
    records = {
        "a": {"person1": person([0, 0, 1, 1], activity="unsure")},
        "b": {"person1": person([0, 0, 1, 1], activity="disagreement")},
        "c": {"person1": person([0, 0, 1, 1], activity="sports")},
    }
    write_text(phase / REGIONS, json.dumps(records))
    wanted = chain_settings(concept="activity", splits=["val"])
    sample = sample_chains(read_people("phase", phase), wanted, PHASE)
    assert sample.chains["image_id"].tolist() == ["c"]
    assert sample.unlabelled == 2


def test_a_sample_stays_when_rows_are_added_and_a_larger_one_contains_it(tmp_path, raf):
    people = read_people("raf_db", raf)
    small = sample_chains(people, chain_settings(per_label=1), RAF).chains
    larger = sample_chains(people, chain_settings(per_label=2), RAF).chains
    assert set(small["chain_id"]) <= set(larger["chain_id"])
    shuffled = people.sample(frac=1, random_state=0)
    assert set(sample_chains(shuffled, chain_settings(per_label=1), RAF).chains["chain_id"]) == set(small["chain_id"])
    kept = people[people["person_id"].isin(small["image_id"]) | (people["split"] == "train")]
    again = sample_chains(kept, chain_settings(per_label=1), RAF).chains
    pd.testing.assert_frame_equal(again, small)


def test_another_seed_is_another_sample_and_other_pictures(raf):
    people = read_people("raf_db", raf)
    samples = [sample_chains(people, chain_settings(per_label=1, seed=seed), RAF).chains for seed in range(8)]
    assert len({tuple(chains["chain_id"]) for chains in samples}) > 1
    both = [sample_chains(people, chain_settings(seed=seed), RAF).chains.set_index("chain_id") for seed in (1, 2)]
    assert not (both[0]["seed"] == both[1]["seed"].reindex(both[0].index)).any()


def test_prompts_and_replicates(raf):
    prompts = [{"label": "fear", "text": "Afraid."}]
    wanted = chain_settings(per_label=0, prompts=prompts, replicates=2)
    chains = sample_chains(read_people("raf_db", raf), wanted, RAF).chains
    check_chains(chains)
    assert chains["prompt"].tolist() == ["Afraid."] * 2
    assert chains["replicate"].tolist() == [0, 1]
    assert chains["seed"].nunique() == 2
    other = chain_settings(per_label=0, prompts=[{"label": "fear", "text": "Scared."}])
    changed = sample_chains(read_people("raf_db", raf), other, RAF).chains
    assert changed["chain_id"].iloc[0] not in set(chains["chain_id"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"concept": "activity"}, r"chains\.concept: RAF labels no 'activity' \(it labels: emotion\)"),
        ({"splits": ["val"]}, r"no split 'val' \(it has: test, train\)"),
        ({"prompts": [{"label": "joy", "text": "x"}]}, r"chains\.prompts: 'joy' is no emotion"),
        ({"per_label": 0}, "No chain to follow"),
    ],
)
def test_impossible_samples_are_refused(raf, changes, message):
    with pytest.raises(StudyError, match=message):
        sample_chains(read_people("raf_db", raf), chain_settings(**changes), RAF)


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
    first, second = (read_people("raf_db", write_raf(tmp_path / name)) for name in ("a", "b"))
    pd.testing.assert_frame_equal(first, second)
