import json
import shutil

import pandas as pd
import pytest
from raw_data import person, two_colours, write_text
from read_raw import one, problems, read

from broken_telephone.errors import StudyError
from broken_telephone.tables import check_people

REGIONS = "phase_gcc_val_regions_20221101.json"
VOTES = "phase_gcc_val_all_20221101.json"


def write(phase, records, name=REGIONS):
    """Replace a file's records; every picture exists, 16 x 16 pixels, each of another colour."""
    write_text(phase / name, json.dumps(records))
    for number, image in enumerate(records):
        two_colours((16, 16), (number, 200, 7)).save(phase / f"phase_images/{image.removesuffix('.png')}.png")


def sheet(**changes):
    return {"worker": "w", "age": "adult", "gender": "male", "skintone": "lighter", "emotion": "happiness"} | changes


def test_everyone_is_kept_and_the_largest_is_the_main_person(phase):
    reading = read("phase", phase)
    people = reading.people
    check_people(people)
    assert problems(reading) == []
    assert people.groupby("split", observed=True).size().to_dict() == {"train": 18, "val": 36}
    main = people[people["is_main"]].set_index("image_id").loc["val001"]
    assert main["person_id"] == "val001_person2"
    assert (main["x"], main["y"], main["width"], main["height"]) == (2, 2, 10, 12)
    assert (main["activity"], main["age"], main["ethnicity"]) == ("eating", "young adult", "East Asian")
    assert (phase / main["image_path"]).exists()
    assert set(people.loc[~people["is_main"], "activity"]) == {"disagreement"}
    assert reading.captions.iloc[0].to_dict() == {"image_id": "train000", "caption": "people"}


@pytest.mark.parametrize("place", ["images", "val", "images/val", "."])
def test_pictures_are_found_where_people_put_them(phase, place):
    plain = read("phase", phase).people
    (phase / place).mkdir(exist_ok=True, parents=True)
    for file in list((phase / "phase_images").glob("val*")):
        file.rename(phase / place / file.with_suffix(".PNG").name)
    people = read("phase", phase).people
    assert len(people) == 54
    assert all((phase / path).is_file() for path in people["image_path"])
    pd.testing.assert_frame_equal(people.drop(columns="image_path"), plain.drop(columns="image_path"))


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(phase):
    plain = read("phase", phase).people
    text = json.dumps(json.loads((phase / REGIONS).read_text()), indent=1)
    write_text(phase / REGIONS, "\ufeff" + text.replace("\n", "\r\n"))
    pd.testing.assert_frame_equal(read("phase", phase).people, plain)


BIG, SMALL = [0, 0, 6, 6], [9, 9, 5, 5]


@pytest.mark.parametrize(
    ("boxes", "main", "defects"),
    [
        ([SMALL, BIG], "a_person2", []),
        ([BIG, SMALL], "a_person1", []),
        (
            [[0, 0, 3, 12], BIG],
            "a_person1",
            [("kept", "several largest boxes: the first is the main person", "image a")],
        ),
        ([None], "a_person1", [("unknown", "person without a box", "picture a, person1")]),
        (
            [None, None],
            None,
            [
                ("unknown", "person without a box", "picture a, person1"),
                ("unknown", "person without a box", "picture a, person2"),
                ("kept", "image without a main person: nobody has a box", "image a"),
            ],
        ),
        ([None, SMALL], "a_person2", [("unknown", "person without a box", "picture a, person1")]),
        ([[0, 0, 9, 0], SMALL], "a_person2", [("unknown", "box without an area", "picture a, person1")]),
        ([[0, 0, -9, -9], SMALL], "a_person2", [("unknown", "box without an area", "picture a, person1")]),
        ([[16, 0, 90, 90], SMALL], "a_person2", [("unknown", "box outside the image", "picture a, person1")]),
        ([[8, 8, 90, 90], SMALL], "a_person1", [("kept", "box partly outside the image", "picture a, person1")]),
        ([[0, 0, 16.9, 16], SMALL], "a_person1", []),
        ([[0, 0, "9", 9], SMALL], "a_person2", [("unknown", "box is not [x, y, width, height]", "picture a, person1")]),
        (
            [[0, 0, 10**400, 9], SMALL],
            "a_person2",
            [("unknown", "box is not [x, y, width, height]", "picture a, person1")],
        ),
    ],
)
def test_the_main_person_by_the_area_of_boxes(phase, boxes, main, defects):
    write(phase, {"a": {f"person{k}": person(box) for k, box in enumerate(boxes, start=1)}})
    reading = read("phase", phase)
    mine = reading.people[reading.people["image_id"] == "a"]
    assert len(mine) == len(boxes)
    assert mine.loc[mine["is_main"], "person_id"].tolist() == ([main] if main else [])
    assert problems(reading) == defects


