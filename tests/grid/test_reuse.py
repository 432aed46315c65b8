"""Adoption of equal batches: the results are those of the study by itself, and nothing else is ever adopted."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from project_copies import Project, small_project

from broken_telephone.chains import chains_of
from broken_telephone.cli import cli
from broken_telephone.datasets.reused_studies import donors
from broken_telephone.execution.progress import Step
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.loop.adoption import LoopAdoption, LoopDonor
from broken_telephone.loop.journal import Done
from broken_telephone.pipelines.loop.nodes import seal_settings

RESULTS = ("annotations", "annotation_probabilities", "predictions", "mentions", "last_descriptions")


def extended(project, name: str, settings: dict | None = None, extends: str | None = None) -> None:
    """Make a study that differs from the base study, or from another one."""
    folder = project.path / "conf" / name
    folder.mkdir()
    names = {"study": name} | ({"extends": extends} if extends else {})
    (folder / "globals.yml").write_text(yaml.safe_dump(names))
    (folder / "parameters.yml").write_text(yaml.safe_dump(settings or {}))


def journal(project, study: str, entry: str) -> list[dict]:
    """Return the records of a journal of a study that is a folder of conf."""
    records = project.load(entry, env=study)
    return [records[key]() for key in records]


def adopted(project, study: str, entry: str) -> int:
    return sum("adopted_from" in record for record in journal(project, study, entry))


def pictures_and_texts(project, study: str) -> dict[str, bytes]:
    primary = f"data/03_primary/{study}"
    files = project.files(primary)
    images = {name: content for name, content in files.items() if name.startswith("loop_images")}
    return images | {"texts": project.load("loop_descriptions", env=study).to_csv().encode()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, model_folders):
    """A project with a finished loop and annotation of the study `donor`."""
    path = small_project(tmp_path_factory.mktemp("finished") / "project", model_folders)
    project = Project(path)
    extended(project, "donor")
    with chdir(path):
        for pipeline in ("loop", "annotation"):
            project.run(pipeline, env="donor")
    return path


@pytest.fixture
def donor(finished, tmp_path, monkeypatch):
    """A copy of that project, which is the current folder."""
    path = tmp_path / "project"
    shutil.copytree(finished, path)
    monkeypatch.chdir(path)
    bootstrap_project(path)
    return Project(path)


def test_another_generator_adopts_first_descriptions_and_nothing_that_follows(donor, caplog):
    other = {"generator": {"guidance": 1.5}}
    extended(donor, "alone", other)
    extended(donor, "reusing", other | {"reuse": ["donor"]})
    with caplog.at_level("INFO"):
        for study in ("alone", "reusing"):
            for pipeline in ("loop", "annotation", "similarity"):
                donor.run(pipeline, env=study)
    assert pictures_and_texts(donor, "reusing") == pictures_and_texts(donor, "alone")
    for entry in RESULTS:
        assert donor.load(entry, env="reusing").equals(donor.load(entry, env="alone")), entry
    assert adopted(donor, "alone", "loop_batches") == 0
    taken = [record for record in journal(donor, "reusing", "loop_batches") if "adopted_from" in record]
    assert {(record["iteration"], record["phase"]) for record in taken} == {(1, "describe")}
    # All 7 chains from images, whose first description no generator changes.
    manifest = donor.load("loop_manifest", env="reusing")
    assert manifest["adopted"] == {"descriptions": {"donor": 7}, "images": {}}
    assert manifest["complete"]
    # What is adopted takes the time that it took there.
    theirs = [r for r in journal(donor, "donor", "loop_batches") if r["iteration"] == 1 and r["phase"] == "describe"]
    [session] = [session for session in manifest["sessions"] if session.get("adopted")]
    assert session["seconds"]["describe"] == pytest.approx(sum(record.get("seconds", 0) for record in theirs))
    assert session["seconds"]["around"] == 0
    assert session["described"] == 7
    asked = donor.load("annotation_manifest", env="reusing")["asked"]
    assert {name: one["adopted"] for name, one in asked.items()} == {
        "free": {"donor": 7},
        "closed": {"donor": 7},
        "last": {},
    }
    assert caplog.text.count("7 descriptions adopted from the study donor") == 1


def test_an_equal_study_adopts_everything(donor):
    extended(donor, "equal", {"reuse": ["donor"]})
    for pipeline in ("loop", "annotation"):
        donor.run(pipeline, env="equal")
    assert pictures_and_texts(donor, "equal") == pictures_and_texts(donor, "donor")
    assert donor.load("loop_manifest", env="equal")["adopted"] == {
        "descriptions": {"donor": 21},
        "images": {"donor": 28},
    }
    assert all("adopted_from" in record for record in journal(donor, "equal", "annotation_batches"))
    # A third study names the one that made them, not the one that it took them from.
    extended(donor, "third", {"reuse": ["equal"]})
    donor.run("loop", env="third")
    assert donor.load("loop_manifest", env="third")["adopted"]["images"] == {"donor": 28}


def found(project, env: str, size: int = 4) -> bool:
    """Return whether a study would adopt its first batch of descriptions, as its loop asks; no model is run."""
    with KedroSession.create(project.path, env=env) as session:
        load = session.load_context().catalog.load
        describer, generator, studies = load("describer"), load("generator"), load("reused_studies")
        groups = (DatasetSettings, "dataset"), (ChainSettings, "chains"), (LoopSettings, "loop")
        settings = [group.model_validate(load(f"params:{name}")) for group, name in groups]
        chains = chains_of(load("chains"))
    donor = donors(studies, "loop_batches", "loop_sessions")[0]
    adoption = LoopAdoption(
        [LoopDonor(donor, studies["donor"].chains, studies["donor"].loop_images)],
        seal_settings(*settings, generator, describer),
        {"describe": describer, "draw": generator},
    )
    batch = adoption.find(Step(1, "describe"), chains[:size], Done())
    return batch is not None


DIFFERENT = {
    "prompt": {"loop": {"describe_prompt": "Say what you see."}},
    "dtype": {"describer": {"dtype": "bfloat16"}},
    "length": {"describer": {"max_new_tokens": 3}},
    "sampling": {"describer": {"call": {"do_sample": True}}},
    "seed": {"chains": {"seed": 2}},
}


def test_batches_are_found_under_the_same_conditions_and_whole(donor):
    extended(donor, "other", {"generator": {"guidance": 1.5}, "reuse": ["donor"]})
    donor.run("ingestion", env="other")
    assert found(donor, "other")
    assert not found(donor, "other", size=3)
    assert not found(donor, "other", size=5)


@pytest.mark.parametrize("name", DIFFERENT)
def test_descriptions_that_would_differ_are_not_adopted(donor, name):
    extended(donor, "other", DIFFERENT[name] | {"reuse": ["donor"]})
    donor.run("ingestion", env="other")
    assert not found(donor, "other")


def other_weights(project) -> None:
    from safetensors.torch import load_file, save_file

    file = next((project.path / "data/06_models/describer").glob("*.safetensors"))
    weights = load_file(file)
    name = next(name for name in weights if weights[name].is_floating_point())
    weights[name] = weights[name] + 1e-3
    save_file(weights, file, {"format": "pt"})


def other_picture(project) -> None:
    from PIL import Image

    chains = project.load("chains", env="donor")
    file = project.path / "data/01_raw/miniature_portraits" / chains["image_path"].dropna().iloc[0]
    Image.new("RGB", (100, 100), "red").save(file)


def other_version(project) -> None:
    for record in (project.path / "data/03_primary/donor/loop_sessions").glob("*.json"):
        rewrite(project, "loop_sessions", record, lambda one: one["versions"].update(torch="0.1"))


def other_device(project) -> None:
    for record in (project.path / "data/03_primary/donor/loop_batches").rglob("*.json"):
        rewrite(project, "loop_batches", record, lambda one: one.update(device="cuda") if "device" in one else None)


def other_auto_dtype(project) -> None:
    for record in (project.path / "data/03_primary/donor/loop_batches").rglob("*.json"):
        rewrite(
            project,
            "loop_batches",
            record,
            lambda one: one.update(resolved={"dtype": "float16", "commit": None}) if "resolved" in one else None,
        )


def rewrite(project, entry: str, file: Path, change) -> None:
    """Change a record, with the checksum that it would have."""
    from broken_telephone.datasets import RecordPartitionsDataset

    record = json.loads(file.read_text())
    del record["checksum"]
    change(record)
    folder = project.path / "data/03_primary/donor" / entry
    RecordPartitionsDataset(path=str(folder)).save({str(file.relative_to(folder))[: -len(".json")]: record})


@pytest.mark.parametrize("change", [other_weights, other_picture, other_version, other_device, other_auto_dtype])
def test_descriptions_of_another_model_picture_or_machine_are_not_adopted(donor, change):
    extended(donor, "other", {"generator": {"guidance": 1.5}, "reuse": ["donor"]})
    change(donor)
    donor.run("ingestion", env="other")
    assert not found(donor, "other")


def test_pictures_that_were_changed_or_deleted_there_are_drawn_here(donor):
    images = sorted((donor.path / "data/03_primary/donor/loop_images").rglob("1.png"))
    images[0].unlink()
    images[-1].write_bytes(images[1].read_bytes())
    extended(donor, "equal", {"reuse": ["donor"]})
    donor.run("loop", env="equal")
    assert donor.load("loop_manifest", env="equal")["complete"]
    assert 0 < donor.load("loop_manifest", env="equal")["adopted"]["images"]["donor"] < 28
    extended(donor, "alone")
    donor.run("loop", env="alone")
    assert pictures_and_texts(donor, "equal") == pictures_and_texts(donor, "alone")


@pytest.mark.parametrize(
    ("reuse", "message"),
    [(["nobody"], "reuse: the study 'nobody' has no results"), ("nobody", "reuse: a list of names of studies")],
)
def test_a_study_without_results_cannot_be_reused(project, reuse, message):
    extended(project, "own", {"reuse": reuse})
    result = CliRunner().invoke(cli, ["run", "--pipeline", "loop", "--env", "own"])
    assert result.exit_code == 1
    assert message in result.output
    assert not (project.path / "data/03_primary/own/loop_images").exists()


def test_explanations_of_originals_are_adopted_by_another_generator(donor):
    other = {"generator": {"guidance": 1.5}}
    extended(donor, "alone", other)
    extended(donor, "reusing", other | {"reuse": ["donor"]})
    donor.run("explainability", env="donor")
    for study in ("alone", "reusing"):
        for pipeline in ("loop", "annotation", "explainability"):
            donor.run(pipeline, env=study)
    for entry in ("faces", "explained_words", "activations", "occlusions"):
        assert donor.load(entry, env="reusing").equals(donor.load(entry, env="alone")), entry
    assert adopted(donor, "reusing", "face_parts") > 0
    assert adopted(donor, "alone", "face_parts") == 0


def test_an_arm_that_only_steers_adopts_first_descriptions_and_no_pictures(donor):
    steer = {"loop": {"steer": {"balance": ["gender"], "target": {"gender": {"male": 0.5, "female": 0.5}}}}}
    extended(donor, "alone", steer)
    extended(donor, "steered", steer | {"reuse": ["donor"]})
    for study in ("alone", "steered"):
        for pipeline in ("loop", "annotation"):
            donor.run(pipeline, env=study)
    assert pictures_and_texts(donor, "steered") == pictures_and_texts(donor, "alone")
    assert donor.load("annotations", env="steered").equals(donor.load("annotations", env="alone"))
    assert donor.load("loop_manifest", env="steered")["adopted"] == {"descriptions": {"donor": 7}, "images": {}}
    asked = donor.load("annotation_manifest", env="steered")["asked"]
    assert asked["free"]["adopted"] == {"donor": 7}


def test_an_arm_that_keeps_other_images_adopts_everything(donor):
    extended(donor, "thinned", {"loop": {"keep": []}, "reuse": ["donor"]})
    donor.run("loop", env="thinned")
    assert donor.load("loop_manifest", env="thinned")["adopted"] == {
        "descriptions": {"donor": 21},
        "images": {"donor": 28},
    }
