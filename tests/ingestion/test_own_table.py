"""Tables as people save them: what is read, what is refused and with which words."""

import datetime
from decimal import Decimal

import pandas as pd
import pytest
from raw_data import two_colours
from read_raw import one, problems, read

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import defect_sentences
from broken_telephone.pipelines.ingestion.nodes import read_raw

F = "image,gender\na.png,F\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine").mkdir()
    for number, name in enumerate("abc"):
        two_colours((40, 40), (number, 0, 0)).save(tmp_path / f"mine/{name}.png")
    return tmp_path / "mine"


def table(folder, content, name="labels.csv", **settings):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read("image_folder", folder, labels=name, **settings)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + F,
        F.encode("utf-16"),
        F.encode("utf-32"),
        b"\xfe\xff" + F.encode("utf-16-be"),
        F.replace(",", ";"),
        F.replace(",", "\t"),
        F.replace(",", "|"),
        "sep=;\r\n" + F.replace(",", ";"),
        F.replace("\n", ",\n"),
        F.replace("F\n", "F,,\n"),
        F.replace(",", ", "),
        F + ",\n\n , \n",
        "Image,GENDER\na.png,F\n",
        'image,gender,note,note\na.png,F,"two\nlines, ""quoted""",x\n',
    ],
)
def test_a_table_is_read_however_a_program_saved_it(folder, content):
    people = table(folder, content).people
    assert people[["person_id", "gender"]].to_numpy().tolist() == [["a", "female"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,note\na.png,José\n".encode("cp1252"), r"byte 0xe9 in line 2.*Windows-1252.*José.*CSV UTF-8.*python -c"),
        (b"image,note\na.png,\x81\n", "its encoding is unknown. Save it as UTF-8"),
        ("image,note\na.png,é\n".encode() + b"b.png,\xe9\n", "damaged character .*line 3"),
        ("image,note\na.png,é".encode()[:-1], "ends within a character"),
        (F.encode("utf-16-le"), "utf-16-le without a byte-order mark"),
        (F.encode("utf-16-be"), "utf-16-be without a byte-order mark"),
        (F.encode("utf-16")[:-1], "begins like utf-16"),
        (F.encode() + b"\0", "zero bytes"),
        (b"PK\x03\x04rest", r"Excel workbook \(\.xlsx\).*CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0rest", r"Excel workbook \(\.xls\)"),
        (b"PAR1 PAR1", "complete Parquet file"),
        ("image,gender,gender\na.png,F,M\n", "columns 2 and 3 are called gender"),
        ("image,Gender,GENDER\na.png,F,M\n", "columns 2 and 3 are called gender"),
        ("<html>" + ",x" * 100, r"there is no column image \(there is: <html>, .* and 81 more\)"),
        ('image,note\na.png,"x"y"\n', "line 2: .* a quote in it is doubled"),
        ('image,note\na.png,\nb.png,"x\nc.png,\n', r"line 3 \(read to line 4\): unexpected end of data"),
        ("", "is empty: it needs a header with image"),
        ("image,gender\n", "has a header and no rows"),
        ("images,gender\na.png,F\n", r"as in dataset\.columns: \{image: images\}$"),
        ("path,gender\na.png,F\n", r"as in dataset\.columns: \{image: <name in the table>\}$"),
    ],
)
def test_what_is_no_such_table_is_refused_with_what_to_do(folder, content, message):
    with pytest.raises(StudyError, match=message) as raised:
        table(folder, content)
    assert "labels.csv" in str(raised.value)


def test_a_column_that_a_setting_names_wrongly_is_named_with_the_nearest_one(folder):
    with pytest.raises(StudyError, match=r"no column sex .*as in dataset\.columns: \{gender: Sexe\}$"):
        table(folder, "image,Sexe\na.png,F\n", columns={"gender": "sex"})
    with pytest.raises(StudyError, match=r"no column sex .*as in dataset\.columns: \{gender: gendr\}$"):
        table(folder, "image,gendr\na.png,F\n", columns={"gender": "sex"})


def test_images_in_another_folder_are_pointed_out(folder):
    (folder / "images").mkdir()
    (folder / "a.png").rename(folder / "images/a.png")
    with pytest.raises(StudyError, match=r"a\.png, row 1: image missing\. Paths .* data_root; there is images/a\.png$"):
        table(folder, "image,gender\na.png,F\n")