def test_people_are_in_the_order_of_their_numbers(phase):
    write(phase, {"a": {f"person{k}": person([0, 0, 4, 4]) for k in (10, 2, 1)}})
    people = read("phase", phase).people
    assert people.loc[people["image_id"] == "a", "person_id"].tolist() == ["a_person1", "a_person2", "a_person10"]
    assert one(people, "a_person1")["is_main"]


def test_a_box_is_compared_with_the_picture_as_it_is_displayed(phase):
    write(phase, {"a": {"person1": person([0, 20, 16, 10]), "person2": person([0, 0, 9, 9])}})
    turned = two_colours((32, 16))  # stored lying on its side: displayed 16 wide, 32 high
    turned.getexif()[0x0112] = 6
    turned.save(phase / "phase_images/a.png", exif=turned.getexif())
    reading = read("phase", phase)
    assert problems(reading) == []
    assert one(reading.people, "a_person1")["is_main"]


def test_people_of_one_picture_under_two_names_have_one_main_person(phase):
    write(phase, {"a": {"person1": person(SMALL)}, "b": {"person1": person(SMALL)}, "a.png": {"person2": person(BIG)}})
    people = read("phase", phase).people
    check_people(people)
    assert one(people, "a_person2")["is_main"]


def test_a_majority_is_of_the_annotators_not_of_the_known_words(phase):
    sheets = [sheet(), sheet(age="zz", gender=None), sheet(age="yy", gender="female")]
    write(phase, {"a": {"person1": {"region": BIG, "annotations": sheets}}}, VOTES)
    (phase / REGIONS).unlink()
    row = one(read("phase", phase).people, "a_person1")
    assert (row["age"], row["gender"], row["emotion"]) == ("disagreement", "disagreement", "happiness")


def test_all_votes_give_shares_and_disagreement(phase):
    sheets = [sheet(), sheet(emotion="sad", gender="unsure"), sheet(emotion="fear", gender="female", age="young")]
    write(phase, {"a": {"person1": {"region": BIG, "annotations": sheets}}}, VOTES)
    (phase / REGIONS).unlink()
    (phase / "phase_gcc_train_regions_20221101.json").unlink()
    reading = read("phase", phase)
    assert problems(reading) == []
    row = one(reading.people, "a_person1")
    assert (row["age"], row["skin_tone"], row["emotion"], row["gender"]) == (
        "adult",
        "lighter",
        "disagreement",
        "disagreement",
    )
    assert pd.isna(row["activity"])
    votes = reading.votes[reading.votes["variable"] == "age"].set_index("value")
    assert votes["votes"].to_dict() == {"adult": 2, "young adult": 1}
    assert votes["share"].to_dict() == pytest.approx({"adult": 2 / 3, "young adult": 1 / 3})


def test_votes_beside_the_regions_file_are_compared_with_it(phase):
    write(phase, {"a": {"person1": person(BIG, age="young", emotion="happiness", gender="male", skintone="lighter")}})
    write(phase, {"a": {"person1": {"region": BIG, "annotations": [sheet(), sheet(), sheet(age="old")]}}}, VOTES)
    reading = read("phase", phase)
    assert one(reading.people, "a_person1")["age"] == "young adult"
    assert problems(reading) == [
        ("unknown", "age vote outside the scheme", "picture a, person1"),
        ("kept", "age differs from the votes", "picture a, person1"),
    ]


