"""Whatever the files hold: tables in which everything is counted, or an error that names the file."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_data import LANDMARKS, two_colours, write_text
from read_raw import read

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import read_prompts
from broken_telephone.labels import RAF
from broken_telephone.tables import check_people

ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.sampled_from(["train_1.jpg", "test_2.jpg", "TEST_2.JPG", "train_1", "x.jpg", "../a", "", "a/b", "\0"])
CODES = st.sampled_from(["1", "7", "8", "", "happiness", "-1", "1.0"])
WORDS = st.one_of(st.sampled_from(["adult", "male", "Sports", "disagreement", "", "lighter"]), st.text(max_size=8))
NUMBERS = st.one_of(st.integers(-5, 40), st.floats(), st.text(max_size=3), st.none(), st.booleans())
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=8,
)


def check(source, folder, file, **changes):
    """Read, and check either outcome; `read` itself checks that every row is counted."""
    try:
        reading = read(source, folder, **changes)
    except StudyError as error:
        told = str(error)
    else:
        check_people(reading.people)
        return
    assert str(file) in told or "can be used" in told


@pytest.fixture
def folder(tmp_path):
    for name in (
        "Image/aligned/train_1_aligned.jpg",
        "Image/aligned/test_2_aligned.jpg",
        "phase_images/a.png",
        "b.png",
    ):
        (tmp_path / "any" / name).parent.mkdir(parents=True, exist_ok=True)
        two_colours((16, 16), (len(name), 0, 0)).save(tmp_path / "any" / name)
    (tmp_path / "any/val2014").mkdir()
    two_colours((16, 16)).save(tmp_path / "any/val2014/COCO_val2014_000000000042.jpg")
    return tmp_path / "any"


LINES = st.lists(st.tuples(NAMES, st.sampled_from([" ", "\t", ""]), CODES).map("".join), max_size=6).map("\n".join)


@ANY
@given(content=st.one_of(st.binary(max_size=60), LINES.map(str.encode)))
def test_raf_labels(folder, content):
    file = folder / "EmoLabel/list_patition_label.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    check("raf_db", folder, file)


@ANY
@given(
    content=st.one_of(
        st.binary(max_size=80), st.lists(CODES, max_size=4).map(lambda c: (LANDMARKS + "\n".join(c)).encode())
    )
)
def test_raf_annotations(folder, content):
    write_text(folder / "EmoLabel/list_patition_label.txt", "train_1.jpg 1\n")
    file = folder / "Annotation/manual/train_1_manu_attri.txt"
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_bytes(content)
    check("raf_db", folder, file)


@ANY
@given(content=st.lists(st.tuples(NAMES, CODES).map(",".join), max_size=5).map("\n".join))
def test_relaid_label_files(folder, content):
    place = folder / "DATASET/train/1"
    place.mkdir(parents=True, exist_ok=True)
    two_colours((4, 4)).save(place / "train_1.jpg")
    write_text(folder / "train_labels.csv", "image,label\n" + content)
    check("raf_db", folder, folder / "train_labels.csv")


PERSON = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {"region": st.one_of(JSON, st.lists(NUMBERS, min_size=4, max_size=4))},
        optional={
            "annotations": st.one_of(
                JSON,
                st.dictionaries(st.sampled_from(["age", "gender", "skintone", "activity"]), WORDS),
                st.lists(st.dictionaries(st.sampled_from(["worker", "age", "gender"]), WORDS), max_size=3),
            )
        },
    ),
)
RECORD = st.one_of(
    JSON, st.dictionaries(st.sampled_from(["person1", "person2", "person02", "caption"]), PERSON, max_size=3)
)
RECORDS = st.one_of(JSON, st.dictionaries(st.sampled_from(["a", "a.png", "b", "../c"]), RECORD, max_size=3))


@ANY
@given(regions=RECORDS, votes=st.one_of(st.none(), RECORDS))
def test_phase(folder, regions, votes):
    for name, records in (("regions", regions), ("all", votes)):
        write_text(folder / f"phase_gcc_val_{name}_20221101.json", json.dumps(records))
    check("phase", folder, "phase_gcc_val")


CELL = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["b.png", "phase_images/a.png", "1", "36", "nan", "1,5", "joy", "20-39", "> 3", "M/F"]),
)


@ANY
@given(
    rows=st.lists(st.lists(CELL, min_size=6, max_size=6), max_size=4),
    raw=st.one_of(st.none(), st.binary(max_size=60)),
    delimiter=st.sampled_from([",", ";", "\t"]),
    scheme=st.sampled_from(["free", "raf", "phase"]),
)
def test_tables_of_image_folders(folder, rows, raw, delimiter, scheme):
    file = folder / "labels.csv"
    header = ["image", "emotion", "person", "width", "age", "gender"]
    write_text(file, "\n".join(delimiter.join(row) for row in [header, *rows]))
    if raw is not None:
        file.write_bytes(raw)
    check("image_folder", folder, file, labels="labels.csv", scheme=scheme)


@ANY
@given(
    ids=st.lists(st.tuples(st.sampled_from(["42", "-1", "x", "", "٤٢"]), WORDS.filter(lambda w: "\n" not in w))),
    captions=st.one_of(JSON, st.fixed_dictionaries({"annotations": JSON})),
)
def test_coco(folder, ids, captions):
    write_text(folder / "images_val2014.csv", "id,bb_skin,bb_gender\n" + "\n".join(f"{i},{w},Male" for i, w in ids))
    write_text(folder / "captions_val2014.json", json.dumps(captions))
    check("coco", folder, "val2014")


@ANY
@given(content=st.one_of(st.binary(max_size=80), JSON.map(lambda value: json.dumps({"prompts": value}).encode())))
def test_prompt_files(tmp_path, content):
    file = tmp_path / "prompts.yml"
    file.write_bytes(content)
    try:
        read_prompts(file, RAF.concepts["emotion"])
    except StudyError as error:
        told = str(error)
    else:
        return
    assert "prompts.yml" in told
