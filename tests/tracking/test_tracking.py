"""Runs that MLflow records: what, where, and what happens if it fails."""

import json
import socket
import sqlite3
from pathlib import Path
from urllib.parse import urlparse

import pandas as pd
import pytest
from small_study import small_study

from broken_telephone.commands.installed import extras_used
from broken_telephone.commands.settings_check import GROUPS
from broken_telephone.errors import StudyError
from broken_telephone.loop import LoopSettings
from broken_telephone.tracking import TABLES, TrackingSettings, TrackingStore, record_of
from broken_telephone.tracking.recorded import flattened

STORE = "sqlite:///data/tracking.db"


@pytest.fixture
def no_network(monkeypatch):
    """Lets every connection to another machine fail, and records it."""
    tried = []

    def connect(self, address):
        tried.append(address)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def read(project: Path, sql: str) -> list[tuple]:
    with sqlite3.connect(project / "data/tracking.db") as database:
        return database.execute(sql).fetchall()


def artifacts(project: Path) -> dict[str, Path]:
    ((place,),) = read(project, "select artifact_uri from runs")
    folder = Path(urlparse(place).path)
    assert folder.is_relative_to(project / "data/tracking_files")
    return {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}


def test_a_run_is_recorded_with_its_settings_and_counts(project, no_network, caplog):
    project.run("loop", tracking__store=STORE, loop__iterations=1)
    path = project.path
    assert read(path, "select name, status from runs") == [("miniature loop", "FINISHED")]
    settings = dict(read(path, "select key, value from params"))
    assert settings["loop.iterations"] == "1"
    assert settings["generator.guidance"] == "3.0"
    assert settings["chains.concept"] == "emotion"
    manifest = json.loads((path / "data/03_primary/miniature/loop_manifest.json").read_text())
    metrics = dict(read(path, "select key, value from metrics"))
    assert metrics["loop/images"] == manifest["counts"]["images"]
    from mlflow.telemetry.utils import is_telemetry_disabled

    tags = dict(read(path, "select key, value from tags"))
    assert tags["settings digest"] == manifest["digest"]
    assert is_telemetry_disabled()
    assert not no_network
    assert not [record for record in caplog.records if record.levelname == "WARNING" and "MLflow" in record.message]


def test_tables_and_pages_are_recorded_but_no_pictures(tmp_path, no_network):
    tables = small_study().tables
    results = {**tables, "report": "<p>The report.</p>", "loop_images": {"a/1": b"\x89PNG"}}
    record = record_of("mine", "whole study", {"report": {"seed": 1}}, results)
    store = TrackingStore(TrackingSettings(store=STORE, experiment="drift"), tmp_path)
    store.write(record, 1000, 2000)
    files = artifacts(tmp_path)
    expected = {f"tables/{name}.csv" for name in TABLES if len(tables.get(name, ()))}
    assert "tables/findings.csv" in expected
    assert set(files) == expected | {"report.html"}
    assert files["report.html"].read_text() == "<p>The report.</p>"
    written = pd.read_csv(files["tables/findings.csv"])
    findings = tables["findings"]
    assert list(written.columns) == list(findings.columns)
    assert written["value"].to_numpy() == pytest.approx(findings["value"].astype(float).to_numpy(), nan_ok=True)
    metrics = dict(read(tmp_path, "select key, value from metrics"))
    for verdict in ("rise", "fall", "no significant change", "not enough data to tell"):
        count = sum(each == verdict for each in findings["verdict"].astype(str))
        assert metrics.get(f"findings/{verdict}", 0) == count
    rows = findings[(findings["label"] == "(all)") & (findings["family"] == "shares")].dropna(subset=["value"])
    changes = {name: value for name, value in metrics.items() if name.startswith("change of shares/")}
    assert sorted(changes.values()) == pytest.approx(sorted(rows["value"].astype(float)))
    assert "change of shares/image/gender/female" in changes
    assert read(tmp_path, "select name from experiments where experiment_id > 0") == [("drift",)]
    assert read(tmp_path, "select start_time, end_time from runs") == [(1000, 2000)]
    assert not no_network


def test_a_second_run_joins_the_experiment(tmp_path):
    for name in ("one", "two"):
        store = TrackingStore(TrackingSettings(store=STORE), tmp_path)
        store.write(record_of(name, "loop", {}, {"loop_manifest": {"counts": {"images": 3}}}), 0, 1)
    assert read(tmp_path, "select count(distinct experiment_id), count(*) from runs") == [(1, 2)]


def test_runs_are_recorded_only_if_the_study_asks_and_there_are_results(project):
    project.run("ingestion")
    assert not list((project.path / "data").glob("tracking*"))
    project.run("ingestion", tracking__store=STORE)
    assert read(project.path, "select count(*) from runs") == [(0,)]