@pytest.mark.parametrize(
    ("records", "defect"),
    [
        ({"a": 1}, ("dropped", "picture without a record", "picture a")),
        ({"a": {"person1": 3}}, ("dropped", "person without a record", "picture a, person1")),
        ({"a": {"person1": {"region": BIG}}}, ("unknown", "person without annotations", "picture a, person1")),
        ({"a": {"person1": person(BIG, age="old")}}, ("unknown", "age outside the scheme", "picture a, person1")),
        ({"train000": {"person1": person(BIG)}}, ("dropped", "image in several splits", "picture train000, person1")),
        ({"a": {}}, ("kept", "picture without people", "picture a")),
        (
            {"a": {"Person2": person(BIG), "person1": person(BIG)}},
            ("dropped", "person whose name is not person and a number", "picture a"),
        ),
    ],
)
def test_what_cannot_be_used_is_counted_with_its_person(phase, records, defect):
    write_text(phase / REGIONS, json.dumps(records))
    two_colours((16, 16)).save(phase / "phase_images/a.png")
    assert problems(read("phase", phase)) == [defect]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1: not JSON"),
        ('{"a": {"person1": 1, "person1": 2}}', "'person1' occurs twice in one record"),
        ('{"a": {"person1": {"region": [' + "9" * 5000 + "]}}}", "cannot be read as JSON"),
        ('{"\\ud800": {}}', "leads out of the data set's folder, or is no path"),
        ("[]", "holds a list, not records by name"),
        ("[" * 100_000, "cannot be read as JSON: maximum recursion"),
        ('{"../a": {}}', "picture: '../a' leads out of the data set's folder"),
        ('{"a/b": {}}', "picture: 'a/b' is a path, not the plain name"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(phase, content, message):
    write_text(phase / REGIONS, content)
    with pytest.raises(StudyError, match=message) as raised:
        read("phase", phase)
    assert str(phase / REGIONS) in str(raised.value)


def test_missing_folders_and_files_say_what_to_do(phase, tmp_path):
    with pytest.raises(StudyError, match=r"nowhere does not exist.*data_root.*PHASE's annotations are given"):
        read("phase", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="has neither phase_gcc_"):
        read("phase", tmp_path / "empty")
    shutil.rmtree(phase / "phase_images")
    with pytest.raises(StudyError, match=r"none of 54 people can be used. First: phase_images/train000.png"):
        read("phase", phase)


def test_what_a_votes_file_holds_besides_votes_is_listed_where_the_regions_file_counts_people(phase):
    write(phase, {"a": {"person1": person(BIG)}})
    write(phase, {"a": {"person1": {"region": BIG, "annotations": [sheet()]}, "Person2": {}}, "b": 3}, VOTES)
    assert [problem for problem in problems(read("phase", phase)) if "differs" not in problem[1]] == [
        ("kept", "person whose name is not person and a number: votes not read", "picture a"),
        ("kept", "picture without a record: votes not read", "picture b"),
    ]


@pytest.mark.parametrize("caption", [3, ["a"], " ", "\ud800"])
def test_a_caption_that_is_no_text_is_listed(phase, caption):
    write(phase, {"a": {"person1": person(BIG), "caption": caption}})
    assert problems(read("phase", phase)) == [("kept", "caption without a text: not read", "picture a")]


def test_an_attribute_that_is_written_twice_with_two_values_is_unknown(phase):
    write(phase, {"a": {"person1": person(BIG, skintone="lighter", skin_tone="darker")}})
    reading = read("phase", phase)
    assert problems(reading) == [("unknown", "skin_tone outside the scheme", "picture a, person1")]
    assert reading.defects["value"].iloc[0] == repr("['lighter', 'darker']")
    write(phase, {"a": {"person1": person(BIG, skintone=None, skin_tone="darker")}})
    assert one(read("phase", phase).people, "a_person1")["skin_tone"] == "darker"


def test_annotations_of_another_name_are_listed_once(phase):
    write(phase, {"a": {f"person{number}": person([0, 0, number, 9], sex="male", mood="x") for number in (1, 2)}})
    reading = read("phase", phase)
    assert problems(reading) == [("kept", "annotations that are not read", "all people")]
    assert reading.defects["value"].iloc[0] == "['mood', 'sex']"
