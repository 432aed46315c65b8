"""Commands whose extra is not installed say so in one sentence."""

import importlib.util
import runpy
import tomllib

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from project_copies import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


@pytest.mark.parametrize(
    ("module", "words", "package"),
    [("jupyterlab", ["jupyter", "lab", "--env", "raf_emotion"], "jupyterlab"), ("IPython", ["ipython"], "ipykernel")],
)
def test_without_the_extra_the_command_names_it(monkeypatch, module, words, package):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else find_spec(name))
    cli = runpy.run_path(str(ROOT / "src/broken_telephone/cli.py"))["cli"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1
    assert f"kedro {words[0]} needs the package {package}, the extra `notebooks`: pip install" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert package in {Requirement(each).name for each in EXTRAS["notebooks"]}
    assert words[0] in CliRunner().invoke(cli, ["--help"]).output


def test_with_the_extra_the_commands_are_those_of_kedro():
    assert all(importlib.util.find_spec(module) for module in ("jupyterlab", "IPython"))
    cli = runpy.run_path(str(ROOT / "src/broken_telephone/cli.py"))["cli"]
    assert not {"jupyter", "ipython"} & set(cli.commands)
