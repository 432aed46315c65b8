"""`kedro forget`: nothing of an image is left in a study, nothing else changes, and later runs go on."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from broken_telephone.cli import cli
from broken_telephone.commands import forget_removal
from broken_telephone.rating.answer_store import AnswerStore

STAGES = ("loop", "annotation", "similarity", "explainability")
LAYERS = ("02_intermediate", "03_primary", "04_feature", "07_model_output", "08_reporting")
IMAGE = "test_00002"
TABLES = ("annotations", "similarities", "mentions")


def forget(*arguments: str, rc: int = 0) -> str:
    """Return the output of the command."""
    result = CliRunner().invoke(cli, ["forget", *arguments])
    assert result.exit_code == rc, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def study(project, plain_report):
    """A project whose base study follows all chains, so that none takes the place of a forgotten one."""
    file = project.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    settings["chains"] |= {"count": None, "prompts": settings["chains"]["prompts"][:1]}
    settings["loop"]["iterations"] = 1
    file.write_text(yaml.safe_dump(settings))
    return project


@pytest.fixture
def finished(study):
    """That study after all stages, with a rating of each picture."""
    for stage in STAGES:
        study.run(stage)
    store = AnswerStore(study.load("params:rating.database"))
    for item in study.load("rating_items")["item"]:
        store.answer("anna", "rating", item, "gender", "valid", "male")
        store.comment("anna", "rating", item, f"about {item}")
    return study


def write_study(project, name, settings):
    """Write a study that differs from the base study in some settings."""
    folder = project.path / "conf" / name
    folder.mkdir()
    (folder / "globals.yml").write_text(f"study: {name}\n")
    (folder / "parameters.yml").write_text(yaml.safe_dump(settings))


def texts_in(project, study="miniature"):
    """Yield path and readable content of every file of a study."""
    for layer in LAYERS:
        for file in (project.path / "data" / layer / study).rglob("*"):
            if not file.is_file():
                continue
            if file.suffix == ".parquet":
                content = pd.read_parquet(file).to_csv()
            elif file.suffix == ".npz":
                with np.load(file) as arrays:
                    content = arrays["record"].tobytes().decode()
            else:
                content = file.read_bytes().decode("latin-1")
            yield str(file.relative_to(project.path)), content


def results(project):
    """Return all files but the database, which SQLite may tidy when it is read."""
    return {name: content for name, content in project.files("data").items() if ".sqlite" not in name}


def counts(output):
    """Return what -> how much, of the lines of a list."""
    lines = [line.strip().rsplit(None, 1) for line in output.splitlines() if line.startswith("  ")]
    return {what.strip(): number for what, number in lines}


def test_nothing_of_a_forgotten_image_is_left_and_nothing_else_is_lost(finished):
    chains, items = finished.load("chains"), finished.load("rating_items")
    own = chains[chains["image_id"] == IMAGE].iloc[0]
    chain = own["chain_id"]
    gone = items.loc[items["chain_id"] == chain, "item"].tolist()
    gone_texts = [chain, own["image_path"], own["image_digest"], *gone]
    assert len(gone) == 2
    assert all(any(text in content for _, content in texts_in(finished)) for text in gone_texts)
    before = {name: finished.load(name) for name in TABLES}
    sessions = {layer: finished.files(f"data/{layer}/miniature") for layer in LAYERS[1:4]}
    described = finished.load("loop_descriptions")
    files, answers = results(finished), AnswerStore(finished.load("params:rating.database")).answers()
    dry = forget(IMAGE, "--dry-run")
    assert results(finished) == files
    assert AnswerStore(finished.load("params:rating.database")).answers() == answers
    output = forget(IMAGE, "--yes")
    assert f"Chains: {chain}." in output
    assert counts(dry) == counts(output[output.index("\nRemoved:") :])
    # Of one chain of one iteration: the description and the draw; the original and the drawn image.
    assert counts(dry)["descriptions, draws and failures"] == "2"
    assert counts(dry)["drawn images"] == "1"
    assert counts(dry)["images with faces and regions"] == "2"
    assert counts(dry)["ratings and comments"] == "4"
    for path, content in texts_in(finished):
        assert not any(text in path or text in content for text in gone_texts), path
    assert not (finished.path / "data/08_reporting/miniature").exists()
    assert (finished.path / "data/01_raw/miniature_portraits" / own["image_path"]).exists()
    assert "stays, because raw data are never changed" in output
    answers = AnswerStore(finished.load("params:rating.database")).answers()
    assert {answer.item for answer in answers} == set(items["item"]) - set(gone)

    for stage in STAGES:
        finished.run(stage)
    for name, table in before.items():
        kept = table[table["chain_id"] != chain].reset_index(drop=True)
        pd.testing.assert_frame_equal(finished.load(name).reset_index(drop=True), kept, check_categorical=False)
    kept = described[described["chain_id"] != chain].reset_index(drop=True)
    pd.testing.assert_frame_equal(finished.load("loop_descriptions"), kept, check_categorical=False)
    # A run that had used a model would have left the record of a session.
    for layer, files in sessions.items():
        now = finished.files(f"data/{layer}/miniature")
        assert {name for name in now if "sessions" in name} == {name for name in files if "sessions" in name}
    assert IMAGE not in set(finished.load("people")["image_id"])
    assert finished.load("loop_manifest")["complete"]
    assert "forgotten before" in forget(IMAGE, "--yes", rc=1)


def test_an_interrupted_removal_goes_on(study, monkeypatch):
    study.run("loop")
    study.run("similarity")

    remove_pictures = forget_removal.Removal._remove_pictures

    def stop(self, name, subject):
        if not self._is_dry:
            raise KeyboardInterrupt
        remove_pictures(self, name, subject)

    with monkeypatch.context() as patch:
        patch.setattr(forget_removal.Removal, "_remove_pictures", stop)
        assert CliRunner().invoke(cli, ["forget", IMAGE, "--yes"]).exit_code == 1
    assert "pending" in study.load("forgotten")
    # Also a run in between makes nothing of the image again.
    study.run("loop")
    chain = f"{IMAGE}_r0"
    folder = study.path / f"data/03_primary/miniature/loop_images/{chain}"
    assert folder.exists()
    assert IMAGE not in set(study.load("people")["image_id"])
    output = forget(IMAGE, "--yes")
    assert "An earlier removal was interrupted" in output
    assert not folder.exists()
    assert not any(chain in path or chain in content for path, content in texts_in(study))
    assert "pending" not in study.load("forgotten")
    assert "forgotten before" in forget(IMAGE, "--yes", rc=1)


def test_confirmation_unknown_names_and_studies_without_results(study, monkeypatch):
    assert "there is no terminal: add --yes" in forget(IMAGE, rc=1)
    assert "no people and no chains yet" in forget(IMAGE, "--yes", rc=1)
    assert "There is no study 'nope'" in forget(IMAGE, "--env", "nope", "--yes", rc=1)
    study.run("ingestion")
    assert "Similar: " in (output := forget("test_0002", "--yes", rc=1))
    assert "test_00002" in output
    from broken_telephone.commands.forget import forget as remove

    files = study.files("data")
    remove(None, [IMAGE], False, lambda: False)
    assert study.files("data") == files


def test_other_studies_that_hold_the_image_are_named(study):
    study.run("loop")
    write_study(study, "adopting", {"reuse": ["miniature"]})
    study.run("loop", env="adopting")
    write_study(study, "comparing", {"comparison": {"reference": "a", "arms": {"a": "miniature", "b": "adopting"}}})
    before = study.files("data/03_primary/adopting")
    output = forget(IMAGE, "--yes")
    assert f"The study adopting has chains from the same image: {IMAGE}_r0" in output
    assert "The study adopting adopts results of this study" in output
    assert "The study comparing compares this study" in output
    assert study.files("data/03_primary/adopting") == before


def test_an_image_with_the_same_bytes_is_forgotten_too(study):
    folder = study.path / "data/01_raw/miniature_portraits/Image/aligned"
    paths = sorted(folder.glob("test_*"))
    paths[1].write_bytes(paths[0].read_bytes())
    study.run("ingestion")
    chains = study.load("chains").dropna(subset="image_path")
    same = chains[chains["image_digest"].duplicated(keep=False)]
    assert len(same) == 2
    forget(same["image_id"].iloc[0], "--yes")
    assert not set(study.load("chains")["image_id"].dropna()) & set(same["image_id"])


def test_the_record_names_no_image(study):
    study.run("ingestion")
    forget(IMAGE, "--yes")
    record = (study.path / "data/03_primary/miniature/forgotten.json").read_text()
    assert IMAGE not in record
    assert len(json.loads(record)["images"]) == 1


def test_a_read_only_disk_ends_in_a_sentence(study, monkeypatch):
    study.run("ingestion")

    def refuse(*_):
        raise OSError(30, "Read-only file system", "data/03_primary/miniature")

    monkeypatch.setattr("broken_telephone.datasets.records.write_whole", refuse)
    output = forget(IMAGE, "--yes", rc=1)
    assert "Read-only file system" in output
    assert "Make the file or folder writable" in output
