"""Originals of forgotten or broken images, images that several chains claim, and settings that change an import."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from made_results import write_picture

from broken_telephone.errors import ChangedInputError, StudyError
from broken_telephone.importing import ImportSettings
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.forgotten_entries import ForgottenEntries
from broken_telephone.importing.manual_labels import read_manual_labels
from broken_telephone.importing.originals import ForgottenOriginals, Originals
from broken_telephone.importing.shared_images import leave_out_shared_images
from broken_telephone.importing.unchanged import refuse_changed_labels
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.ingestion.forgotten import with_forgotten
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import RAF
from broken_telephone.pipelines.importing.nodes import seal_import
from broken_telephone.tables import PEOPLE, as_table

NOW = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()


def people(*paths: str) -> pd.DataFrame:
    """A main person of each image."""
    rows = [{"person_id": path, "image_id": path[:-4], "image_path": path, "is_main": True} for path in paths]
    return as_table(rows, PEOPLE).assign(emotion="fear")


def chain(name: str, **stated) -> ImportedChain:
    return ImportedChain(Path("/r/f.json"), name, name, **stated)


def test_a_broken_original_is_never_taken_for_one_of_another_folder():
    values = RAF.concepts["emotion"].values
    originals = Originals(people("b/1.png", "b/2.png"), "emotion", values, ["a/1.png"])
    assert originals.find("/x/a/1.png") == []
    # Results may lie in folders that the data set does not have.
    for stated in ("/x/b/1.png", "/moved/1.png", "1.png"):
        assert [one.image_path for one in originals.find(stated)] == ["b/1.png"]
    nested = Originals(people("images/train/1.png", "images/val/2.png"), "emotion", values)
    assert len(nested.find("/x/train/images/1.png")) == 1
    assert nested.find("/x/val/1.png") == []


@pytest.mark.parametrize("stays_on_disk", [True, False])
def test_entries_of_a_forgotten_image_are_left_out_with_their_findings(stays_on_disk):
    record = with_forgotten({}, ["a/1"], NOW)
    originals = ForgottenOriginals(record, people(*(["a/1.png"] if stays_on_disk else []), "b/1.png"))
    stated = "/home/me/A/1.PNG" if stays_on_disk else "/home/me/a/1.png"
    findings = Findings(Path("/r"))
    for row, value in (
        ("x_1", "lost.png"),
        ("x_1, image 2", None),
        ("a/1.png", None),
        ("9", "/home/me/a/1.png: nothing"),
        ("x_2", "/home/me/b/1.png"),
    ):
        findings.note("dropped", "problem", Path("/r/f.json"), row, value)
    chains = [chain("x_1", original=stated), chain("x_2", original="/home/me/b/1.png")]
    entries = ForgottenEntries(chains, originals, findings)
    assert [one.name for one in entries.kept] == ["x_2"]
    assert [one["row"] for one in entries.other_defects()] == ["x_2"]


def test_an_aligned_original_is_recognised_with_and_without_the_data_set_having_it():
    record = with_forgotten({}, ["train_00001"], NOW)
    for table in (people("train_00001.png"), people("train_00002.png")):
        originals = ForgottenOriginals(record, table)
        assert originals.has("/home/me/Image/aligned/train_00001_aligned.jpg")
        assert not originals.has("train_00002_aligned.jpg")
    assert not ForgottenOriginals({}, people("train_00001.png")).has("train_00001.png")


def test_an_image_that_several_chains_claim_counts_as_missing():
    shared, own = Path("/r/1.png"), Path("/r/2.png")
    records = {"a_r0": chain("a", images={1: shared}), "b_r0": chain("b", images={1: shared, 2: own})}
    findings = Findings(Path("/r"))
    leave_out_shared_images(records, findings)
    assert records["a_r0"].images == {}
    assert records["b_r0"].images == {2: own}
    assert [one["row"] for one in findings.defects] == ["a", "b"]


def test_changed_labels_of_known_starts_are_refused_and_added_ones_are_fine():
    earlier = pd.DataFrame({"image_id": ["1", None], "prompt": [None, "A face."], "label": ["anger", "fear"]})
    refuse_changed_labels(earlier, None)
    added = pd.DataFrame({"image_id": ["2"], "prompt": [None], "label": ["fear"]})
    refuse_changed_labels(pd.concat([earlier, added]), earlier)
    refuse_changed_labels(added, earlier)
    with pytest.raises(ChangedInputError, match=r"2 labels changed .*1 \(anger then, joy now\), A face"):
        refuse_changed_labels(earlier.assign(label="joy"), earlier)


def test_the_seal_states_columns_and_no_attributes_of_the_annotation():
    settings = {"layout": "table", "root": "r", "files": ["a.csv"]}
    plain = ImportSettings.model_validate(settings)
    named = ImportSettings.model_validate(settings | {"columns": {"image": "picture"}})
    dataset = DatasetSettings.model_validate({"source": "raf_db"})
    chains = ChainSettings.model_validate({"concept": "emotion", "seed": 1})
    seal = seal_import(plain, dataset, chains)
    assert "attributes" not in seal["dataset"]
    assert "columns" not in seal["import"]
    assert seal_import(named, dataset, chains)["import"]["columns"] == {"image": "picture"}


@pytest.mark.parametrize("pattern", ["", "a**b.json", "/etc/passwd", "../x.json"])
def test_patterns_of_manual_labels_that_are_none_end_in_a_sentence(tmp_path, pattern, monkeypatch):
    monkeypatch.setattr("broken_telephone.importing.manual_labels._chains_by_name", lambda study, iteration: {})
    with pytest.raises(StudyError, match=r"import\.ratings: "):
        read_manual_labels(tmp_path, {pattern: "anna"}, 1, None, RAF, Findings(tmp_path))


def table_study(project, rows: list[dict], **settings) -> None:
    """Write a study named `table` whose originals are among its results."""
    root = project.path / "made"
    for number in range(2):
        write_picture(root / f"{number}.png", number)
        write_picture(root / f"drawn{number}.png", number + 9)
    pd.DataFrame(rows).to_csv(root / "all.csv", index=False)
    folder = project.path / "conf/table"
    folder.mkdir()
    (folder / "globals.yml").write_text("study: table\n")
    parameters = {
        "data_root": "made",
        "dataset": {"source": "none", "scheme": "free"},
        "loop": {"iterations": 1},
        "import": {"layout": "table", "root": "made", "files": ["all.csv"], "labels": "fear"} | settings,
    }
    (folder / "parameters.yml").write_text(yaml.safe_dump(parameters))


def rows(texts: list[str | None]) -> list[dict]:
    return [
        {"chain": number, "iteration": k, "image": f"{'drawn' if k else ''}{number}.png", "text": texts[number]}
        for number in range(2)
        for k in range(2)
    ]


def test_a_column_of_blank_texts_is_no_column_of_texts(project):
    table_study(project, rows([None, " "]), texts="of_image")
    project.run("import", env="table")
    assert project.load("loop_manifest", env="table")["counts"]["images"] == 2


def test_an_import_without_any_image_left_is_refused(project):
    table_study(project, rows(["I'm sorry, I can't help with that."] * 2), texts="of_image")
    with pytest.raises(StudyError, match=r"Nothing is left to import\. First end: .*refused description"):
        project.run("import", env="table")


def test_other_labels_are_refused(project):
    table_study(project, rows(["A face.", "Another face."]), texts="of_image")
    project.run("import", env="table")
    with pytest.raises(ChangedInputError, match="2 labels changed"):
        project.run("import", env="table", import__labels="anger")
    assert set(project.load("chains", env="table")["label"]) == {"fear"}
