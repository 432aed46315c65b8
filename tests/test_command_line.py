"""Odd ways to call `kedro run`: each works, or ends in one sentence before anything is computed or written."""

import shutil

import pytest
from click.testing import CliRunner
from kedro.framework.cli.cli import KedroCLI
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.runner import ParallelRunner
from project_copies import ROOT, Project
from raw_data import write_raf

from broken_telephone.cli import cli
from broken_telephone.errors import StudyError


@pytest.fixture
def plain(tmp_path, monkeypatch) -> Project:
    """A project with a data set and without models."""
    path = tmp_path / "plain"
    shutil.copytree(ROOT / "conf", path / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, path)
    (path / "src").mkdir()
    write_raf(path / "data/01_raw/miniature_portraits")
    monkeypatch.chdir(path)
    bootstrap_project(path)
    return Project(path)


def refused(*arguments: str) -> str:
    """Return the one line that a run ends in."""
    result = CliRunner().invoke(cli, ["run", *arguments])
    assert result.exit_code, result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["--params", "chains.count="], ["--params chains.count=: there is no value", "write chains.count=null"]),
        (["--params", "a=1,chains.count= "], ["--params chains.count=: there is no value"]),
        (["--params", "loop.describe_prompt=[a"], ["--params loop.describe_prompt=[a", "cannot be read as YAML"]),
        (["--params", "loop.describe_prompt=${x"], ["loop.describe_prompt", r"write `\${`"]),
        (["--params", "loop.describe_prompt=${x}"], ["loop.describe_prompt", r"write `\${`"]),
        (["--params", "lop.iterations=1"], ["There is no setting 'lop'"]),
        (["--params", "loop.iteration=1"], ["'iteration' is not a setting here", "iterations"]),
        (["--params", "loop=1"], ["loop is a group of settings, not 1"]),
        (["--params", "results=/tmp"], ["'results' belongs in globals.yml"]),
        (["--params", "chains.prompts[0].text=x"], ["a list is replaced as a whole"]),
        (["--env", ""], ["--env is empty"]),
        (["--env", "../conf/base"], ["There is no study '../conf/base'"]),
        (["--pipeline", ""], ["--pipeline is empty"]),
        (["--env", "nope"], ["There is no study 'nope'", "There are: base, miniature_activity, "]),
        (["--pipelines", "lop"], ["there is no pipeline 'lop'", "Did you mean loop?", "There are: annotation, "]),
        (["--nodes", "annotate"], ["--nodes: there is no node 'annotate'", "Did you mean annotation.annotate_p"]),
        (["--from-nodes", "annotate"], ["--from-nodes: there is no node 'annotate'"]),
        (["--pipeline", "loop", "--pipelines", "loop"], ["'--pipeline' and '--pipelines' cannot be used together"]),
        (["--tags", "nope"], ["--tags: there is no tag 'nope'", "There are: annotation, "]),
        (["--namespaces", "nope"], ["--namespaces: there is no namespace 'nope'"]),
        (["--from-inputs", "nope"], ["--from-inputs: there is no data set 'nope'"]),
        (["--to-outputs", "nope"], ["--to-outputs: there is no data set 'nope'"]),
        (["--load-versions", "nope:2024-01-01T00.00.00.000Z"], ["nope"]),
        (["--params", "chains.count=-3"], ["chains", "count"]),
        (["--params", "chains.count=1.5"], ["chains", "count"]),
        (["--params", "chains.count=many"], ["chains", "count"]),
        (["--params", "loop.iterations=0"], ["loop", "iterations"]),
        (["--params", "loop.replicates=-1"], ["loop", "replicates"]),
        (["--params", "loop.shard=9/8"], ["loop", "shard"]),
        (["--runner", "ParallelRunner"], ["ParallelRunner cannot be used", "Leave --runner out"]),
        (["--runner", "FastRunner"], ["there is no runner 'FastRunner'"]),
        (["--runner", "no.such.Runner"], ["there is no runner 'no.such.Runner'"]),
        (["--nodes", "annotation.annotate_pictures"], ["no chains yet: run `kedro run --pipeline ingestion`"]),
        (
            ["--pipelines", "ingestion", "--nodes", "ingestion.measure_baseline"],
            ["missing: people. Run instead: `kedro run --pipelines ingestion`"],
        ),
        (["--conf-source", "pyproject.toml"], ["pyproject.toml does not hold the settings of this project"]),
        (["--params", f"data_root={'d' * 300}"], ["longer than the file system allows", "`data_root`"]),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(plain, arguments, messages):
    found = refused(*arguments)
    assert all(message in found for message in messages), found
    assert [path.name for path in (plain.path / "data").iterdir()] == ["01_raw"]


