"""Small worlds for the tests: data sets in the official layouts, tiny models, a project of its own."""

import os
import shutil
from pathlib import Path

import pytest
from project_copies import ROOT, Project, small_project
from raw_data import write_phase, write_raf

# Before anything brings torch along: each of several processes would take all cores.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `generator`, a `describer` and an `embedder`: the real classes with random weights.

    Detector and parser are the shipped ones, which are small.
    """
    from tiny_describers import save_llava_next
    from tiny_embedders import save_clip
    from tiny_generators import save_sd3

    folder = tmp_path_factory.mktemp("models")
    save_sd3(folder / "generator")
    save_llava_next(folder / "describer")
    save_clip(folder / "embedder")
    for name in ("detector", "parser"):
        shutil.copytree(ROOT / "data/06_models" / name, folder / name)
    return folder


@pytest.fixture
def plain_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without the figures of measures, each of which takes half a second to save."""
    monkeypatch.setattr("broken_telephone.pipelines.reporting.pages.saved_figures", lambda plans, earlier=None: {})
    # Few are left to draw: starting processes for them would take longer.
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture
def raf(tmp_path: Path) -> Path:
    """RAF-DB in its official layout, two portraits per emotion and split."""
    return write_raf(tmp_path / "raf")


@pytest.fixture
def phase(tmp_path: Path) -> Path:
    """PHASE in its layout, two pictures per activity in the val split, one in the train split."""
    return write_phase(tmp_path / "phase")


@pytest.fixture
def project(tmp_path: Path, model_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of the test's own, see `small_project`, which is the current folder."""
    path = small_project(tmp_path / "project", model_folders)
    monkeypatch.chdir(path)
    return Project(path)
