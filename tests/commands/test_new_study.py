"""`kedro new-study`: the folder it writes runs, and nothing is written after a refusal."""

import shlex
import shutil

import click
import pytest
import yaml
from click.testing import CliRunner
from named_commands import fenced
from project_copies import ROOT

from broken_telephone.cli import cli
from broken_telephone.commands.new_study import Answers, write_study
from broken_telephone.errors import StudyError


def new_study(*arguments: str, rc: int = 0, text: str | None = None) -> str:
    """Return the output of the command."""
    result = CliRunner().invoke(cli, ["new-study", *arguments], input=text)
    assert result.exit_code == rc, result.output
    assert "Traceback" not in result.output
    return result.output


def written(project, name):
    """Return the settings that the command wrote."""
    folder = project.path / "conf" / name
    assert sorted(path.name for path in folder.iterdir()) == ["globals.yml", "parameters.yml"]
    stated = [yaml.safe_load((folder / file).read_text()) for file in ("globals.yml", "parameters.yml")]
    assert stated[0] == {"study": name}
    return stated[1]


def test_the_written_study_runs(project):
    faces = project.path / "own faces: 1"
    sources = sorted((project.path / "data/01_raw/miniature_portraits/Image/aligned").glob("*.jpg"))
    for number, label in enumerate(("happiness", "sadness")):
        (faces / label).mkdir(parents=True)
        shutil.copy(sources[number], faces / label / "1.jpg")
    options = ("--source", "image_folder", "--data-root", str(faces), "--concept", "emotion", "--count", "3")
    output = new_study("mine", *options)
    assert "kedro run --pipeline loop --env mine" in output
    stated = written(project, "mine")
    assert stated["data_root"] == str(faces)
    assert stated["chains"] == {"concept": "emotion", "count": 3}
    with pytest.raises(StudyError, match=r"run `kedro run --pipeline ingestion --env mine` first"):
        project.run("annotation", env="mine")
    project.run("loop", env="mine")
    assert sorted(project.load("chains", env="mine")["label"].astype(str)) == ["happiness", "sadness"]
    assert project.load("loop_manifest", env="mine")["complete"]


def test_the_page_about_own_images_leads_to_chains(project, caplog):
    """Its command, its table and its settings, which are the comments that the command writes."""
    blocks = fenced((ROOT / "docs/own_data.md").read_text(encoding="utf-8"))
    table = next(block for _, block in blocks if block.startswith("file,"))
    settings = next(block for language, block in blocks if language == "yaml")
    name, *options = shlex.split(next(block for _, block in blocks if "new-study" in block))[2:]
    faces = project.path / "faces"
    (faces / "images").mkdir(parents=True)
    sources = sorted((project.path / "data/01_raw/miniature_portraits/Image/aligned").glob("*.jpg"))
    images = [row.split(",")[0] for row in table.splitlines()[1:]]
    for source, image in zip(sources, images, strict=False):
        shutil.copy(source, faces / image)
    (faces / "people.csv").write_text(table)
    new_study(name, *(str(faces) if option.startswith("/data/") else option for option in options))
    file = project.path / "conf" / name / "parameters.yml"
    text = file.read_text()
    for setting in ("labels", "columns", "scheme"):
        text = text.replace(f"# {setting}:", f"{setting}:")
    file.write_text(text)
    assert written(project, name)["dataset"] == yaml.safe_load(settings)["dataset"]
    with caplog.at_level("INFO"):
        project.run("ingestion", env=name)
    people = project.load("people", env=name)
    assert people["gender"].astype(str).tolist() == ["female", "male"]
    assert people["age"].astype(str).tolist() == ["20-39", "4-19"]
    assert "2 chains (happiness: 1, sadness: 1)" in caplog.text
    assert "attribute removed" not in caplog.text


def test_the_example_of_the_page_runs(project):
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    example = next(line for line in page.splitlines() if line.startswith("kedro new-study"))
    name, *options = shlex.split(example)[2:]
    new_study(name, *options)
    project.run("ingestion", env=name)
    assert project.load("chains", env=name)["label"].nunique() == 7


