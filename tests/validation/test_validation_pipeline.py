"""The reduced validation: two arms of the shipped models and a short loop, from the grid to the page."""

import shutil

import pytest
import yaml
from kedro.framework.startup import bootstrap_project
from project_copies import ROOT, Project

from broken_telephone import grid_command
from broken_telephone.errors import StudyError
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.validation.blame import EXCHANGED, PLANTED
from broken_telephone.validation.null_world import EXCHANGED as EXCHANGED_IMAGES

ARMS = {"validation-shipped-shipped": "shipped + shipped", "validation-shipped-leaking": "shipped + leaking"}


@pytest.fixture(scope="module")
def reduced(tmp_path_factory):
    """A project with the real configuration, data and models, and few chains."""
    path = tmp_path_factory.mktemp("validation") / "project"
    shutil.copytree(ROOT / "conf", path / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, path)
    for name in ("conf/local", "src", "data"):
        (path / name).mkdir()
    for name in ("01_raw", "06_models"):
        (path / "data" / name).symlink_to(ROOT / "data" / name)
    change(path / "conf/validation/parameters.yml", fewer)
    change(path / "conf/validation_long/parameters.yml", shorter)
    bootstrap_project(path)
    return Project(path)


def change(file, function) -> None:
    settings = yaml.safe_load(file.read_text())
    function(settings)
    file.write_text(yaml.safe_dump(settings, sort_keys=False))


def fewer(settings) -> None:
    settings["chains"] |= {"splits": ["test"], "count": 3, "replicates": 2}
    factors = settings["grid"]["factors"]
    settings["grid"]["factors"] = {
        "generator": {"shipped": factors["generator"]["shipped"]},
        "describer": {name: factors["describer"][name] for name in ("shipped", "leaking")},
    }
    settings["validation"] |= {"null_studies": 5, "error_studies": 2, "rated_per_cell": 3}


def shorter(settings) -> None:
    settings["chains"]["count"], settings["loop"]["iterations"] = 1, 4


def test_from_the_grid_to_the_page(reduced, monkeypatch):
    monkeypatch.chdir(reduced.path)
    with pytest.raises(StudyError, match="there is no study 'validation-shipped-shipped'"):
        reduced.run("validation", env="validation")
    grid = grid_command.Grid("validation", {})
    assert {arm.study: arm.name for arm in grid.arms} == ARMS
    grid.write_settings()
    assert grid_command.run_arms(grid) == {}
    for pipeline in ("loop", "annotation", "similarity"):
        reduced.run(pipeline, env="validation_long")
    reduced.run("validation", env="validation")
    tables = {
        name: reduced.load(f"validation_{name}", env="validation")
        for name in ("recovery", "null", "errors", "blame", "long", "verdicts")
    }
    readings = reduced.load("judge_readings", env="validation")
    # Two arms of 42 images, and 7 chains of 4 images, each with three attributes.
    assert len(readings) == 3 * (2 * 42 + 7 * 4)
    check_recovery(tables["recovery"])
    null_arms = tables["null"].loc[tables["null"]["kind"] == EXCHANGED_IMAGES, "arm"]
    assert list(null_arms) == [ARMS["validation-shipped-leaking"]]
    blame = tables["blame"].set_index("kind")
    # Who describes the whole person keeps it; otherwise eight in ten happy people are young, and not two.
    assert blame.loc[PLANTED, "planted"] == pytest.approx(0.6, abs=0.25)
    assert blame.loc[EXCHANGED, "verdict"] == "not blamed"
    assert set(tables["long"]["annotator"]) == {"annotator", "judge"}
    assert set(tables["long"]["iteration"]) == {4}
    page, markdown = (reduced.load(f"validation_{name}", env="validation") for name in ("page", "markdown"))
    assert "<h1" in page
    for text in (page, markdown):
        assert "arrangements with planted effects that blame the right factors" in text
        assert "Whom the bench blames" in text
    check_refusals(reduced)


def check_recovery(recovery) -> None:
    of_arm = recovery[(recovery["method"] == RATINGS) & (recovery["category"] == "20-39")].set_index(
        ["arm", "replicate", "label"]
    )
    shipped, leaking = ARMS.values()
    # The shipped describer names only the emotion, and nearly always the right one.
    assert of_arm.loc[(shipped, 0, "happiness"), "planted"] > 0.5
    assert of_arm.loc[(shipped, 0, "anger"), "planted"] == pytest.approx(0.2, abs=0.21)
    # A person who is described whole is drawn again: planted and drawn shares are those of the originals, or near.
    own = recovery[(recovery["arm"] == leaking) & (recovery["label"] == "(all)") & (recovery["attribute"] == "gender")]
    assert (own["planted"] - own["drawn"]).abs().max() < 0.2
    labels = recovery[(recovery["label"] != "(all)") & (recovery["method"] == RATINGS) & recovery["passed"].notna()]
    assert labels["passed"].mean() > 0.85


def check_refusals(reduced) -> None:
    with pytest.raises(
        StudyError, match=r"validation\.worlds\.shipped names 'nowhere', which is none of miniature\.worlds"
    ):
        reduced.run("validation", env="validation", validation__worlds={"shipped": "nowhere"})
    with pytest.raises(StudyError, match=r"validation\.factor: 'sampler' is no factor of the grid"):
        reduced.run("validation", env="validation", validation__factor="sampler")
