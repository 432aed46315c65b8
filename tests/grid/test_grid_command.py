"""`kedro grid`: its arms are the studies that they would be by themselves."""

import pytest
import yaml
from test_reuse import RESULTS, extended, pictures_and_texts

from broken_telephone import grid_command
from broken_telephone.datasets.shared_models import keep_models, model_of, shared_models
from broken_telephone.errors import StudyError
from broken_telephone.grid_command import Grid, run_arms

FACTORS = {
    "generator": {"shipped": {}, "guided": {"generator": {"guidance": 1.5}}},
    "describer": {"shipped": {}, "short": {"describer": {"max_new_tokens": 3}}},
}
ANNOTATOR = {"path": "data/06_models/describer", "max_new_tokens": 4}
ARMS = [
    f"miniature-{generator}-{describer}" for generator in ("shipped", "guided") for describer in ("shipped", "short")
]


@pytest.fixture
def grid_project(project, monkeypatch):
    """A project with a grid; no report is written, because a process of its own would take most of the time."""
    file = project.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    settings["annotator"] = ANNOTATOR
    settings["grid"] = {"factors": FACTORS, "explain": False}
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    monkeypatch.setattr(grid_command, "report_study", no_report)
    return project


def no_report(env, params):
    return grid_command.EndedRun(None, f"no report of {env}")


def run(**params):
    grid = Grid(None, params)
    grid.write_settings()
    return run_arms(grid)


def test_arms_are_the_studies_that_they_would_be_by_themselves(grid_project):
    assert run() == {}
    for study, factors in zip(ARMS, [(g, d) for g in ({}, 1) for d in ({}, 1)], strict=True):
        settings = {"explain": {"chains_per_label": 0}}
        if factors[0]:
            settings |= FACTORS["generator"]["guided"]
        if factors[1]:
            settings |= FACTORS["describer"]["short"]
        extended(grid_project, "alone", settings)
        for pipeline in ("loop", "annotation", "similarity"):
            grid_project.run(pipeline, env="alone")
        assert pictures_and_texts(grid_project, study) == pictures_and_texts(grid_project, "alone")
        for entry in (*RESULTS, "similarities"):
            assert grid_project.load(entry, env=study).equals(grid_project.load(entry, env="alone")), (study, entry)
        made = grid_project.load("loop_manifest", env=study)["adopted"]["descriptions"]
        assert made == ({"miniature-shipped-" + study.split("-")[2]: 7} if study.startswith("miniature-guided") else {})
        for place in ("conf/alone", *(f"data/{layer}/alone" for layer in ("02_intermediate", "03_primary"))):
            remove(grid_project.path / place)
        for layer in ("04_feature", "07_model_output", "08_reporting"):
            remove(grid_project.path / f"data/{layer}/alone")


def remove(folder) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def test_an_arm_that_fails_loses_no_other_and_the_same_command_goes_on(grid_project, monkeypatch):
    original, failing = grid_command.run_study, [ARMS[1]]

    def run_study(env, pipelines, params):
        if env in failing:
            params = {**params, "dataset": {"source": "nonsense"}}
        return original(env, pipelines, params)

    monkeypatch.setattr(grid_command, "run_study", run_study)
    monkeypatch.setattr(grid_command, "_compared", lambda grid, finished: {})
    with pytest.raises(StudyError, match=rf"3 of 4 arms are finished. These failed:\n  {ARMS[1]}: "):
        grid_command.run_grid(None, {})
    assert not (grid_project.path / f"data/03_primary/{ARMS[1]}").exists()
    before = pictures_and_texts(grid_project, ARMS[3])
    failing.clear()
    grid_command.run_grid(None, {})
    assert grid_project.load("loop_manifest", env=ARMS[1])["complete"]
    # The other arms had nothing left to do.
    assert pictures_and_texts(grid_project, ARMS[3]) == before
    sessions = grid_project.load("loop_manifest", env=ARMS[3])["sessions"]
    assert len(sessions) == 2  # one that adopted, and one that made


def test_describers_that_would_label_their_own_arms_are_refused(grid_project):
    file = grid_project.path / "conf/base/parameters.yml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"annotator": {}}))
    with pytest.raises(StudyError, match="arms have different describers"):
        Grid(None, {})


def test_settings_of_arms_extend_the_base_study_and_replace_no_study_of_somebody_else(grid_project):
    grid = Grid(None, {})
    grid.write_settings()
    assert grid_project.load("params:generator.guidance", env=ARMS[2]) == 1.5
    assert grid_project.load("params:generator.steps", env=ARMS[2]) == 1
    assert grid_project.load("params:rating.database", env=ARMS[2]).endswith(f"{ARMS[2]}/ratings.sqlite")
    (grid_project.path / "conf" / ARMS[0] / "globals.yml").write_text(f"study: {ARMS[0]}\n")
    with pytest.raises(StudyError, match="was not written by `kedro grid`"):
        grid.write_settings()


def test_a_study_extends_another_one_and_no_circle(project):
    extended(project, "first", {"loop": {"iterations": 5}, "chains": {"count": 4}})
    extended(project, "second", {"loop": {"iterations": 6}}, extends="first")
    extended(project, "third", {}, extends="second")
    assert project.load("params:loop.iterations", env="third") == 6
    assert project.load("params:chains.count", env="third") == 4
    assert project.load("params:study", env="third") == "third"
    (project.path / "conf/first/globals.yml").write_text("study: first\nextends: third\n")
    with pytest.raises(StudyError, match="extends this study, too"):
        project.load("params:study", env="third")
    (project.path / "conf/first/globals.yml").write_text("study: first\nextends: nowhere\n")
    with pytest.raises(StudyError, match="there is no folder 'nowhere'"):
        project.load("params:study", env="first")


def test_a_level_that_names_another_model_takes_no_setting_of_the_first(project):
    extended(project, "first", {"describer": {"hub": "some/model", "max_new_tokens": 9}})
    extended(project, "second", {"describer": {"hub": "other/model"}}, extends="first")
    assert project.load("params:describer", env="second") == {"hub": "other/model"}


def test_shared_models_are_made_once_and_freed_when_a_study_does_not_use_them(project):
    settings = {"path": "data/06_models/describer"}
    with shared_models():
        one = model_of("describer", settings, "describer")
        one.load()
        assert model_of("describer", dict(settings), "describer") is one
        assert model_of("describer", {**settings, "max_new_tokens": 3}, "describer") is not one
        keep_models({"describer": settings})
        assert model_of("describer", settings, "describer") is one
        keep_models({"describer": {**settings, "max_new_tokens": 5}})
        assert one._loaded is None
        assert model_of("describer", settings, "describer") is not one
    assert model_of("describer", settings, "describer") is not model_of("describer", settings, "describer")
