import os
from pathlib import Path

import pandas as pd
import pytest
from raw_data import two_colours, write_text
from read_raw import one, problems, read

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import defect_sentences
from broken_telephone.tables import check_people


@pytest.fixture
def folder(tmp_path):
    names = ["train/happiness/1.jpg", "train/Sad/2.PNG", "val/whatever/3.jpg", "test/happy/4.jpeg", "5.png"]
    for number, name in enumerate(names):
        file = tmp_path / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        two_colours((30, 30), (number * 20, 0, 0)).save(file, format="PNG" if "ng" in name.lower() else "JPEG")
    write_text(tmp_path / "mine/.cache/hidden.png", "no picture")
    write_text(tmp_path / "mine/notes.txt", "not an image")
    return tmp_path / "mine"


def test_folders_may_name_split_and_label(folder):
    reading = read("image_folder", folder)
    check_people(reading.people)
    people = reading.people.set_index("image_path")
    assert people["split"].to_dict() == {
        "5.png": "all",
        "test/happy/4.jpeg": "test",
        "train/Sad/2.PNG": "train",
        "train/happiness/1.jpg": "train",
        "val/whatever/3.jpg": "val",
    }
    assert people.loc["train/Sad/2.PNG", "emotion"] == "sadness"
    assert people.loc["test/happy/4.jpeg", "emotion"] == "happiness"
    assert people["is_main"].all()
    assert sorted(problems(reading)) == [
        ("ignored", "no picture", "*.txt"),
        ("ignored", "no picture", "hidden"),
        ("unknown", "no folder names a label", "5.png"),
        ("unknown", "no folder names a label", "val/whatever/3.jpg"),
    ]


TABLE = """file,feeling,sex,years,who,x,y,width,height
train/happiness/1.jpg,3,Woman,20-39,a,0,0,10,10
train/happiness/1.jpg,4,Male,4-19,b,0,0,20,20
train/Sad/2.PNG,sad,robot,70+,,,,,
val/whatever/3.jpg,happy,male,,,1,1,0,5
,happy,male,,,,,,
gone.jpg,happy,male,,,,,,
train/happiness/1.jpg,4,male,4-19,b,0,0,20,20
"""
COLUMNS = {"image": "file", "emotion": "feeling", "gender": "sex", "age": "years", "person": "who"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_says_everything_about_each_person(folder, kind):
    write_text(folder / "labels.csv", "\ufeff" + TABLE.replace("\n", "\r\n"))
    if kind == "parquet":
        pd.read_csv(folder / "labels.csv").to_parquet(folder / "labels.parquet")
    reading = read("image_folder", folder, scheme="raf", labels=f"labels.{kind}", columns=COLUMNS)
    check_people(reading.people)
    assert reading.rows == 7
    main = one(reading.people, "train/happiness/1#b")
    assert main["is_main"]
    assert (main["emotion"], main["gender"], main["age"]) == ("happiness", "male", "4-19")
    assert one(reading.people, "train/happiness/1#a")["emotion"] == "disgust"
    assert not one(reading.people, "train/happiness/1#a")["is_main"]
    assert one(reading.people, "train/Sad/2")["emotion"] == "sadness"
    assert pd.isna(one(reading.people, "train/Sad/2")["width"])
    assert problems(reading) == [
        ("unknown", "person without a box", "row 3"),
        ("unknown", "gender outside the scheme", "row 3"),
        ("unknown", "box without an area", "row 4"),
        ("dropped", "row without an image", "row 5"),
        ("unknown", "person without a box", "row 6"),
        ("dropped", "person listed twice", "row 7"),
        ("dropped", "image missing", "row 6"),
    ]


def test_a_study_may_have_concepts_of_its_own(folder):
    write_text(folder / "jobs.csv", "image,job\n5.png,Doctor\ntest/happy/4.jpeg,nurse\n")
    settings = {"labels": "jobs.csv", "concepts": {"job": ["doctor", "nurse"]}}
    people = read("image_folder", folder, **settings).people
    assert people["job"].tolist() == ["doctor", "nurse"]
    assert "emotion" not in people
    for name in ("gender", "image", "label"):
        with pytest.raises(StudyError, match=rf"dataset\.concepts: {name} is the name of an attribute or a column"):
            read("image_folder", folder, concepts={name: ["a"]})
    with pytest.raises(StudyError, match="the labels of job must differ"):
        read("image_folder", folder, concepts={"job": ["a", "A"]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "gone.csv"}, r"gone\.csv is missing: dataset\.labels"),
        ({"labels": "labels.csv"}, r"header: there is no column image \(there is: file, feeling.*dataset\.columns: "),
        ({"labels": "labels.csv", "columns": {"image": "file", "mood": "feeling"}}, "mood is not a known column"),
        ({"labels": "labels.csv", "columns": {"image": "file", "emotion": "mood"}}, "there is no column mood"),
        ({"labels": "notes.parquet"}, "cannot be read as a table"),
        ({"labels": "out.csv"}, r"out\.csv, row 1: '\.\./secret\.png' leads out of the data set's folder"),
    ],
)
def test_wrong_settings_and_tables_are_named(folder, settings, message):
    write_text(folder / "labels.csv", TABLE)
    write_text(folder / "notes.parquet", "not a table")
    write_text(folder / "out.csv", "image\n../secret.png\n")
    with pytest.raises(StudyError, match=message):
        read("image_folder", folder, **settings)