def test_the_traceback_is_shown_to_those_who_ask(plain):
    for option, is_shown in (["--verbose"], True), ([], False):
        result = CliRunner().invoke(cli, ["run", "--pipelines", "lop", *option])
        assert result.exit_code == 1
        assert ("Traceback (most recent call last)" in result.stderr) == is_shown
        assert result.stderr.splitlines()[-1].startswith("Error: --pipelines: there is no pipeline 'lop'")


def test_an_unknown_pipeline_is_described_in_a_sentence(plain):
    kedro = KedroCLI(plain.path)
    result = CliRunner().invoke(kedro, ["registry", "describe", "lop"], obj=bootstrap_project(plain.path))
    assert result.exit_code == 1
    assert "'lop' pipeline not found. Existing pipelines: [__default__, annotation, " in result.stderr
    assert "NoneType" not in result.output


def test_a_run_whose_inputs_are_missing_names_the_runs_that_make_them(plain):
    assert CliRunner().invoke(cli, ["run", "--pipelines", "ingestion"]).exit_code == 0
    for nodes, messages in {
        "annotation.annotate_pictures": [
            "inquiries, study_pictures. Run instead: `kedro run --pipelines annotation --to-nodes"
        ],
        "loop.follow_chains": [
            "drawn_before, wanted_settings, wording. Run instead: `kedro run --pipelines loop --to-nodes "
            "loop.follow_chains`"
        ],
        "similarity.embed_pictures_and_texts": ["The loop has not run"],
    }.items():
        found = refused("--nodes", nodes)
        assert any(message in found for message in messages), found
    (plain.path / "data/03_primary/miniature/loop_descriptions.parquet").touch()
    (plain.path / "data/03_primary/miniature/loop_pictures.parquet").touch()
    found = refused("--nodes", "annotation.annotate_pictures")
    assert (
        "inquiries, study_pictures. Run instead: `kedro run --pipelines annotation --to-nodes annotation.ann" in found
    )
    assert "missing: loop_settings. Run instead: `kedro run --pipelines loop`" in refused(
        "--nodes", "annotation.state_inquiries"
    )


@pytest.mark.parametrize("length", [300, 5000])
def test_results_whose_path_is_too_long_are_refused_in_a_sentence(plain, length):
    results = "/".join(["d" * min(length, 200)] * (length // 200)) if length > 1000 else "d" * length
    text = (plain.path / "conf/base/globals.yml").read_text().replace("results: data\n", f"results: {results}\n")
    (plain.path / "conf/base/globals.yml").write_text(text)
    found = refused("--pipelines", "ingestion")
    assert "Results cannot be written to" in found
    assert "File name too long" in found
    assert len(found) < 1000


def test_a_notebook_is_refused_a_runner_of_many_processes_too(plain):
    with KedroSession.create(plain.path) as session, pytest.raises(StudyError, match="ParallelRunner cannot be used"):
        session.run(pipeline_names=["ingestion"], runner=ParallelRunner())


@pytest.mark.parametrize(
    "option", [["--runner", "ThreadRunner", "--params", "chains.prompts=[]"], ["--async"], ["--params", ""]]
)
def test_threads_and_empty_params_are_taken(plain, option):
    result = CliRunner().invoke(cli, ["run", "--pipelines", "ingestion", *option])
    assert result.exit_code == 0, result.output
    assert len(plain.load("chains")) == (28 if "ThreadRunner" in option else 35)
