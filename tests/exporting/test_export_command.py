"""`kedro export` on a whole study: files, dictionary, names that are left out, equal bytes, refusals."""

import hashlib
import io
import json
import re
import zipfile

import pandas as pd
import pytest
from click.testing import CliRunner

from broken_telephone.cli import cli
from broken_telephone.exporting import described_tables
from broken_telephone.rating.answer_store import RATING, AnswerStore

RATERS = ("Marie Müller", "Marie")
COMMENT = "looks like my neighbour"
PRIVATE = {"people", "people_votes", "captions", "dataset_defects", "import_defects"}


def export(*arguments: str, refused: bool = False) -> str:
    result = CliRunner().invoke(cli, ["export", *arguments])
    assert bool(result.exit_code) == refused, result.output
    assert "Traceback" not in result.output
    return " ".join((result.stderr if refused else result.output).split())


def rate(project) -> None:
    """Let people rate all originals, each rater otherwise."""
    store = AnswerStore("sqlite:///" + str(project.path / "data/07_model_output/miniature/ratings.sqlite"))
    items = project.load("rating_items")
    for place, rater in enumerate(RATERS):
        for item in items.loc[items["iteration"] == 0, "item"]:
            store.answer(rater, RATING, item, "gender", "valid", ("male", "female")[place])
        store.comment(rater, RATING, item, COMMENT)


