import base64
import io
import json
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from kedro.io import DatasetError, Version
from matplotlib.figure import Figure
from PIL import Image
from study_pictures import save

from broken_telephone.datasets import (
    ArrayPartitionsDataset,
    ComparedDataset,
    CSVDataset,
    FiguresDataset,
    ImageDataset,
    ImageFolderDataset,
    ImagePartitionsDataset,
    JSONDataset,
    ModelDataset,
    PagesDataset,
    RatingsDataset,
    RecordPartitionsDataset,
    SealedJSONDataset,
    StoreDataset,
    WholeParquetDataset,
    atomic_write,
)
from broken_telephone.datasets.versioned import JSONDataset as KedroJSONDataset
from broken_telephone.datasets.versioned import (
    MatplotlibDataset,
    ParquetDataset,
    TextDataset,
)
from broken_telephone.errors import StudyError

RED = Image.new("RGB", (3, 2), (200, 0, 0))


class DrawnDataset(MatplotlibDataset):
    """Loads the picture of a figure, which the catalog type only saves."""

    def load(self) -> Image.Image:
        return Image.open(self._get_load_path())


VERSIONED = {
    "parquet": (ParquetDataset, "t.parquet", pd.DataFrame({"a": [1]}), lambda table: table["a"].tolist() == [1]),
    "csv": (CSVDataset, "t.csv", pd.DataFrame({"a": [1]}), lambda table: table["a"].tolist() == [1]),
    "json": (KedroJSONDataset, "r.json", {"a": 1}, lambda record: record == {"a": 1}),
    "text": (TextDataset, "r.html", "a", lambda text: text == "a"),
    "matplotlib": (DrawnDataset, "f.png", Figure(figsize=(2, 1), dpi=100), lambda picture: picture.size == (200, 100)),
    "figures": (FiguresDataset, "figures", {"f": {"png": b"1"}}, lambda files: files == {"f": {"png": b"1"}}),
    "image": (ImageDataset, "s.png", RED, lambda image: image.size == (3, 2)),
}
"""Catalog types with versions: type, file, data, and whether what is loaded is the same."""


@pytest.fixture
def images(tmp_path):
    return ImagePartitionsDataset(path=str(tmp_path / "images"))


def test_a_missing_folder_is_an_empty_one(images, tmp_path):
    assert dict(images.load()) == {}
    (tmp_path / "images").mkdir()
    assert len(images.load()) == 0


def test_pictures_come_back_as_they_were_and_a_view_sees_later_ones(images):
    view = images.load()
    save(images, {"a/1": RED})
    save(images, {"a/2": RED})
    assert list(view) == ["a/1", "a/2"]
    assert "a/1" in view
    assert "a/3" not in view
    assert view["a/2"]().tobytes() == RED.tobytes()


def test_an_interrupted_write_leaves_what_was_there(images, tmp_path, monkeypatch):
    save(images, {"a/1": RED})

    def fail(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_write.Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        save(images, {"a/1": Image.new("RGB", (9, 9)), "a/2": RED})
    assert list(images.load()) == ["a/1"]
    assert images.read("a/1").size == RED.size
    assert [file.name for file in (tmp_path / "images/a").iterdir()] == ["1.png"]


def test_leftovers_of_a_killed_run_are_not_listed(images, tmp_path):
    save(images, {"a/1": RED})
    (tmp_path / "images/a/.2.png.0123").write_bytes(b"half")
    (tmp_path / "images/.gitkeep").touch()
    assert list(images.load()) == ["a/1"]


def test_broken_and_missing_files_are_named(images, tmp_path):
    save(images, {"a/1": RED})
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
    save(images, {f"a/{k}": RED for k in range(30)})
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
    sealed = SealedJSONDataset(filepath=str(tmp_path / "study/settings.json"), results=["loop_images"])
    settings = {"generator": {"steps": 12, "call": {}}, "chains": {"seed": 1}, "loop": {"prompt": "a"}}
    sealed.refuse_others({"generator": {"steps": 3}})  # nothing was made yet
    sealed.save({})
    assert not sealed.exists()
    sealed.save(settings)
    with pytest.raises(StudyError, match=r"generator\.steps: 12 then, 3 now(.|\n)*delete .*settings\.json"):
        sealed.refuse_others({"generator": {"steps": 3, "call": {}}})
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
    assert [file.name for file in (tmp_path / "study").iterdir() if file.is_file()] == ["settings.json"]


def test_settings_that_were_not_checked_in_this_run_are_asked_for(tmp_path):
    seal = {"type": SealedJSONDataset, "filepath": f"{tmp_path}/s.json", "results": [f"{tmp_path}/images"]}
    wanted = ComparedDataset(seal=seal)
    with pytest.raises(DatasetError) as raised:
        wanted.load()
    assert "run the node seal_settings, too" in str(raised.value.__cause__ or raised.value)
    wanted.save({"steps": 3})
    assert wanted.load() == {"steps": 3}


def test_figures_come_back_without_what_a_killed_write_left(tmp_path):
    figures = {"forest": {"png": b"p", "svg": b"s"}, "shares_age": {"pdf": b"d"}}
    there = FiguresDataset(filepath=str(tmp_path / "figures"))
    there.save(figures)
    (tmp_path / "figures" / ".forest.png.0123").write_bytes(b"half")
    assert there.load() == figures


@pytest.mark.parametrize("links", [True, False])
def test_of_several_that_seal_at_once_one_succeeds(links, tmp_path, monkeypatch):
    if not links:  # as on exFAT
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links here")))
    folder = tmp_path / "study"
    seals = [SealedJSONDataset(filepath=f"{folder}/s.json", results=["images"]) for _ in range(8)]
    begin, refused = threading.Barrier(8), {}

    def seal(number: int) -> None:
        begin.wait()
        try:
            seals[number].save({"steps": number})
        except DatasetError as error:
            refused[number] = str(error.__cause__)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(seal, range(8)))
    assert len(refused) == 7
    if links:
        assert all("steps: " in message for message in refused.values())
    else:  # the file may be seen before it is written
        assert all(re.search(r"steps: |s\.json is not a record", message) for message in refused.values())
    assert seals[0].load()["steps"] not in refused
    assert [file.name for file in folder.iterdir()] == ["s.json"]


