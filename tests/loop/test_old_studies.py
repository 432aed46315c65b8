"""Studies of before `loop.keep`, `loop.neutralise` and `loop.steer` existed: they go on, and later stages read them."""

import json

import pandas as pd
import pytest

NEW_IN_MANIFEST = ("keep", "steering", "drawn_texts", "adopted")
"""Entries of `loop_manifest` that such studies lack."""
PRIMARY = "data/03_primary/miniature"


def make_old(project) -> None:
    """Take everything from the results that these settings brought."""
    folder = project.path / PRIMARY
    seal = json.loads((folder / "loop_settings.json").read_text())
    seal["loop"] = {"describe_prompt": seal["loop"]["describe_prompt"]}
    (folder / "loop_settings.json").write_text(json.dumps(seal))
    record = json.loads((folder / "loop_manifest.json").read_text())
    for name in NEW_IN_MANIFEST:
        del record[name]
    del record["counts"]["stored"]
    record["settings"] = seal
    (folder / "loop_manifest.json").write_text(json.dumps(record))
    table = pd.read_parquet(folder / "loop_descriptions.parquet")
    table.drop(columns="drawn_text").to_parquet(folder / "loop_descriptions.parquet", index=False)
    (folder / "loop_steering.parquet").unlink()


@pytest.fixture
def old(project):
    """A finished study with embeddings, without anything that these settings brought."""
    project.run("loop")
    project.run("similarity")
    make_old(project)
    return project


def contents(project, *folders: str) -> dict[str, bytes]:
    files = {f"{folder}/{name}": content for folder in folders for name, content in project.files(folder).items()}
    return {name: content for name, content in files.items() if name.endswith((".png", ".json", ".safetensors"))}


def test_later_stages_read_an_old_study(old):
    before = contents(old, "data/04_feature/miniature")
    old.run("similarity")
    # Nothing is embedded again: vectors are filed by a digest of the sealed settings.
    assert contents(old, "data/04_feature/miniature") == before
    old.run("annotation")
    assert set(old.load("annotations")["iteration"]) == {0, 1, 2}


def test_an_old_study_goes_on(old):
    before = contents(old, f"{PRIMARY}/loop_images", f"{PRIMARY}/loop_batches")
    old.run("loop")
    assert contents(old, f"{PRIMARY}/loop_images", f"{PRIMARY}/loop_batches") == before
    assert old.load("loop_manifest")["keep"] == "all"
    make_old(old)
    old.run("loop", loop__iterations=3)
    after = contents(old, f"{PRIMARY}/loop_images", f"{PRIMARY}/loop_batches")
    assert before.items() <= after.items()
    assert old.load("loop_manifest")["counts"]["images"] == 14 * 3