def test_the_form_in_a_comment_is_one_that_the_small_describer_knows(project):
    new_study("portraits", "--source", "none", "--concept", "emotion")
    file = project.path / "conf/portraits/parameters.yml"
    file.write_text(file.read_text().replace("# scheme:", "scheme:"))
    assert written(project, "portraits")["dataset"] == {"source": "none", "scheme": "raf"}
    project.run("ingestion", env="portraits")


@pytest.mark.parametrize("concept", ["emotion", "activity"])
def test_a_study_of_prompts_runs(project, concept):
    new_study("prompts", "--source", "none", "--concept", concept)
    project.run("ingestion", env="prompts")
    chains = project.load("chains", env="prompts")
    stated = written(project, "prompts")["chains"]["prompts"]
    assert chains["prompt"].tolist() == [prompt["text"] for prompt in stated]
    assert chains["label"].astype(str).is_unique


def test_commented_models_are_settings_that_can_be_used(project):
    """A comment that is uncommented must work."""
    new_study("real", "--source", "none", "--concept", "emotion")
    file = project.path / "conf/real/parameters.yml"
    lines = file.read_text().splitlines()
    models = [line.removeprefix("# ") for line in lines if line.startswith("# ") and "{" in line]
    assert [line.split(":")[0] for line in models] == ["generator", "describer", "embedder", "detector", "parser"]
    file.write_text("\n".join([line for line in lines if line.removeprefix("# ") not in models] + models))
    for line in models:
        assert project.load(line.split(":")[0], env="real") is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["base"], "conf/base has this name already"),
        (["MINIATURE"], "conf/base has this name already"),
        (["local"], "conf/local has this name already"),
        (["2024 faces"], "A name has 1 to 64 characters"),
        (["../x"], "A name has 1 to 64 characters"),
        (["x" * 65], "A name has 1 to 64 characters"),
        ([], "NAME is missing"),
        (["new", "--source", "nonsense"], "'source': input should be 'raf_db'"),
        (["new", "--source", "raf_db", "--data-root", "nowhere", "--concept", "emotion"], "nowhere does not exist"),
        (["new", "--source", "raf_db", "--data-root", "pyproject.toml", "--concept", "emotion"], "is a file"),
        (
            ["new", "--source", "raf_db", "--data-root", "src", "--concept", "activity"],
            "raf_db has no concept 'activity'",
        ),
        (["new", "--source", "raf_db", "--data-root", "src"], "--concept is missing: what is described (emotion)"),
        (["new", "--source", ""], "--source is empty"),
    ],
)
def test_wrong_and_missing_answers_are_refused_and_write_nothing(plain_folder, arguments, message):
    before = sorted(plain_folder.rglob("*"))
    given = ["--source", "none", "--concept", "emotion"] if arguments and "--source" not in arguments else []
    assert message in new_study(*arguments, *given, rc=1)
    assert sorted(plain_folder.rglob("*")) == before


@pytest.fixture
def plain_folder(tmp_path, monkeypatch):
    """A project without data and models."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "conf/local").mkdir()
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_missing_answers_are_asked_for(plain_folder):
    asked, answers = [], {"Folder of the data set": "src", "What is described (emotion)": " emotion "}

    def ask(question):
        asked.append(question)
        return answers[question]

    write_study(Answers("asked", "raf_db", None, None, None), ask)
    assert asked == list(answers)
    stated = yaml.safe_load((plain_folder / "conf/asked/parameters.yml").read_text())
    assert stated["data_root"] == "src"
    assert stated["chains"] == {"concept": "emotion", "count": None}


def test_a_stopped_question_writes_nothing(plain_folder):
    def stop(question):
        raise click.Abort

    with pytest.raises(click.Abort):
        write_study(Answers("asked", None, None, None, None), stop)
    assert not (plain_folder / "conf/asked").exists()


def test_earlier_results_of_the_name_are_pointed_out(plain_folder):
    (plain_folder / "data/03_primary/again").mkdir(parents=True)
    output = new_study("again", "--source", "none", "--concept", "emotion")
    assert "has results of an earlier study of this name" in output


def test_other_folders_end_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "Run the command in the project's folder" in new_study("x", "--source", "none", rc=1)


def test_a_read_only_disk_ends_in_a_sentence(plain_folder, monkeypatch):
    def refuse(self, *_, **__):
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    output = new_study("new", "--source", "none", "--concept", "emotion", rc=1)
    assert "Read-only file system" in output
    assert not (plain_folder / "conf/new").exists()
