import json

import pandas as pd
import pytest
from raw_data import two_colours, write_text
from read_raw import one, problems, read

from broken_telephone.errors import StudyError
from broken_telephone.tables import check_people

HEADER = "id,skin,ratio,bb_skin,bb_gender,split\n"


@pytest.fixture
def coco(tmp_path):
    folder = tmp_path / "coco"
    (folder / "val2014").mkdir(parents=True)
    for number in (42, 73):
        two_colours((20, 10), (number, 0, 0)).save(folder / f"val2014/COCO_val2014_{number:012}.jpg")
    write_text(folder / "images_val2014.csv", HEADER + "42,Light,0.1,Light,Female,val\n73,Dark,0.2,Dark,Both,val\n")
    captions = [
        {"image_id": 42, "id": 1, "caption": " A woman\n rides. "},
        {"image_id": 42, "id": 2, "caption": "Someone on a horse."},
        {"image_id": 7, "id": 3, "caption": "Nobody here."},
    ]
    write_text(folder / "annotations/captions_val2014.json", json.dumps({"annotations": captions}))
    return folder


def test_captions_and_annotations_are_joined(coco):
    reading = read("coco", coco)
    check_people(reading.people)
    woman = one(reading.people, "COCO_val2014_000000000042")
    assert (woman["gender"], woman["skin_tone"], woman["person"], woman["is_main"]) == (
        "female",
        "lighter",
        "person",
        True,
    )
    assert one(reading.people, "COCO_val2014_000000000073")["gender"] == "unsure"
    assert reading.captions["caption"].tolist() == ["A woman rides.", "Someone on a horse."]
    assert problems(reading) == []
    write_text(coco / "images_val2014.csv", "ID;bb_gender;bb_skin\n42.0;Female;Light\n")
    assert read("coco", coco).people["person_id"].tolist() == ["COCO_val2014_000000000042"]


def test_defects_are_counted(coco):
    rows = "42,,,Light,Female,val\nx,,,Light,Male,val\n42,,,Light,Male,val\n73,,,Green,,val\n99,,,Dark,Male,val\n"
    write_text(coco / "images_val2014.csv", HEADER + rows)
    content = {"annotations": [{"image_id": 42, "caption": " "}, 3, {"image_id": True, "caption": "x"}]}
    write_text(coco / "annotations/captions_val2014.json", json.dumps(content))
    reading = read("coco", coco)
    assert problems(reading) == [
        ("dropped", "id is not a number", "row 2"),
        ("unknown", "skin_tone outside the scheme", "row 4"),
        *(("kept", "caption without an image or a text", f"annotation {k}") for k in range(3)),
        ("unknown", "rows of one person differ in gender", "row 1 and row 3"),
        ("dropped", "person listed twice", "row 3"),
        ("dropped", "image missing", "row 5"),
    ]
    assert pd.isna(one(reading.people, "COCO_val2014_000000000073")["gender"])
    assert pd.isna(one(reading.people, "COCO_val2014_000000000042")["gender"])


def test_missing_files_and_columns_are_named(coco):
    write_text(coco / "images_val2014.csv", "id,skin\n")
    with pytest.raises(StudyError, match="header: there is no column bb_gender, bb_skin"):
        read("coco", coco)
    (coco / "images_val2014.csv").unlink()
    with pytest.raises(StudyError, match=r"images_val2014\.csv is neither in"):
        read("coco", coco)


def test_a_caption_with_half_a_character_is_listed(coco):
    content = {"annotations": [{"image_id": 42, "caption": "\ud83d"}]}
    write_text(coco / "annotations/captions_val2014.json", json.dumps(content))
    reading = read("coco", coco)
    assert problems(reading) == [("kept", "caption without an image or a text", "annotation 0")]
    assert not len(reading.captions)
