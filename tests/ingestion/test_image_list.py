"""YAML lists of images, as the published study's code reads them."""

import pytest
from raw_data import two_colours, write_text
from read_raw import problems, read

from broken_telephone.errors import StudyError

LIST = """
base_dir: {base}
images:
  - {{image_path: a.png, label: 4}}
  - {{image_path: sub/b.png, label: 6}}
  - {{image_path: sub/b.png}}
  - lost
"""


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.png", "sub/b.png")):
        (tmp_path / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        two_colours((8, 8), (number, 9, 9)).save(tmp_path / "faces" / name)
    return tmp_path / "faces"


@pytest.mark.parametrize(("base", "is_here"), [("{folder}", True), ("/home/me/faces", False)])
def test_integer_labels_are_those_of_raf_db(folder, base, is_here):
    write_text(folder.parent / "images.yml", LIST.format(base=base.format(folder=folder)))
    settings = {"scheme": "raf", "labels": str(folder.parent / "images.yml")}
    reading = read("image_folder", folder, **settings)
    labels = dict(zip(reading.people["image_path"], reading.people["emotion"], strict=True))
    assert labels == {"a.png": "happiness", "sub/b.png": "anger"}
    expected = [("dropped", "entry is no record", "entry 4"), ("dropped", "person listed twice", "row 3")]
    away = ("kept", "base_dir is no folder below data_root", "base_dir")
    assert sorted(problems(reading)) == sorted(expected + ([] if is_here else [away]))


def test_the_concept_of_the_labels_is_not_guessed(folder):
    write_text(folder / "images.yml", "images: [{image_path: a.png, label: happy}]")
    with pytest.raises(StudyError, match=r"several concepts \(emotion, activity\)"):
        read("image_folder", folder, labels="images.yml")
    reading = read("image_folder", folder, labels="images.yml", columns={"emotion": "label"})
    assert reading.people["emotion"].to_list() == ["happiness"]


@pytest.mark.parametrize("text", ["images: 3", "[1]", "images: [{"])
def test_other_files_are_refused(folder, text):
    write_text(folder / "images.yml", text)
    with pytest.raises(
        StudyError, match=r"images\.yml( is no list of images|, line 1, column 11 cannot be read as YAML)"
    ):
        read("image_folder", folder, labels="images.yml", scheme="raf")