def contents(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def tables_of(files: dict[str, bytes]) -> dict[str, pd.DataFrame]:
    parquet = {name: content for name, content in files.items() if name.endswith(".parquet")}
    return {name[7:-8]: pd.read_parquet(io.BytesIO(content)) for name, content in parquet.items()}


def texts_of(frame: pd.DataFrame) -> set[str]:
    """Return all texts of a table, those of categories without rows included."""
    texts: set[str] = set()
    for name in frame:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            texts |= set(frame[name].dropna().map(str))
            if isinstance(frame[name].dtype, pd.CategoricalDtype):
                texts |= set(map(str, frame[name].cat.categories))
    return texts


@pytest.mark.usefixtures("plain_report")
def test_a_study_is_exported_with_a_dictionary_and_without_names(project):
    for pipeline in ("ingestion", "loop", "annotation"):
        project.run(pipeline, report__n_bootstrap=200)
    rate(project)
    project.run("__default__", report__n_bootstrap=200)
    output = export("--to", "shared.zip")
    assert "Left out, as they repeat the data set: people, people_votes, captions, dataset_defects." in output
    assert "Not in this study: " in output
    files = contents("shared.zip")
    exported = {name.split("/")[1].partition(".")[0] for name in files if name.startswith("tables/")}
    assert exported <= described_tables().keys() - PRIVATE
    assert len(exported) > 55

    check_dictionary(files)
    check_names(project, files)
    check_against_the_catalog(project, files)

    # Another run of a stage adds a version of each of its tables, and nothing changes.
    project.run("annotation", report__n_bootstrap=200)
    export("--to", "again.zip")
    first, second = ((project.path / name).read_bytes() for name in ("shared.zip", "again.zip"))
    assert first == second
    export("--to", "folder")
    assert project.files("folder") == files

    export("--with-names", "--to", "own.zip")
    own = contents("own.zip")
    assert {f"tables/{name}.csv" for name in PRIVATE - {"import_defects"}} <= own.keys()
    assert b"Do not share it" in own["README.md"]
    assert set(tables_of(own)["chains"]["chain_id"]) == set(project.load("chains")["chain_id"])
    check_no_pictures(own)


def check_dictionary(files: dict[str, bytes]) -> None:
    """Every column of every file has an entry, with the digest of the file; nothing else is in the dictionary."""
    dictionary = pd.read_csv(io.BytesIO(files["dictionary.csv"]), keep_default_na=False)
    assert list(dictionary) == ["file", "table", "column", "meaning", "unit", "type", "categories", "sha256"]
    assert dictionary["meaning"].ne("").all()
    entries = {name: list(rows["column"]) for name, rows in dictionary.groupby("file", sort=False)}
    tables = {name for name in files if name.startswith("tables/")}
    assert set(entries) == tables
    for name, rows in dictionary.groupby("file"):
        assert set(rows["sha256"]) == {hashlib.sha256(files[name]).hexdigest()}
        content = io.BytesIO(files[name])
        table = pd.read_csv(content) if name.endswith(".csv") else pd.read_parquet(content)
        assert list(table.columns) == entries[name]
    labels = dictionary[(dictionary["file"] == "tables/chains.parquet") & (dictionary["column"] == "label")]
    assert labels["categories"].item() == "surprise; fear; disgust; happiness; sadness; anger; neutral"


def check_no_pictures(files: dict[str, bytes]) -> None:
    assert {name.rpartition(".")[2] for name in files} == {"csv", "parquet", "json", "md"}
    for name, content in files.items():
        assert not re.search(rb"data:image|base64,|\x89PNG|\xff\xd8\xff\xe0|JFIF|<svg", content), name


def check_names(project, files: dict[str, bytes]) -> None:
    """No name of a chain, an image, a person or a rater, no digest and no path of this machine is left."""
    check_no_pictures(files)
    chains, people, items = (project.load(name) for name in ("chains", "people", "rating_items"))
    names = {*chains["chain_id"], *people["image_path"], *people["image_id"], *people["person_id"], *items["item"]}
    names |= {*chains["image_digest"].dropna(), *chains["seed"].map(str), *RATERS, COMMENT, str(project.path)}
    texts = {name: content.decode() for name, content in files.items() if not name.endswith(".parquet")}
    texts |= {name: "\n".join(texts_of(table)) for name, table in tables_of(files).items()}
    for place, text in texts.items():
        assert not [name for name in names if name in text], place
    tables = tables_of(files)
    assert {"rater 1", "rater 2"} <= set(tables["agreement"]["annotator_a"]) | set(tables["agreement"]["annotator_b"])
    assert set(tables["ratings"]["rater"]) == {"rater_1", "rater_2"}


def check_against_the_catalog(project, files: dict[str, bytes]) -> None:
    """Tables are those of the catalog, and numbers stand for the same names everywhere."""
    tables = tables_of(files)
    for name in ("shares", "findings", "drift", "success"):
        original = project.load(name)
        assert (
            tables[name]
            .astype(object)
            .where(tables[name].notna(), None)
            .equals(original.astype(object).where(original.notna(), None))
        ), name
    csv = pd.read_csv(io.BytesIO(files["tables/findings.csv"]))
    assert csv["value"].to_numpy(float) == pytest.approx(tables["findings"]["value"].to_numpy(float), nan_ok=True)
    chains, annotations = project.load("chains"), project.load("annotations")
    numbers = dict(zip(chains["chain_id"], tables["chains"]["chain_id"], strict=True))
    assert len(set(numbers.values())) == len(chains)
    assert list(annotations["chain_id"].map(numbers)) == list(tables["annotations"]["chain_id"])
    sentences = files["summary.md"].decode()
    assert "## What changed" in sentences
    settings = json.loads(files["settings.json"])
    assert settings["loop"]["describe_prompt"].startswith("Describe only the emotion")


def test_what_cannot_be_exported_is_refused(project):
    assert "has no tables yet" in export("--to", "shared.zip", refused=True)
    project.run("ingestion")
    (project.path / "full").mkdir()
    (project.path / "full/file").write_text("")
    assert "this folder has files already" in export("--to", "full", refused=True)
    assert "this is a file" in export("--to", "full/file", refused=True)
    assert "--to is empty" in export("--to", "", refused=True)
    export("--to", "new/shared.zip")
    assert "data/08_reporting/miniature/miniature.zip" in export()
    files = contents("new/shared.zip")
    assert contents("data/08_reporting/miniature/miniature.zip") == files
    assert not (project.path / "miniature.zip").exists()
    assert {"chains", "chain_cells", "dataset_quality"} <= tables_of(files).keys()
    assert not {"summary.md", "settings.json"} & files.keys()
    record = project.path / "data/03_primary/miniature/loop_settings.json"
    record.write_text(json.dumps({"generator": {"api_key": "sk-abcdefghijklmnop1234"}}))
    message = export("--to", "other.zip", refused=True)
    assert "generator.api_key" in message
    assert "abcdefgh" not in message
    assert not (project.path / "other.zip").exists()
