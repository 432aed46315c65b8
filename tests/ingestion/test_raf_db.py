import shutil

import pandas as pd
import pytest
from PIL import Image
from raw_data import LANDMARKS, write_text
from read_raw import one, problems, read

from broken_telephone.errors import StudyError
from broken_telephone.labels import RAF
from broken_telephone.tables import check_people

LABELS = "EmoLabel/list_patition_label.txt"
MANUAL = "Annotation/manual/test_00002_manu_attri.txt"


def relay(folder, to):
    """The same pictures in the common re-layout, with the official annotations beside them."""
    for line in (folder / LABELS).read_text().splitlines():
        name, code = line.split()
        stem, split = name.removesuffix(".jpg"), name.split("_")[0]
        place = to / "DATASET" / split / code / f"{stem}_aligned.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / f"Image/aligned/{stem}_aligned.jpg", place)
        with (to / f"{split}_labels.csv").open("a") as file:
            if file.tell() == 0:
                file.write("image,label\n")
            file.write(f"{stem}_aligned.jpg,{code}\n")
    shutil.copytree(folder / "Annotation", to / "Annotation")
    return to


def test_the_official_layout_is_read_in_the_words_of_the_scheme(raf):
    reading = read("raf_db", raf)
    check_people(reading.people)
    assert len(reading.people) == 28
    second = one(reading.people, "test_00002")
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
    assert problems(reading) == []


def test_the_common_relayout_gives_the_same_people(raf, tmp_path):
    official = read("raf_db", raf).people.sort_values("person_id", ignore_index=True)
    relaid = read("raf_db", relay(raf, tmp_path / "relaid"))
    check_people(relaid.people)
    assert problems(relaid) == []
    same = relaid.people.sort_values("person_id", ignore_index=True)
    pd.testing.assert_frame_equal(same.drop(columns="image_path"), official.drop(columns="image_path"))
    assert len(same) > 0
    assert all((tmp_path / "relaid" / path).exists() for path in same["image_path"])
    inside = read("raf_db", tmp_path / "relaid/DATASET")  # one folder too deep: no annotations, no label files
    assert inside.people["emotion"].value_counts().to_dict() == official["emotion"].value_counts().to_dict()


def test_where_folder_and_label_file_differ_the_picture_is_left_out(raf, tmp_path):
    folder = relay(raf, tmp_path / "relaid")
    file = folder / "test_labels.csv"
    text = file.read_text().replace("test_00002_aligned.jpg,2", "test_00002_aligned.jpg,3")
    text = text.replace("test_00003_aligned.jpg,3\n", "") + "test_00099_aligned.jpg,1\ntest_00001_aligned.jpg,9\n"
    write_text(file, text)
    reading = read("raf_db", folder)
    assert "test_00002" not in set(reading.people["person_id"])
    assert sorted(problem for _, problem, _ in problems(reading)) == [
        "emotion outside the scheme in a label file: not read",
        "folder and label file disagree",
        "image missing",
        "picture is in no label file",
    ]


def test_a_picture_in_two_folders_is_left_out_and_what_is_not_read_is_said(raf, tmp_path):
    folder = relay(raf, tmp_path / "relaid")
    place = folder / "DATASET/test"
    shutil.copy(place / "1/test_00001_aligned.jpg", place / "3/test_00001_aligned.jpg")
    shutil.copy(place / "2/test_00002_aligned.jpg", place / "2/TEST_00002_ALIGNED.JPG")
    (place / "8").mkdir()
    (folder / "DATASET/validation").mkdir()
    reading = read("raf_db", folder)
    assert problems(reading) == [
        ("kept", "folder of no split: not read", "validation"),
        ("kept", "folder of no emotion: not read", "8"),
        ("dropped", "picture listed twice", "test_00001_aligned.jpg"),
        ("dropped", "picture with two labels", "test_00001_aligned.jpg"),
        ("dropped", "picture listed twice", "test_00002_aligned.jpg"),
    ]
    assert "test_00002" in set(reading.people["person_id"])


def test_files_may_be_written_in_any_way_that_occurs(raf):
    plain = read("raf_db", raf).people
    labels = (raf / LABELS).read_text()
    write_text(raf / LABELS, "\ufeff" + labels.replace(" ", "\t").replace("\n", "\r\n") + "\r\n")
    text = (raf / MANUAL).read_text()
    write_text(raf / MANUAL, "\ufeff" + text.replace("\t", " ").replace("\n", " \r\n"))
    pd.testing.assert_frame_equal(read("raf_db", raf).people, plain)


def test_upper_case_suffixes_and_the_well_spelt_name_work(raf):
    plain = read("raf_db", raf).people
    write_text(raf / LABELS, (raf / LABELS).read_text().replace(".jpg", ".JPG"))
    (raf / LABELS).rename(raf / "EmoLabel/list_partition_label.txt")
    for folder, old, new in (("Image/aligned", ".jpg", ".JPG"), ("Annotation/manual", ".txt", ".TXT")):
        for file in list((raf / folder).iterdir()):
            file.rename(file.with_name(file.name.replace(old, new)))
    people = read("raf_db", raf).people
    assert len(people) > 0
    assert people["image_path"].str.endswith(".JPG").all()
    pd.testing.assert_frame_equal(people.drop(columns="image_path"), plain.drop(columns="image_path"))


def test_people_without_annotations_keep_their_label(raf):
    (raf / MANUAL).unlink()
    reading = read("raf_db", raf)
    person = one(reading.people, "test_00002")
    assert person[list(RAF.attributes)].isna().all()
    assert person["emotion"] == "fear"
    assert problems(reading) == [("unknown", "no manual annotation", "test_00002")]
    shutil.rmtree(raf / "Annotation")
    assert problems(read("raf_db", raf)) == [("unknown", "no manual annotations at all", "the folder")]