def test_a_store_that_does_not_open_ends_the_run_before_it_begins(project):
    with pytest.raises(StudyError, match=r"^tracking\.store: gopher://nowhere does not open \("):
        project.run("loop", tracking__store="gopher://nowhere")
    assert not (project.path / "data/03_primary/miniature/loop_images").exists()


def test_a_store_that_fails_at_the_end_does_not_fail_the_run(project, monkeypatch, caplog):
    def fail(self, *record):
        raise OSError("the disk is full")

    monkeypatch.setattr(TrackingStore, "write", fail)
    project.run("loop", tracking__store=STORE, loop__iterations=1)
    assert (project.path / "data/03_primary/miniature/loop_manifest.json").exists()
    assert "MLflow did not record this run (the disk is full). Its results are saved." in caplog.text


def test_a_result_that_does_not_open_does_not_fail_the_run(project, monkeypatch, caplog):
    def fail(*content):
        raise ValueError("a damaged table")

    monkeypatch.setattr("broken_telephone.tracking.record_of", fail)
    project.run("loop", tracking__store=STORE, loop__iterations=1)
    assert "MLflow did not record this run (a damaged table). Its results are saved." in caplog.text


def test_a_record_that_breaks_off_does_not_seem_to_run_on(tmp_path, monkeypatch):
    store = TrackingStore(TrackingSettings(store=STORE), tmp_path)

    def fail(*content):
        raise OSError("the disk is full")

    monkeypatch.setattr(store._client, "log_text", fail)
    with pytest.raises(OSError, match="the disk is full"):
        store.write(record_of("mine", "reporting", {}, {"report": "<p>The report.</p>"}), 1000, 2000)
    assert read(tmp_path, "select status, end_time from runs") == [("FAILED", 2000)]


def test_without_mlflow_a_sentence_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("broken_telephone.tracking.store.find_spec", lambda name: None)
    with pytest.raises(StudyError, match="needs MLflow, the extra `tracking`: pip install mlflow-skinny"):
        TrackingStore(TrackingSettings(store=STORE), tmp_path)


def test_kedro_doctor_asks_for_the_extra_only_if_a_store_is_stated():
    assert "tracking" not in extras_used({"tracking": {"store": None}})
    assert extras_used({"tracking": {"store": STORE}}) == {"tracking": "tracking.store"}
    assert GROUPS["tracking"] is TrackingSettings


def test_passwords_in_the_address_are_refused_and_not_repeated():
    with pytest.raises(StudyError, match="MLFLOW_TRACKING_PASSWORD") as told:
        TrackingSettings.model_validate({"store": "https://me:hunter2@example.org"})
    assert "hunter2" not in str(told.value)


def test_settings_are_flat_short_and_without_secrets():
    loop = LoopSettings.model_validate({"iterations": 3, "describe_prompt": "Describe."})
    flat = flattened(
        {
            "loop": loop,
            "study": "mine",
            "endpoint": {"url": "https://me:hunter2@example.org"},
            "chains": {"prompts": [{"label": "fear", "text": "x" * 1000}], "empty": {}},
        }
    )
    assert flat["loop.iterations"] == "3"
    assert flat["study"] == "mine"
    assert flat["chains.empty"] == "{}"
    assert len(flat["chains.prompts"]) == 500
    assert "hunter2" not in flat["endpoint.url"]


def test_a_secret_is_known_by_its_name_and_by_that_of_its_group():
    flat = flattened(
        {
            "proposer": {"call": {"password": "plain words", "temperature": 0.5}},
            "endpoint": {"auth": {"user": "me"}},
            "further": [{"api_key": 12345}],
        }
    )
    assert flat["proposer.call.temperature"] == "0.5"
    assert [flat[name] for name in ("proposer.call.password", "endpoint.auth.user", "further")] == ["…"] * 3


def test_names_of_raters_and_paths_of_the_machine_are_not_recorded():
    kept = {
        "data_root": "data/01_raw/portraits",
        "rating": {"database": "sqlite:///data/ratings.sqlite", "per_cell": 2},
        "reuse": ["other_study"],
        "generator": {"hub": "org/model", "prompt": "a face / a smile"},
    }
    left_out = {
        "rating": {"adjudicators": ["Ada Lovelace"]},
        "import": {"root": "/home/ada/results", "files": ["table.csv", "/home/ada/more.csv"]},
        "reuse": ["/home/ada/study"],
        "describer": {"path": "C:\\Users\\ada\\model"},
        "catalog": {"results": "file:///home/ada/results", "database": "sqlite:////home/ada/ratings.sqlite"},
        "editor": {"path": "~ada/editor"},
        "arms": [{"path": "/home/ada/arm"}],
    }
    assert set(flattened(kept)) == {
        *("data_root", "rating.database", "rating.per_cell", "reuse", "generator.hub", "generator.prompt"),
    }
    assert flattened(left_out) == {}
