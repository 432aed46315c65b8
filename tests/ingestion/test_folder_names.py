"""Names of files, and the folders that are named after them."""

import re
import unicodedata

import pandas as pd
import pytest
from raw_data import two_colours, write_text
from read_raw import problems, read

from broken_telephone.errors import StudyError
from broken_telephone.ingestion import ChainSettings, sample_chains
from broken_telephone.ingestion.files.folder_names import LONGEST, folder_name, folder_names
from broken_telephone.ingestion.registry import DatasetSettings

NFC, NFD = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))


def picture(file, shade=0):
    file.parent.mkdir(parents=True, exist_ok=True)
    two_colours((20, 20), (shade, 0, 0)).save(file, format="PNG")


def chains_of(folder, **settings):
    stated = {"source": "image_folder", "concepts": {"mood": ["happy"]}, **settings}
    people = read(folder=folder, **stated).people
    chosen = ChainSettings.model_validate({"concept": "mood", "seed": 1})
    return people, sample_chains(people, chosen, DatasetSettings.model_validate(stated).words).chains


@pytest.mark.parametrize("name", ["test_0001", "train_00017_aligned", "img_0012-a", "_", "a" * LONGEST])
def test_plain_names_stay(name):
    assert folder_name(name) == name


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("happy/Zoë Müller #1", "happy-Zoe-Muller-1_"),
        ("Łódź/œuvre straße", "Lodz-oeuvre-strasse_"),
        ("开心/照片01", "01_"),
        ("日本", "picture_"),
        ("-rf", "rf_"),
        ("x" * 300, "x" * LONGEST + "_"),
        ("$(rm) `a`; 'b' \"c\" & d|e>f", "rm-a-b-c-d-e-f_"),
        ("", "picture_"),
        ("IMG_0012-a", "IMG_0012-a_"),
    ],
)
def test_other_names_are_readable_safe_and_bounded(name, begins):
    folder = folder_name(name)
    assert re.fullmatch(re.escape(begins) + r"[0-9a-f]{8}", folder)


def test_names_that_differ_stay_apart_where_the_case_of_letters_does_not_count():
    names = ["a", "A", "b", NFC, NFD, NFC.upper(), "日本", "中国", "x y", "x-y", "x" * 200, "x" * 201]
    folders = folder_names(names)
    assert len({folder.casefold() for folder in folders.values()}) == len(names)
    assert folders["b"] == "b"
    # Nothing depends on what else there is, nor on the normal form where it alone sets no two names apart.
    for name in set(names) - {NFD}:
        assert folder_names([name])[name] == folders[name]
    assert folder_names([NFD])[NFD] == folders[NFC]


def test_every_picture_has_a_chain_whatever_its_name(tmp_path):
    names = ["日本.png", "中国.png", "a b.png", "A B.png", "a\\b.png", "#1 [x]%20?.png", "-rf.png", f"{'é' * 100}.png"]
    for number, name in enumerate(names):
        picture(tmp_path / "happy" / name, number * 20)
    people, chains = chains_of(tmp_path)
    assert sorted(chains["image_path"]) == sorted(f"happy/{name}" for name in names)
    assert chains["chain_id"].str.casefold().is_unique
    assert chains["chain_id"].str.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,120}").all()
    assert set(people["image_id"]) == {f"happy/{name}".removesuffix(".png") for name in names}


@pytest.mark.parametrize(("on_disk", "stated"), [(NFC, NFD), (NFD, NFC), (f"{NFD}X", f"{NFC}x"), ("straße", "STRASSE")])
def test_a_table_finds_files_by_any_spelling(tmp_path, on_disk, stated):
    picture(tmp_path / f"Folder {on_disk}" / f"{on_disk}.png")
    write_text(tmp_path / "labels.csv", f"image,mood\nfolder {stated}/{stated}.PNG,happy\n")
    people, chains = chains_of(tmp_path, labels="LABELS.csv")
    assert people["image_path"].tolist() == [f"Folder {on_disk}/{on_disk}.png"]
    assert people["image_id"].tolist() == [unicodedata.normalize("NFC", f"Folder {on_disk}/{on_disk}")]
    assert len(chains) == 1