def old_file_system(self, path, value):
    self.store[path] = MemoryFile(self, path, value)


def store_that_another_was_faster_at(self, path, value, mode):
    self.store[path] = MemoryFile(self, path, b'{"steps": 1}')
    raise OSError("412: at least one of the preconditions did not hold")


@pytest.mark.parametrize("pipe_file", [None, old_file_system, store_that_another_was_faster_at])
def test_a_seal_elsewhere_than_on_disk_is_not_overwritten(pipe_file, monkeypatch, tmp_path):
    if pipe_file is not None:
        monkeypatch.setattr(MemoryFileSystem, "pipe_file", pipe_file)
    folder = f"memory:/{tmp_path}"
    sealed = SealedJSONDataset(filepath=f"{folder}/s.json", results=["images"])
    sealed.save({"steps": 1})
    with pytest.raises(DatasetError, match="steps: 1 then, 2 now"):
        sealed.save({"steps": 2})
    assert sealed.load() == {"steps": 1}


def test_a_seal_that_is_gone_or_broken_beside_results_is_not_made_anew(tmp_path):
    sealed = SealedJSONDataset(filepath=str(tmp_path / "s.json"), results=["images"])
    compared = ComparedDataset(
        seal={
            "type": "broken_telephone.datasets.SealedJSONDataset",
            "filepath": str(tmp_path / "s.json"),
            "results": ["images"],
        }
    )
    compared.save({"steps": 1})
    assert compared.load() == {"steps": 1}
    sealed.save({"steps": 1})
    (tmp_path / "images").mkdir()
    (tmp_path / "images/1.png").write_bytes(b"a picture")
    (tmp_path / "s.json").write_text('{"ste')
    for call in (sealed.load, lambda: sealed.save({"steps": 1}), lambda: compared.save({"steps": 1})):
        with pytest.raises(DatasetError, match=r"s\.json is not a record.*put back a copy"):
            call()
    (tmp_path / "s.json").unlink()
    with pytest.raises(DatasetError, match=r"s\.json is gone.*put back a copy"):
        compared.save({"steps": 1})
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"3", b"\xff"])
def test_a_broken_record_is_named(content, tmp_path):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(DatasetError, match=r"r\.json is not a record.*Delete it") as raised:
        JSONDataset(filepath=str(tmp_path / "r.json")).load()
    assert isinstance(raised.value.__cause__, StudyError)
    with pytest.raises(DatasetError, match=r"q\.json does not exist"):
        JSONDataset(filepath=str(tmp_path / "q.json")).load()


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


ODD = "x [a] #1 *b?/c::d 100% %20/ä {e} 'f' \"g\""