FIRST = "train_00001.jpg 1\n"


@pytest.mark.parametrize(
    ("content", "defects"),
    [
        ("test_00001.jpg 8\n", [("unknown", "emotion outside the scheme", "line 2")]),
        ("train_00001.jpg 1\n", [("dropped", "picture listed twice", "line 2")]),
        (
            "train_00002.jpg 1\n\ntrain_00002.jpg 2\n",
            [
                ("dropped", "picture listed twice", "line 4"),
                ("dropped", "picture with two labels", "line 2"),
            ],
        ),
        ("test_00001.jpg\n", [("dropped", "line is not a picture's name and a code", "line 2")]),
        ("other_1.jpg 1\n", [("dropped", "name starts with neither train_ nor test_", "line 2")]),
        (
            "test_99999.jpg 1\n",
            [("unknown", "no manual annotation", "test_99999"), ("dropped", "image missing", "line 2")],
        ),
    ],
)
def test_what_cannot_be_used_is_counted_with_its_line(raf, content, defects):
    write_text(raf / LABELS, FIRST + content)
    reading = read("raf_db", raf)
    unlisted = "image in no line of the label file: not read"
    assert [problem for problem in problems(reading) if problem[1] != unlisted] == defects
    assert sum(problem[1] == unlisted for problem in problems(reading)) >= 26
    assert "train_00001" in set(reading.people["person_id"])


@pytest.mark.parametrize(
    ("content", "defect"),
    [
        (LANDMARKS + "0\n1\n9\n", ("unknown", "age outside the scheme", "line 8")),
        ("0\n1\n2\n", ("unknown", "annotation is not five landmarks and three codes", "3 lines")),
        (LANDMARKS.replace("\t", ""), ("unknown", "annotation is not five landmarks and three codes", "5 lines")),
    ],
)
def test_an_unusable_annotation_leaves_attributes_unknown(raf, content, defect):
    write_text(raf / MANUAL, content)
    reading = read("raf_db", raf)
    assert problems(reading) == [defect]
    assert reading.defects["file"].tolist() == [MANUAL]
    assert one(reading.people, "test_00002")["emotion"] == "fear"


def test_an_annotation_that_is_no_text_leaves_attributes_unknown(raf):
    (raf / MANUAL).write_bytes(b"\xff\x00")
    assert problems(read("raf_db", raf)) == [
        ("unknown", "annotation is not five landmarks and three codes", "the file")
    ]


@pytest.mark.parametrize("name", ["../test_00001.jpg", "/etc/test_1", "a/test_1.jpg", "..\\test_1.jpg", "C:test_1.jpg"])
def test_a_path_that_leads_elsewhere_is_refused(raf, name):
    write_text(raf / LABELS, FIRST + f"{name} 1\n")
    with pytest.raises(StudyError, match="line 2") as raised:
        read("raf_db", raf)
    assert str(raf / LABELS) in str(raised.value)
    assert repr(name) in str(raised.value)


def test_a_folder_without_either_layout_or_without_a_usable_picture_is_refused(raf, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match=r"neither EmoLabel.*nor DATASET"):
        read("raf_db", tmp_path / "empty")
    shutil.rmtree(raf / "Image")
    with pytest.raises(StudyError, match=r"none of 28 people can be used\. First: .*image missing"):
        read("raf_db", raf)


def test_broken_and_identical_pictures_are_reported(raf):
    first, second, third, fourth = sorted((raf / "Image/aligned").iterdir())[:4]
    second.write_bytes(first.read_bytes())
    third.write_bytes(third.read_bytes()[:200])
    fourth.write_text("no picture")
    train = raf / "Image/aligned/train_00009_aligned.jpg"
    train.write_bytes(first.read_bytes())
    reading = read("raf_db", raf)
    assert problems(reading) == [
        ("dropped", "image unreadable", "line 17"),
        ("dropped", "image unreadable", "line 18"),
        ("kept", "identical images in several splits", "Image/aligned/train_00009_aligned.jpg"),
    ]
    assert len(reading.people) == 26
    assert reading.defects["file"].tolist()[0] == "Image/aligned/test_00003_aligned.jpg"
    assert "cannot identify" in reading.defects["value"].tolist()[1]


def test_bytes_after_the_end_of_a_picture_do_not_break_it(raf):
    file = raf / "Image/aligned/test_00001_aligned.jpg"
    file.write_bytes(file.read_bytes() + b"\0" * 40)
    Image.open(file).load()
    assert problems(read("raf_db", raf)) == []


def test_a_second_layout_is_said_to_be_unread(raf):
    shutil.copy(raf / LABELS, raf / "EmoLabel/list_partition_label.txt")
    (raf / "DATASET/train").mkdir(parents=True)
    assert problems(read("raf_db", raf)) == [
        ("kept", "second layout beside list_patition_label.txt: not read", "list_partition_label.txt"),
        ("kept", "second layout beside list_patition_label.txt: not read", "DATASET"),
    ]


def test_pictures_outside_the_folders_of_emotions_and_rows_without_one_are_listed(raf, tmp_path):
    folder = relay(raf, tmp_path / "relaid")
    Image.new("RGB", (9, 9)).save(folder / "DATASET/test/test_00777_aligned.jpg")
    write_text(folder / "test_labels.csv", (folder / "test_labels.csv").read_text() + " ,1\n")
    assert sorted(problems(read("raf_db", folder))) == [
        ("kept", "picture in no folder of an emotion: not read", "test_00777_aligned.jpg"),
        ("kept", "row without an image in a label file: not read", "row 15"),
    ]
