import pandas as pd
import pytest
from PIL import Image
from raw_data import write_text
from reading import one, problems, read

from broken_telephone.errors import StudyError
from broken_telephone.tables import check_people


@pytest.fixture
def folder(tmp_path):
    names = ["train/happiness/1.jpg", "train/Sad/2.PNG", "val/whatever/3.jpg", "test/happy/4.jpeg", "5.png"]
    for number, name in enumerate(names):
        file = tmp_path / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30, 30), (number * 20, 0, 0)).save(file, format="PNG" if "ng" in name.lower() else "JPEG")
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
    assert [problem[:2] for problem in problems(reading)] == [("unknown", "no folder names a label")] * 2


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
    main = one(reading.people, "train/happiness/1_b")
    assert main["is_main"]
    assert (main["emotion"], main["gender"], main["age"]) == ("happiness", "male", "4-19")
    assert one(reading.people, "train/happiness/1_a")["emotion"] == "disgust"
    assert not one(reading.people, "train/happiness/1_a")["is_main"]
    assert one(reading.people, "train/Sad/2")["emotion"] == "sadness"
    assert pd.isna(one(reading.people, "train/Sad/2")["width"])
    assert problems(reading) == [
        ("unknown", "person without a box", "line 4"),
        ("unknown", "gender outside the scheme", "line 4"),
        ("unknown", "box without an area", "line 5"),
        ("dropped", "row without an image", "line 6"),
        ("unknown", "person without a box", "line 7"),
        ("dropped", "person listed twice", "line 8"),
        ("dropped", "image missing", "gone"),
    ]


def test_a_study_may_have_concepts_of_its_own(folder):
    write_text(folder / "jobs.csv", "image,job\n5.png,Doctor\ntest/happy/4.jpeg,nurse\n")
    settings = {"labels": "jobs.csv", "concepts": {"job": ["doctor", "nurse"]}}
    people = read("image_folder", folder, **settings).people
    assert people["job"].tolist() == ["doctor", "nurse"]
    assert "emotion" not in people
    with pytest.raises(StudyError, match=r"dataset\.concepts: gender is an attribute"):
        read("image_folder", folder, concepts={"gender": ["a"]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "gone.csv"}, r"gone\.csv is missing: dataset\.labels"),
        ({"labels": "labels.csv"}, r"labels\.csv has no column image \(it has: file, feeling"),
        ({"labels": "labels.csv", "columns": {"image": "file", "mood": "feeling"}}, "mood is no column of ours"),
        ({"labels": "labels.csv", "columns": {"image": "file", "emotion": "mood"}}, "has no column mood"),
        ({"labels": "notes.parquet"}, "cannot be read as a table"),
        ({"labels": "out.csv"}, r"out\.csv, line 2: '\.\./secret\.png' leads out of the data set's folder"),
    ],
)
def test_wrong_settings_and_tables_are_named(folder, settings, message):
    write_text(folder / "labels.csv", TABLE)
    write_text(folder / "notes.parquet", "not a table")
    write_text(folder / "out.csv", "image\n../secret.png\n")
    with pytest.raises(StudyError, match=message):
        read("image_folder", folder, **settings)


def test_settings_that_a_source_does_not_use_are_refused(folder):
    with pytest.raises(StudyError, match=r"dataset\.labels: source raf_db does not use it"):
        read("raf_db", folder, labels="labels.csv")
    with pytest.raises(StudyError, match=r"dataset\.columns: source none does not use it"):
        read("none", folder, columns={"image": "file"})


def test_two_images_of_one_name_are_told_apart(folder):
    Image.new("RGB", (9, 9)).save(folder / "5.jpg")
    reading = read("image_folder", folder)
    assert ("dropped", "two images of one name", "5.png") in problems(reading)
