import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from broken_telephone.ingestion import DatasetSettings, read_dataset
from broken_telephone.miniature.world.people import World
from broken_telephone.miniature.world.raw_portraits import write_portraits
from broken_telephone.miniature.world.raw_scenes import write_scenes

AGES = {"baby": "0-3", "child": "4-19", "young": "20-39", "adult": "40-69", "senior": "70+"}


def _people(source, folder):
    reading = read_dataset(DatasetSettings(source=source), folder)
    assert not len(reading.defects)
    return reading.people


@pytest.fixture(scope="module")
def portraits(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("portraits")
    write_portraits(folder, World(), seed=1, train=70, test=14)
    return folder


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    write_scenes(folder, World(), seed=1, train=36, val=18, hard=0.04)
    return folder


def truth(folder: Path, key: list[str]) -> pd.DataFrame:
    people = pd.read_csv(folder / "truth" / "people.csv").set_index(key).sort_index()
    assert len(people) > 0
    return people


def files(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def check_portraits(folder: Path) -> None:
    read, true = _people("raf_db", folder).set_index("image_id").sort_index(), truth(folder, ["image_id"])
    assert list(read.index) == list(true.index)
    for name in ("split", "emotion", "gender", "ethnicity"):
        assert list(read[name].astype(str)) == list(true[name])
    assert list(read["age"].astype(str)) == list(true["age"].map(AGES))
    for path in read["image_path"]:
        assert Image.open(folder / path).size == (64, 64)


def test_portraits_read_back_equal_the_truth(portraits):
    check_portraits(portraits)


def test_portraits_are_balanced(portraits):
    true = truth(portraits, ["image_id"]).query("split == 'train'")
    for name in ("gender", "age", "skin_tone"):
        counts = true.groupby(["emotion", name]).size().unstack()
        assert (counts == 10 / counts.shape[1]).all(axis=None)


def test_landmarks_lie_on_the_face(portraits):
    true = truth(portraits, ["image_id"])
    for image_id, row in true.iterrows():
        lines = (portraits / "Annotation/manual" / f"{image_id}_manu_attri.txt").read_text().splitlines()
        points = np.array([line.split("\t") for line in lines[:5]], float)
        regions = np.asarray(Image.open(portraits / "truth/regions" / f"{image_id}.png"))
        x, y = points[:, 0] - row["face_x"], points[:, 1] - row["face_y"]
        assert ((x > 0) & (x < row["face_width"]) & (y > 0) & (y < row["face_height"])).all()
        assert (regions[points[:, 1].astype(int), points[:, 0].astype(int)] == 2).all()


def check_scenes(folder: Path) -> None:
    read, true = _people("phase", folder), truth(folder, ["image_id", "person"])
    read["person"] = read["person_id"].str.rsplit("_", n=1).str[1]
    read = read.set_index(["image_id", "person"]).sort_index()
    assert list(read.index) == list(true.index)
    assert list(read["split"].astype(str)) == list(true["split"])
    # The reader takes the largest person for the main one.
    assert list(read["is_main"]) == list(true["is_main"])
    for name in ("emotion", "activity", "gender", "skin_tone", "age"):
        said, right = read[name].astype(str), true[name].astype(str).replace({"young": "young adult"})
        wrong = (said != right) & ~said.isin(["disagreement", "unsure"])
        assert wrong.mean() < 0.02
        assert (said != right).mean() < 0.06
    for name in ("x", "y", "width", "height"):
        assert np.allclose(read[name], true[name], atol=2)
    for path in read["image_path"]:
        assert Image.open(folder / path).size == (64, 64)


def test_scenes_read_back_equal_the_truth_but_for_the_voters(scenes):
    check_scenes(scenes)


def test_without_hard_questions_voters_are_right(tmp_path):
    write_scenes(tmp_path, World(), seed=2, train=9, val=9, hard=0)
    read, true = _people("phase", tmp_path), truth(tmp_path, ["image_id", "person"])
    assert sorted(read["activity"].astype(str)) == sorted(true["activity"])
    assert not read["gender"].isin(["unsure", "disagreement"]).any()


def test_votes_and_labels_agree(scenes):
    for split in ("train", "val"):
        votes, labels = (
            json.loads((scenes / f"phase_gcc_{split}_{what}_20221101.json").read_text()) for what in ("all", "regions")
        )
        assert list(votes) == list(labels) != []
        checked = 0
        for image_id, record in labels.items():
            for key in record.keys() - {"caption"}:
                assert record[key]["region"] == votes[image_id][key]["region"]
                for name, word in record[key]["annotations"].items():
                    said = [vote[name] for vote in votes[image_id][key]["annotations"]]
                    assert said.count(word) >= 2 or (word == "disagreement" and len(set(said)) == 3)
                    checked += 1
        assert checked >= len(labels)


@pytest.mark.parametrize("kind", ["portraits", "scenes"])
def test_region_masks_are_the_regions_by_number(kind, request):
    folder = request.getfixturevalue(kind)
    masks = sorted((folder / "truth" / "regions").glob("*.png"))
    assert masks
    assert {mask.stem for mask in masks} == set(pd.read_csv(folder / "truth" / "people.csv")["image_id"])
    for mask in masks:
        picture = Image.open(mask)
        assert picture.mode == "P"
        assert set(np.unique(np.asarray(picture))) == ({0, 1, 2, 3, 4} if kind == "scenes" else {0, 1, 2, 3})


def test_the_same_seed_writes_the_same_files_again(scenes, portraits):
    for folder, write in (
        (portraits, lambda: write_portraits(portraits, World(), seed=1, train=70, test=14)),
        (scenes, lambda: write_scenes(scenes, World(), seed=1, train=36, val=18, hard=0.04)),
    ):
        before = files(folder)
        (folder / "mine.txt").write_text("kept")
        write()
        after = files(folder)
        assert after.pop("mine.txt") == b"kept"
        (folder / "mine.txt").unlink()
        assert after == before


def test_labels_that_cannot_be_equally_frequent_are_refused(tmp_path):
    with pytest.raises(ValueError, match="15 train portraits"):
        write_portraits(tmp_path, World(), seed=1, train=15, test=7)
    with pytest.raises(ValueError, match="10 train scenes"):
        write_scenes(tmp_path, World(), seed=1, train=10, val=9, hard=0)


def test_the_shipped_data_sets_read_back(raw):
    check_portraits(raw / "miniature_portraits")
    check_scenes(raw / "miniature_scenes")


def test_shipped_pictures_never_change(raw):
    """Results of the ready studies belong to these bytes."""
    for folder, expected in (
        ("miniature_portraits/Image", "5775e92aeef8c882"),
        ("miniature_scenes/phase_images", "8b0b7b52f33b01f5"),
    ):
        pictures = sorted(path for path in (raw / folder).rglob("*") if path.is_file())
        content = hashlib.sha256(b"".join(path.read_bytes() for path in pictures))
        assert content.hexdigest()[:16] == expected, folder


def test_the_renderer_draws_the_shipped_scenes_and_their_masks(raw, tmp_path):
    write_scenes(tmp_path, World(), seed=102, train=0, val=180, hard=0.04)
    written = sorted(tmp_path.rglob("*.png"))
    assert len(written) == 2 * 180
    for path in written:
        shipped = Image.open(raw / "miniature_scenes" / path.relative_to(tmp_path))
        assert np.array_equal(np.asarray(Image.open(path)), np.asarray(shipped)), path.name
    sentences = re.split(r"[.:]\s|\n\n|\n *- ", (raw / "miniature_scenes" / "README.md").read_text())
    assert max(len(sentence.split()) for sentence in sentences) <= 30