def test_a_few_defective_rows_are_named(folder):
    reading = table(folder, "image,gender\na.png,femal\nb.png,F\nc.png\ngone.png,F\n")
    sentences = "\n".join(defect_sentences(reading.defects))
    assert "in labels.csv: 'femal' (row 1), did you mean female?" in sentences
    assert "1 x row has more or fewer cells than the header: left out, in labels.csv (row 3)." in sentences
    assert "1 x image missing: left out, in gone.png (row 4)" in sentences


def test_the_command_that_a_message_gives_converts_the_table(folder, monkeypatch):
    text = "image,gender\na.png,woman\n# José\n"
    with pytest.raises(StudyError) as raised:
        table(folder, text.encode("cp1252"))
    exec(str(raised.value).split('python -c "')[1].split('"')[0])
    assert (folder / "labels.csv").read_text(encoding="utf-8") == text


def test_a_folder_as_table_is_named(folder):
    (folder / "tables").mkdir()
    with pytest.raises(StudyError, match=r"tables is a folder: dataset\.labels"):
        read("image_folder", folder, labels="tables")


def test_translations_and_their_rows_are_listed_and_told_once(folder):
    reading = table(folder, "image,age,gender\n" + "a.png,36,F\n" + "b.png,36,femal\nc.png,20-39,-\n")
    assert reading.people["age"].tolist()[:2] == ["middle-aged"] * 2
    assert problems(reading) == [
        ("translated", "age in other words", "row 1"),
        ("translated", "gender in other words", "row 1"),
        ("translated", "age in other words", "row 2"),
        ("unknown", "gender outside the scheme", "row 2"),
        ("unknown", "age that is no single category", "row 3"),
        ("unknown", "gender marked as missing", "row 3"),
    ]
    sentences = list(defect_sentences(reading.defects))
    assert sentences[0] == (
        "2 x age in other words: translated, in labels.csv: '36' (rows 1, 2), read as middle-aged "
        "(dataset_defects lists each)"
    )
    assert (
        sum("'femal' (row 2), did you mean female? Accepted: male, female" in sentence for sentence in sentences) == 1
    )
    assert "young adult (18 to 34), middle-aged (35 to 59)" in reading.defects["advice"].iloc[4]


def test_a_value_with_one_meaning_is_no_warning_and_a_doubtful_one_is(folder, caplog):
    reading = table(folder, "image,age,gender\na.png,36,F\nb.png,36,F\nc.png,20-39,femal\n")
    with caplog.at_level("INFO", "broken_telephone"):
        read_raw(reading, {})
    levels = {record.getMessage().split(":")[0]: record.levelname for record in caplog.records}
    assert levels["2 x gender in other words"] == levels["2 x age in other words"] == "INFO"
    assert levels["1 x gender outside the scheme"] == levels["1 x age that is no single category"] == "WARNING"
    assert len(caplog.records) == len(levels)


def test_thousands_of_rows_with_one_problem_are_one_short_sentence(folder):
    rows = "".join(f"{number}.png,w{number}\n" for number in range(2000))
    reading = table(folder, f"image,gender\na.png,F\n{rows}")
    assert (reading.defects["problem"] == "gender outside the scheme").sum() == 2000
    sentences = list(defect_sentences(reading.defects))
    assert len(sentences) == 3
    assert max(map(len, sentences)) < 400


def test_numbers_are_codes_or_years_for_a_whole_column(folder):
    codes = table(folder, "image,age\na.png,0\nb.png,4\n", scheme="raf")
    assert codes.people["age"].tolist() == ["0-3", "70+"]
    assert problems(codes) == [("kept", "age in numbers: read as codes", "column age")]
    years = table(folder, "image,age\na.png,4\nb.png,80\nc.png,36.0\n", scheme="raf")
    assert years.people["age"].tolist() == ["4-19", "70+", "20-39"]
    with pytest.raises(StudyError, match=r"column years \(dataset\.columns\.age, scheme RAF\): 2 cells hold codes"):
        table(folder, "image,years\na.png,0\nb.png,1\nc.png,36\n", scheme="raf", columns={"age": "years"})


def test_decimal_commas_are_read_and_thousands_are_not_guessed(folder):
    reading = table(folder, "image;x;y;width;height\na.png;1,5;2;10,25;12,125\n")
    assert one(reading.people, "a")[["x", "y", "width", "height"]].tolist() == [1.5, 2, 10.25, 12.125]
    assert problems(reading) == [("translated", "box with decimal commas", "row 1")]
    reading = table(folder, 'image,x,y,width,height\na.png,"1,234",2,"10,5",10\nb.png,0.1,0.1,0.5,0.5\n')
    assert reading.people["width"].isna().tolist() == [True, True]
    assert problems(reading) == [
        ("unknown", "box is not [x, y, width, height]", "row 1"),
        ("unknown", "box smaller than a pixel", "row 2"),
    ]
    mixed = table(folder, "image;x;y;width;height\na.png;1.234;2;10,5;10\n")
    assert problems(mixed) == [("unknown", "box is not [x, y, width, height]", "row 1")]
    assert "1,234 has two meanings" in reading.defects["advice"].iloc[0]


