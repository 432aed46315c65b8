"""Annotators whose answers exist already in a CSV file."""

import pytest

from broken_telephone.errors import StudyError
from broken_telephone.models import Labelled, make_annotator

RAF = {
    "ethnicity": ("Caucasian", "African-American", "Asian"),
    "gender": ("male", "female", "unsure"),
    "age": ("0-3", "4-19", "20-39", "40-69", "70+"),
    "emotion": ("happiness", "sadness"),
}

TABLE = """image,chain_id,iteration,gender,age,note
a.jpg,,,male,20-39,fine
,c1,1,Woman,,
,c1,2,unsure,70+,
,gone,1,male,0-3,
"""


def test_a_table_answers_by_picture(tmp_path, caplog):
    file = tmp_path / "answers.csv"
    file.write_text(TABLE)
    genders = {"Woman": "female", "male": "male", "unsure": "unsure"}
    settings = {"table": str(file), "classes": {"gender": genders}}
    with pytest.raises(StudyError, match="has no column 'ethnicity'"):
        make_annotator({**settings, "classes": {"ethnicity": {}}}, "a").variables(RAF)
    table = make_annotator(settings, "a")
    assert table.variables(RAF) == ["gender", "age"]
    assert "unused columns (1): note" in caplog.text
    names = [("0/a.jpg", "a.jpg", "a", "c1/0"), ("c1/1",), ("c1/2",), ("c2/1",)]
    assert table.look_up(names, {"gender": RAF["gender"]}) == [
        {"gender": Labelled("male", "valid")},
        {"gender": Labelled("female", "valid")},
        {"gender": Labelled(None, "unsure")},
        {},
    ]
    assert table.unknown_rows({name for own in names for name in own}) == ["gone/1"]
    before = table.identity()
    file.write_text(TABLE.replace("fine", "bad"))
    assert make_annotator(settings, "a").identity() != before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gender\nmale\n", "needs the column image, or the columns chain_id and iteration"),
        ("image,gender\na.jpg,man\n", r"row 2: 'man' is no category of gender \(male, female"),
        ("image,sex\na.jpg,male\n", "has no column of an attribute that this study asks for"),
        ("image,gender\na.jpg,male\na.jpg,male\n", "rows 2 and 3 are about the same picture, a.jpg"),
        ("image,gender\na.jpg,female,\na.jpg,female,\n", "rows 2 and 3 are about the same picture, a.jpg"),
        ("image,gender\na.jpg,female,male\n", "row 2: the row has more cells than there are columns"),
        ("image,gender, gender\na.jpg,male,female\n", "states the column 'gender' twice"),
        ("chain_id,iteration,gender\nc1,first,male\n", "row 2: names no picture"),
        ("image,chain_id,iteration,gender\na.jpg,,,male\n,c1,0,female\n", "rows about 0/a.jpg differ in gender"),
    ],
)
def test_wrong_tables_name_the_row(tmp_path, content, message):
    file = tmp_path / "answers.csv"
    file.write_text(content)
    table = make_annotator({"table": str(file)}, "a")

    def read():
        table.variables(RAF)
        table.look_up([("0/a.jpg", "a.jpg", "c1/0")], {"gender": RAF["gender"]})

    with pytest.raises(StudyError, match=message):
        read()


def test_a_missing_table_is_named():
    with pytest.raises(StudyError, match=r"a\.table: there is no file nowhere\.csv"):
        make_annotator({"table": "nowhere.csv"}, "a").identity()


def test_commas_at_the_ends_of_rows_and_spaces_in_the_header_do_not_matter(tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text("image, gender \na.jpg,female,\nb.jpg,male,\n")
    table = make_annotator({"table": str(file)}, "a")
    assert table.variables(RAF) == ["gender"]
    assert table.look_up([("b.jpg",), ("a.jpg",)], {"gender": RAF["gender"]}) == [
        {"gender": Labelled("male", "valid")},
        {"gender": Labelled("female", "valid")},
    ]
    assert table.unknown_rows({"a.jpg"}) == ["b.jpg"]