def test_a_table_that_no_setting_names_is_pointed_out(folder):
    write_text(folder / "labels.csv", TABLE)
    sentences = "\n".join(defect_sentences(read("image_folder", folder).defects))
    assert "in labels.csv. To read labels from it, state dataset.labels: labels.csv" in sentences
    with pytest.raises(StudyError, match=r"label\.csv is missing: .* \(there is: labels\.csv\)"):
        read("image_folder", folder, labels="label.csv")


def test_settings_that_a_source_does_not_use_are_refused(folder):
    with pytest.raises(StudyError, match=r"dataset\.labels: source raf_db does not use it"):
        read("raf_db", folder, labels="labels.csv")
    with pytest.raises(StudyError, match=r"dataset\.columns: source none does not use it"):
        read("none", folder, columns={"image": "file"})


def test_digits_are_no_labels_and_two_labels_are_none(folder, tmp_path):
    for name in ("2/digit.png", "happiness/sad/both.png"):
        (folder / name).parent.mkdir(parents=True)
        two_colours((9, 9), (len(name), 9, 9)).save(folder / name)
    reading = read("image_folder", folder)
    assert pd.isna(one(reading.people, "2/digit")["emotion"])
    assert pd.isna(one(reading.people, "happiness/sad/both")["emotion"])
    assert ("unknown", "folders name several labels", "happiness/sad/both.png") in problems(reading)


def test_links_are_followed_once_and_names_that_are_no_text_are_counted(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    two_colours((7, 7)).save(tmp_path / "elsewhere/6.png")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "dir.png").mkdir()
    Path(os.fsdecode(bytes(folder) + b"/ni\xf1o.png")).write_bytes((tmp_path / "elsewhere/6.png").read_bytes())
    reading = read("image_folder", folder)
    assert "linked/6" in set(reading.people["person_id"])
    assert len(reading.people) == 6
    assert [problem for effect, problem, _ in problems(reading) if effect == "dropped"] == ["file name is not UTF-8"]


def test_rows_that_are_not_as_long_as_the_header_are_counted(folder):
    write_text(folder / "labels.csv", 'image,emotion\n\n5.png,happy,1\ntest/happy/4.jpeg,"sad"\n')
    reading = read("image_folder", folder, labels="labels.csv")
    assert problems(reading) == [("dropped", "row has more or fewer cells than the header", "row 1")]
    write_text(folder / "labels.csv", 'image,emotion\n5.png,"happy\n')
    with pytest.raises(StudyError, match=r"labels\.csv, line 2: unexpected end of data"):
        read("image_folder", folder, labels="labels.csv")


def test_an_image_in_two_splits_is_pointed_out(folder):
    write_text(folder / "labels.csv", "image,person,split\n5.png,1,train\n5.png,2,test\n")
    assert problems(read("image_folder", folder, labels="labels.csv")) == [
        ("dropped", "image in several splits", "row 2")
    ]


def test_two_images_of_one_name_are_told_apart(folder):
    two_colours((9, 9)).save(folder / "5.jpg")
    reading = read("image_folder", folder)
    assert ("dropped", "two images of one name", "5.png") in problems(reading)


def test_folders_in_other_words_are_translated_and_several_splits_are_none(folder):
    for name in ("joy/1.png", "joy/sad/2.png", "train/test/neutral/3.png", "hapiness/4.png"):
        (folder / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        two_colours((9, 9), (len(name), 9, 99)).save(folder / "own" / name)
    reading = read("image_folder", folder / "own")
    people = reading.people.set_index("person_id")
    assert people["emotion"].dropna().to_dict() == {
        "joy/1": "happiness",
        "train/test/neutral/3": "neutral",
    }
    assert people["split"].unique().tolist() == ["all"]
    assert problems(reading) == [
        ("unknown", "no folder names a label", "hapiness/4.png"),
        ("translated", "emotion in other words", "joy/1.png"),
        ("unknown", "folders name several labels", "joy/sad/2.png"),
        ("unknown", "folders name several splits", "train/test/neutral/3.png"),
    ]
    assert reading.defects["advice"].iloc[0].startswith("did you mean happiness? Accepted: emotion: surprise")


def test_file_names_with_half_a_character_can_be_stored_as_defects(folder):
    (folder / os.fsdecode(b"ni\xf1o")).mkdir()
    two_colours((9, 9)).save(folder / os.fsdecode(b"ni\xf1o") / "x.png")
    (folder / "5.jpg").write_bytes(b"no picture")
    defects = read("image_folder", folder).defects
    defects.to_parquet(folder / "defects.parquet")
    stored = pd.read_parquet(folder / "defects.parquet")
    assert stored["file"].tolist() == defects["file"].tolist()