def test_none_is_a_name_and_a_label_where_it_is_meant_so(folder):
    content = "image,person,mood,split\na.png,None,none,NA\nb.png,NA,-,test\n"
    reading = table(folder, content, concepts={"mood": ["none", "some"]})
    assert reading.people["person_id"].tolist() == ["a#None", "b#NA"]
    assert reading.people["split"].tolist() == ["all", "test"]
    assert reading.people["mood"].tolist()[0] == "none"
    assert problems(reading) == [
        ("unknown", "split marked as missing", "row 1"),
        ("unknown", "mood marked as missing", "row 2"),
    ]


def test_rows_that_disagree_on_one_person_name_both_and_leave_the_value_unknown(folder):
    rows = "a.png,1,F,adult,1,1,3,3\na.png,1,M,adult,1,1,5,5\na.png,1,F,adult,,,,\n"
    reading = table(folder, "image,person,gender,age,x,y,width,height\n" + rows.replace("F", "female"))
    person = one(reading.people, "a#1")
    assert person[["gender", "width"]].isna().all()
    assert person["age"] == "middle-aged"
    disputed = reading.defects[reading.defects["problem"].str.startswith("rows of one person")]
    assert disputed["row"].tolist() == ["row 1 and row 2"] * 2
    assert disputed["value"].iloc[0] == repr("female in row 1 / male in row 2")


def test_people_without_a_name_beside_named_ones_are_numbered(folder):
    rows = "a.png,,1,1,3,3\na.png,,9,9,5,5\na.png,x,20,20,2,2\n"
    people = table(folder, "image,person,x,y,width,height\n" + rows).people
    assert people["person_id"].tolist() == ["a", "a#2", "a#x"]


def test_columns_that_are_not_read_are_named(folder):
    reading = table(folder, "image,sex,race\na.png,F,white\n")
    assert problems(reading) == [("kept", "columns that are not read", "header")]
    assert reading.defects["value"].iloc[0] == "'sex, race'"
    assert "gender" in reading.defects["advice"].iloc[0]


def test_parquet_columns_of_any_kind_are_read_or_listed(folder):
    frame = pd.DataFrame(
        {
            "image": [b"a.png", b"b.png", b"c.png"],
            "gender": pd.Categorical(["F", None, "M"]),
            "age": pd.array([36, None, 7], dtype="Int64"),
            "emotion": [["happy", "sad"], None, ["sad", "x"]],
            "x": [1.0, 2.0, float("nan")],
            "y": [1, 2, 3],
            "width": [True, False, True],
            "height": [Decimal("3.5"), Decimal("4"), None],
            "skin_tone": [datetime.datetime(2024, 4, 19), None, None],
        }
    )
    frame.to_parquet(folder / "labels.table")
    reading = read("image_folder", folder, labels="labels.table")
    assert reading.people["gender"].tolist()[::2] == ["female", "male"]
    assert reading.people["age"].tolist()[::2] == ["middle-aged", "child or teenager"]
    assert reading.people[["width", "emotion", "skin_tone"]].isna().all(axis=None)
    assert [problem for _, problem, _ in problems(reading) if "other words" not in problem] == [
        "box is not [x, y, width, height]",
        "emotion that is no single category",
        "skin_tone outside the scheme",
        "box is not [x, y, width, height]",
        "box is not [x, y, width, height]",
        "emotion outside the scheme",
    ]


def test_an_index_of_a_parquet_table_is_a_column_and_a_picture_is_no_path(folder):
    pd.DataFrame({"image": ["a.png"], "gender": ["F"]}).set_index("image").to_parquet(folder / "a.parquet")
    assert read("image_folder", folder, labels="a.parquet").people["gender"].tolist() == ["female"]
    pd.DataFrame({"image": [{"path": "a.png"}]}).to_parquet(folder / "b.parquet")
    with pytest.raises(StudyError, match="row 1: image is not a path"):
        read("image_folder", folder, labels="b.parquet")


def test_accents_stored_otherwise_are_the_same_name(folder):
    (folder / "a.png").rename(folder / "jose\u0301.png")
    assert len(table(folder, "image\njosé.png\n").people) == 1
