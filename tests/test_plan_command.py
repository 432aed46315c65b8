"""`kedro plan`: sizes from a data set and from a pilot, the frozen plan, and looks; in a project without models."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from project_copies import ROOT, Project
from raw_data import write_raf

from broken_telephone.cli import cli
from broken_telephone.tables import ANNOTATIONS, as_table

HYPOTHESES = """
plan:
  hypotheses: [{attribute: gender, category: female, direction: rise}]
  looks: 2
chains: {count: 2, splits: [test]}
"""


@pytest.fixture
def planned(tmp_path, monkeypatch) -> Project:
    """A project without models, with a study whose plan has one hypothesis and two looks."""
    path = tmp_path / "plain"
    shutil.copytree(ROOT / "conf", path / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, path)
    (path / "src").mkdir()
    write_raf(path / "data/01_raw/miniature_portraits")
    (path / "conf/my_plan").mkdir()
    (path / "conf/my_plan/globals.yml").write_text("study: my_plan\n")
    (path / "conf/my_plan/parameters.yml").write_text(HYPOTHESES)
    monkeypatch.chdir(path)
    bootstrap_project(path)
    return Project(path)


def plan(*arguments: str, refused: bool = False) -> str:
    result = CliRunner().invoke(cli, ["plan", "--env", "my_plan", *arguments])
    assert bool(result.exit_code) == refused, result.output
    assert "Traceback" not in result.output
    return " ".join((result.stderr if refused else result.output).split())


def annotate(project: Project) -> None:
    """Save annotations in which everybody becomes a woman."""
    chains, rng = project.load("chains", "my_plan"), np.random.default_rng(1)
    rows = [
        {
            "chain_id": chain,
            "iteration": k,
            "annotator": "m",
            "reading": "free",
            "attribute": "gender",
            "status": "valid",
        }
        | {"category": "female" if k else str(rng.choice(["male", "female"], p=[0.9, 0.1]))}
        for chain in chains["chain_id"]
        for k in range(4)
    ]
    with KedroSession.create(project.path, env="my_plan") as session:
        session.load_context().catalog.save("annotations", as_table(pd.DataFrame(rows), ANNOTATIONS))


def test_a_plan_before_during_and_after_the_results(planned):
    assert "no annotations yet" in plan("--pilot", "my_plan", refused=True)
    assert "No plan with interim looks is frozen" in plan("--look", refused=True)
    planned.run("ingestion", env="my_plan")
    text = plan("--change", "0.2")
    assert "Source of the shares: data set" in text
    assert "No batch of the loop was measured on this machine" in text
    sizes = planned.load("plan_sizes", "my_plan")
    assert set(sizes["family"]) == {"planned", "exploratory"}
    assert sizes["starts"].iloc[0] == 14
    assert sizes["starts_needed"].gt(0).all()

    assert "Frozen after" not in plan("--freeze")
    record = json.loads((planned.path / "data/03_primary/my_plan/frozen_plan.json").read_text())
    assert record["plan"]["count"] == 2
    assert f"frozen already, since {record['frozen_at']}" in plan("--freeze")

    annotate(planned)
    looks = plan("--look")
    assert "The question is answered at look 2 (14 starts). The study may stop." in looks
    assert "rise" in looks
    assert "pilot (9 rows)" in plan("--pilot", "my_plan")

    file = planned.path / "conf/my_plan/parameters.yml"
    file.write_text(HYPOTHESES.replace("looks: 2", "looks: 3"))
    assert "plan.looks: 2 planned, 3 now" in plan("--freeze", refused=True)
    (planned.path / "data/03_primary/my_plan/frozen_plan.json").unlink()
    assert "Frozen after the first results of this study (annotations)" in plan("--freeze")


@pytest.mark.parametrize(
    ("hypothesis", "message"),
    [
        ("{attribute: shoes, category: x}", "no attribute 'shoes' (there are: "),
        ("{attribute: gender, category: x}", "no category 'x' (there are: male, female)"),
        ("{attribute: gender, category: male, label: joy}", "no label 'joy'"),
    ],
)
def test_unknown_hypotheses_are_refused(planned, hypothesis, message):
    file = planned.path / "conf/my_plan/parameters.yml"
    file.write_text(f"plan: {{hypotheses: [{hypothesis}]}}\n")
    assert message in plan("--freeze", refused=True)


def test_two_commands_at_once_are_refused(planned):
    assert "give one of them" in plan("--freeze", "--look", refused=True)


def test_the_command_needs_no_model_library():
    code = "import broken_telephone.plan_command, sys; print({'torch', 'transformers', 'scipy'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