def test_a_picture_is_one_however_tables_spell_it(tmp_path):
    picture(tmp_path / f"{NFC}.png")
    write_text(tmp_path / "labels.csv", f"image,mood\n{NFC}.png,happy\n{NFD}.png,happy\n{NFC.upper()}.png,happy\n")
    reading = read("image_folder", tmp_path, labels="labels.csv", concepts={"mood": ["happy"]})
    assert len(reading.people) == 1
    assert problems(reading) == [("dropped", "person listed twice", f"row {row}") for row in (2, 3)]


def test_files_whose_names_differ_only_in_spelling_are_several(tmp_path):
    for number, name in enumerate([NFC, NFD, NFC.upper()]):
        picture(tmp_path / "happy" / f"{name}.png", number * 60)
    if len(list((tmp_path / "happy").iterdir())) < 3:
        pytest.skip("this file system takes the names for one")
    people, chains = chains_of(tmp_path)
    assert len(people) == people["image_id"].nunique() == 3
    assert chains["chain_id"].str.casefold().is_unique
    write_text(tmp_path / "labels.csv", f"image,mood\nhappy/{NFD}.png,happy\nhappy/{NFC.upper()}.png,happy\n")
    assert set(chains_of(tmp_path, labels="labels.csv")[0]["image_path"]) == {
        f"happy/{NFD}.png",
        f"happy/{NFC.upper()}.png",
    }


def test_identity_survives_another_normal_form(tmp_path):
    """As when an archive is unpacked on another system."""
    ids = []
    for form in (NFC, NFD):
        picture(tmp_path / form / "happy" / f"{form}.png")
        people, chains = chains_of(tmp_path / form)
        ids.append((people["person_id"].tolist(), chains[["chain_id", "seed"]].to_numpy().tolist()))
    assert ids[0] == ids[1]


def test_a_backslash_is_part_of_a_name_where_a_file_has_it_and_separates_folders_elsewhere(tmp_path):
    picture(tmp_path / "a\\b.png")
    picture(tmp_path / "c/d.png", 90)
    write_text(tmp_path / "labels.csv", "image,mood\na\\b.png,happy\nc\\d.png,happy\n")
    people, _ = chains_of(tmp_path, labels="labels.csv")
    assert sorted(people["image_path"]) == ["a\\b.png", "c/d.png"]


def test_absolute_paths_are_taken_inside_the_data_set_and_refused_by_name_elsewhere(tmp_path):
    folder = tmp_path / "real"
    picture(folder / "a/1.png")
    picture(folder / "a/2.png", 90)
    picture(tmp_path / "3.png")
    (tmp_path / "link").symlink_to(folder)
    write_text(folder / "labels.csv", f"image,mood\n{folder}/a/1.png,happy\n{tmp_path}/link/a/2.png,happy\n")
    for root in (folder, tmp_path / "link"):
        for labels in ("labels.csv", str(folder / "labels.csv")):
            people, _ = chains_of(root, labels=labels)
            assert people["image_path"].tolist() == ["a/1.png", "a/2.png"]
    for path in (tmp_path / "3.png", f"{folder}/../3.png", "/etc/passwd"):
        write_text(folder / "labels.csv", f"image,mood\n{path},happy\n")
        with pytest.raises(StudyError, match=rf"labels\.csv, row 1: '{path}' leads out of the data set's folder"):
            chains_of(folder, labels="labels.csv")


def test_a_broken_picture_is_listed_under_its_own_name(tmp_path):
    picture(tmp_path / "happy/1.png")
    write_text(tmp_path / "x[/sad]/broken.jpg", "no picture")
    reading = read("image_folder", tmp_path, concepts={"mood": ["happy"]})
    row = reading.defects[reading.defects["problem"] == "image unreadable"]
    assert row["file"].tolist() == ["x[/sad]/broken.jpg"]
    assert len(reading.people) == 1


def test_a_path_that_is_too_long_is_a_missing_picture(tmp_path):
    picture(tmp_path / "1.png")
    rows = [f"{'d' * 300}/1.png", "d/" * 3000 + "1.png", "e" * 300, "1.png"]
    write_text(tmp_path / "labels.csv", "image,mood\n" + "".join(f"{row},happy\n" for row in rows))
    reading = read("image_folder", tmp_path, labels="labels.csv", concepts={"mood": ["happy"]})
    assert reading.people["image_path"].tolist() == ["1.png"]
    assert pd.Series(reading.defects["row"]).tolist() == ["row 1", "row 2", "row 3"]