@pytest.mark.parametrize("entry", sorted(VERSIONED))
def test_versions_are_found_in_folders_of_any_name(entry, tmp_path):
    kind, name, data, same = VERSIONED[entry]
    dataset = kind(filepath=str(tmp_path / ODD / name), version=Version(None, None))
    assert not dataset.exists()
    for version in ("2024-01-01T00.00.00.000Z", "2024-01-02T00.00.00.000Z"):
        kind(filepath=str(tmp_path / ODD / name), version=Version(None, version)).save(data)
    assert dataset.exists()
    assert dataset.resolve_load_version() == "2024-01-02T00.00.00.000Z"
    assert same(dataset.load())
    assert dataset.list_versions(full_path=False)[1] == "2024-01-01T00.00.00.000Z"


def test_other_entries_stand_in_folders_of_any_name(tmp_path):
    folder = tmp_path / ODD
    table = WholeParquetDataset(filepath=str(folder / "t #1.parquet"))
    table.save(pd.DataFrame({"a": [1]}))
    assert table.load()["a"].tolist() == [1]
    record = JSONDataset(filepath=str(folder / "r [1].json"))
    record.save({"a": 1})
    assert record.load() == {"a": 1}
    pictures = ImagePartitionsDataset(path=str(folder / "images"))
    save(pictures, {"ä [/b] #?*/1": RED})
    assert list(pictures.load()) == ["ä [/b] #?*/1"]
    assert pictures.read("ä [/b] #?*/1").size == RED.size
    for kind in (RecordPartitionsDataset, ArrayPartitionsDataset):
        records = kind(path=str(folder / kind.__name__))
        records.save({"[a]#": {"text": "b"}})
        assert records.load()["[a]#"]() == {"text": "b"}
    pages = PagesDataset(path=str(folder / "pages"))
    pages.save({"a": "<p>"})
    assert pages.read("a") == "<p>"
    sealed = SealedJSONDataset(filepath=str(folder / "s.json"), results=["images"])
    sealed.save({"a": 1})
    with pytest.raises(StudyError, match="a: 1 then, 2 now"):
        sealed.refuse_others({"a": 2})
    assert {file.relative_to(tmp_path).parts[:3] for file in folder.rglob("*")} == {Path(ODD).parts}


def test_ratings_stand_in_a_folder_of_any_name(tmp_path):
    from broken_telephone.rating.answer_store import AnswerStore

    url = f"sqlite:///{tmp_path}/x [a] #1 *b?/c::d 100%/r.sqlite"
    AnswerStore(url).comment("ada", "rating", "1", "a comment")
    assert (tmp_path / "x [a] #1 *b?/c::d 100%/r.sqlite").is_file()
    assert RatingsDataset(database=url).load()["comment"].tolist() == ["a comment"]


def test_a_store_shows_what_earlier_runs_left(tmp_path):
    table, folder = tmp_path / "ledger.parquet", tmp_path / "images"
    parts = {
        "images": {"type": "broken_telephone.datasets.ImagePartitionsDataset", "path": str(folder)},
        "ledger": {"type": "broken_telephone.datasets.WholeParquetDataset", "filepath": str(table)},
    }
    store = StoreDataset(parts=parts)
    assert not store.exists()
    left = store.load()
    images = left.images
    assert (list(images), left.ledger) == ([], None)
    save(ImagePartitionsDataset(path=str(folder)), {"a/1": RED})
    WholeParquetDataset(filepath=str(table)).save(pd.DataFrame({"a": [1]}))
    # Views are live, files are read when they are asked for.
    assert list(images) == ["a/1"]
    assert left.ledger["a"].tolist() == [1]
    assert store.exists()
    assert store._describe()["images"]["path"] == str(folder)
    with pytest.raises(AttributeError, match="no part 'sessions'"):
        _ = left.sessions
    with pytest.raises(DatasetError, match="only read"):
        store.save(left)


def test_a_store_needs_no_validator_and_says_nothing_about_it(tmp_path, caplog):
    validator = {"class": "broken_telephone.tables.check_chains", "on": ["save"]}
    table = {"type": "broken_telephone.datasets.WholeParquetDataset", "filepath": str(tmp_path / "chains.parquet")}
    WholeParquetDataset(filepath=table["filepath"]).save(pd.DataFrame({"a": [1]}))
    assert StoreDataset(parts={"chains": table | {"validator": validator}}).load().chains["a"].tolist() == [1]
    assert not caplog.records


def test_a_plain_folder_is_never_written(tmp_path):
    with pytest.raises(DatasetError, match="only read, never written"):
        ImageFolderDataset(path=str(tmp_path)).save({"a.png": b""})
    assert not list(tmp_path.iterdir())
