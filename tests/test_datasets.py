import base64
import io
import json

import pytest
from kedro.io import DatasetError
from PIL import Image

from broken_telephone.datasets import (
    ImageDataset,
    ImageFolderDataset,
    ImagePartitionsDataset,
    JSONDataset,
    ModelDataset,
    RecordPartitionsDataset,
    SealedJSONDataset,
)
from broken_telephone.datasets import whole as writing
from broken_telephone.errors import StudyError

RED = Image.new("RGB", (3, 2), (200, 0, 0))


@pytest.fixture
def images(tmp_path):
    return ImagePartitionsDataset(path=str(tmp_path / "images"))


def test_a_missing_folder_is_an_empty_one(images, tmp_path):
    assert dict(images.load()) == {}
    (tmp_path / "images").mkdir()
    assert len(images.load()) == 0


def test_pictures_come_back_as_they_were_and_a_view_sees_later_ones(images):
    view = images.load()
    images.save({"a/1": RED})
    images.save({"a/2": RED})
    assert list(view) == ["a/1", "a/2"]
    assert "a/1" in view
    assert "a/3" not in view
    assert view["a/2"]().tobytes() == RED.tobytes()


def test_an_interrupted_write_leaves_what_was_there(images, tmp_path, monkeypatch):
    images.save({"a/1": RED})

    def fail(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        images.save({"a/1": Image.new("RGB", (9, 9)), "a/2": RED})
    assert list(images.load()) == ["a/1"]
    assert images.read("a/1").size == RED.size
    assert [file.name for file in (tmp_path / "images/a").iterdir()] == ["1.png"]


def test_leftovers_of_a_killed_run_are_not_listed(images, tmp_path):
    images.save({"a/1": RED})
    (tmp_path / "images/a/.2.png.0123").write_bytes(b"half")
    (tmp_path / "images/.gitkeep").touch()
    assert list(images.load()) == ["a/1"]


def test_broken_and_missing_files_are_named(images, tmp_path):
    images.save({"a/1": RED})
    file = tmp_path / "images/a/1.png"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(StudyError, match=r"a/1\.png is no picture that opens"):
        images.load()["a/1"]()
    with pytest.raises(StudyError, match=r"a/2\.png does not exist"):
        images.load()["a/2"]()


def test_raw_pictures_are_rgb_and_never_written(tmp_path):
    Image.new("L", (4, 4), 7).save(tmp_path / "grey.jpg")
    (tmp_path / "note.txt").write_text("no picture")
    folder = ImageFolderDataset(path=str(tmp_path))
    assert folder.load()["grey.jpg"]().mode == "RGB"
    with pytest.raises(DatasetError, match="only read, never written"):
        folder.save({"x": RED})
    assert shown(folder.preview()).size[1] < 200


def shown(preview: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(preview)))


def test_previews_are_pictures(images, tmp_path):
    empty = shown(images.preview()).size
    images.save({f"a/{k}": RED for k in range(30)})
    assert shown(images.preview()).width > 1000 > empty[0]
    sheet = ImageDataset(filepath=str(tmp_path / "deep/sheet.png"))
    sheet.save(RED)
    assert shown(sheet.preview()).size == RED.size
    assert sheet.load().tobytes() == RED.tobytes()


def test_records(tmp_path):
    records = RecordPartitionsDataset(path=str(tmp_path / "texts"))
    record = {"text": "a “quoted” person 🙂", "tokens": None}
    records.save({"a/1": record})
    assert records.load()["a/1"]() == record
    (tmp_path / "texts/a/1.json").write_text("{")
    with pytest.raises(StudyError, match=r"1\.json is not a record.*Delete it"):
        records.load()["a/1"]()
    with pytest.raises(StudyError, match="does not exist"):
        records.load()["b/1"]()


def test_a_single_record(tmp_path):
    file = JSONDataset(filepath=str(tmp_path / "deep/record.json"))
    file.save({"a": 1})
    assert file.load() == {"a": 1}
    assert json.loads(file.preview()) == {"a": 1}


def test_a_seal_lets_the_same_settings_pass_and_names_every_other(tmp_path):
    sealed = SealedJSONDataset(
        filepath=str(tmp_path / "study/settings.json"), results=[str(tmp_path / "study/loop_images")]
    )
    settings = {"generator": {"steps": 12, "call": {}}, "chains": {"seed": 1}, "loop": {"prompt": "a"}}
    sealed.save({"generator": {"steps": 3}})
    sealed.save(settings)  # nothing was made yet
    (tmp_path / "study/loop_images/a").mkdir(parents=True)
    (tmp_path / "study/loop_images/a/1.png").write_bytes(b"a picture")
    sealed.save(settings)
    changed = {"generator": {"steps": 8, "call": {"x": 1}}, "chains": {"seed": 1}, "loop": {}}
    with pytest.raises(DatasetError) as raised:
        sealed.save(changed)
    message = str(raised.value.__cause__)
    assert isinstance(raised.value.__cause__, StudyError)
    assert "generator.steps: 12 then, 8 now" in message
    assert "generator.call.x: '(not set)' then, 1 now" in message
    assert "loop.prompt: 'a' then, '(not set)' now" in message
    assert "chains.seed" not in message
    assert str(tmp_path / "study") in message
    assert sealed.load() == settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "x", "max_new_tokens": 0}, "describer: 'max_new_tokens'.*greater than or equal to 1"),
        ({"path": "x", "tokens": 4}, "'tokens' is not a setting here"),
        ({"path": "x", "hub": "y"}, "give either path"),
        ({}, "give either path"),
        ({"path": "x", "revision": "main"}, "a revision belongs to a hub id"),
        ({"path": "x", "dtype": "int8"}, "'dtype'"),
    ],
)
def test_wrong_model_settings_are_refused_in_words(settings, message):
    with pytest.raises(StudyError, match=message):
        ModelDataset(kind="describer", settings=settings)
