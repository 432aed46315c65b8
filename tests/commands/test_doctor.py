"""`kedro doctor`: each line says OK or what to do, and the exit status says whether something is missing."""

import shutil
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner

from broken_telephone.cli import cli
from broken_telephone.commands import installed, machine
from broken_telephone.commands.check import MISSING, NOTE, OK, shown_size
from broken_telephone.commands.installed import extras_used
from broken_telephone.commands.weights import check_weights, model_settings


def doctor(*arguments: str) -> tuple[int, dict[str, tuple[str, str]], str]:
    """Return the exit status, what -> outcome and text, and the whole output."""
    result = CliRunner().invoke(cli, ["doctor", *arguments])
    assert "Traceback" not in result.output
    lines = [line.split(None, 1) for line in result.output.splitlines() if line.startswith((OK, NOTE, MISSING))]
    checks = {}
    for outcome, rest in lines:
        what, _, text = rest.partition("  ")
        checks[what.strip()] = (outcome, text.strip())
    return result.exit_code, checks, result.output


@pytest.fixture
def changed(project):
    """A function that changes settings of the base study."""
    file = project.path / "conf/base/parameters.yml"

    def change(**groups):
        settings = yaml.safe_load(file.read_text())
        for name, values in groups.items():
            settings[name] = {**settings[name], **values} if isinstance(values, dict) else values
        file.write_text(yaml.safe_dump(settings))

    return change


def test_a_study_that_runs_is_well(project, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_" + "s" * 34)
    before = project.files("data")
    status, checks, output = doctor()
    assert status == 0, output
    assert not [what for what, (outcome, _) in checks.items() if outcome == MISSING]
    assert project.files("data") == before
    assert checks["hub token"] == (OK, "present")
    assert "s" * 10 not in output
    size = sum(file.stat().st_size for file in (project.path / "data/06_models/generator").rglob("*.safetensors"))
    assert checks["generator"][1].endswith(f"{size / 1e6:.1f} MB")
    for name in ("versions", "packages", "settings", "data set", "results", "device", "memory", "disk"):
        assert checks[name][0] == OK, name


@pytest.mark.usefixtures("project")
def test_the_base_studys_annotator_is_its_describer():
    """`annotator: {}` states no model of its own, which is no fault."""
    status, checks, output = doctor("--env", "miniature_activity")
    assert status == 0, output
    assert checks["settings"][0] == OK
    assert " 0.0 GB" not in output
    listed = CliRunner().invoke(cli, ["studies"]).output
    assert "cannot be used" not in listed
    assert [line.split()[0] for line in listed.splitlines()][1] == "miniature"


@pytest.mark.parametrize(("size", "shown"), [(26.6e6, "26.6 MB"), (1.44e9, "1.4 GB"), (0, "0.0 MB")])
def test_sizes_have_a_unit_that_shows_them(size, shown):
    assert shown_size(size) == shown


def test_missing_weights_and_data_are_named(project, changed):
    shutil.rmtree(project.path / "data/06_models/describer")
    (project.path / "data/06_models/embedder/model.safetensors").unlink()
    changed(data_root="data/01_raw/nowhere")
    status, checks, output = doctor()
    assert status == 1
    assert checks["describer"][0] == MISSING
    assert "data/06_models/describer does not exist: correct describer.path" in checks["describer"][1]
    assert "holds no weights" in checks["embedder"][1]
    assert "data/01_raw/nowhere does not exist" in checks["data set"][1]
    assert "Missing: 3." in output


def test_settings_that_cannot_be_used_are_the_first_thing_to_mend(project, changed):
    changed(loop={"iterations": 0})
    status, checks, _ = doctor()
    assert status == 1
    assert checks["settings"][0] == MISSING
    assert "iterations" in checks["settings"][1]
    assert doctor("--env", "nope")[0] == 1
    assert "There is no study 'nope'" in doctor("--env", "nope")[2]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"import": {"layout": "loops"}}, "import: import.root is missing"),
        ({"proposer": {"endpoint": "http://localhost:1/v1", "model": 3}}, "proposer: 'model'"),
        ({"further_annotators": {"mine": {"tabel": "a.csv"}}}, "Settings of the further_annotators.mine"),
    ],
)
def test_settings_of_imports_proposers_and_further_annotators_are_checked(project, changed, groups, message):
    changed(**groups)
    status, checks, _ = doctor()
    assert status == 1
    assert checks["settings"][0] == MISSING
    assert message in checks["settings"][1]


def test_annotators_of_faces_use_the_studys_detector(project, changed):
    changed(annotator={"function": "json.dumps", "reads": "face"})
    assert doctor()[1]["settings"][0] == OK


def test_the_folder_and_files_of_an_import_are_looked_for(project, changed):
    changed(**{"import": {"layout": "loops", "root": "data/01_raw/elsewhere", "files": ["a.json", "b.json"]}})
    status, checks, _ = doctor()
    assert (status, checks["import"][0]) == (1, MISSING)
    assert "import.root: the folder data/01_raw/elsewhere does not exist" in checks["import"][1]
    folder = project.path / "data/01_raw/elsewhere"
    folder.mkdir()
    (folder / "a.json").write_text("{}")
    assert "import.files: b.json not in" in doctor()[1]["import"][1]
    (folder / "b.json").write_text("{}")
    assert doctor()[1]["import"] == (OK, "data/01_raw/elsewhere (loops)")


def test_tables_and_functions_of_annotators_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "labels_of_mine.py").write_text("def label(images):\n    return []\n\n\nNUMBER = 3\n")
    (tmp_path / "broken_labels.py").write_text("raise RuntimeError('no licence')\n")
    (tmp_path / "answers.csv").write_text("image,gender\n")
    names = {"good": "labels_of_mine.label", "absent": "labels_of_mine.labels", "number": "labels_of_mine.NUMBER"}
    further = {name: {"function": function} for name, function in names.items()}
    further |= {"broken": {"function": "broken_labels.label"}, "lost": {"table": str(tmp_path / "lost.csv")}}
    models = model_settings({"annotator": {"table": str(tmp_path / "answers.csv")}, "further_annotators": further})
    checks = {check.what.rpartition(".")[2]: check for check in check_weights(models)[0]}
    assert {name for name, check in checks.items() if check.outcome == OK} == {"annotator", "good"}
    assert {name for name, check in checks.items() if check.outcome == MISSING} == {
        "absent",
        "number",
        "broken",
        "lost",
    }
    assert "no licence" in checks["broken"].text
    assert "correct further_annotators.lost.table" in checks["lost"].text


def test_models_of_the_hub_are_looked_for_in_the_cache(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    models = {"generator": {"hub": "some/model"}, "describer": {"hub": "some/model", "revision": "abc"}}
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    checks, _ = check_weights(models)
    assert [check.outcome for check in checks] == [NOTE, NOTE]
    assert "hf download some/model --revision abc" in checks[1].text
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert [check.outcome for check in check_weights(models)[0]] == [MISSING, MISSING]
    # As the hub's client stores a download of main.
    folder = tmp_path / "models--some--model"
    (folder / "snapshots/123").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("123")
    (folder / "snapshots/123/model.safetensors").write_bytes(b"0" * 2_000_000)
    checks, sizes = check_weights(models)
    assert [check.outcome for check in checks] == [OK, MISSING]
    assert sizes == {"generator": 2_000_000, "describer": 0}


def test_presets_adapters_and_endpoints_are_found_in_the_settings(monkeypatch):
    for name in ("OPENAI_API_KEY", "MY_HEADER"):
        monkeypatch.delenv(name, raising=False)
    parameters = {
        "generator": {"preset": "sd35_large", "lora": {"path": "nowhere/lora"}},
        "describer": {"endpoint": "http://localhost:1/v1", "model": "m", "header_variables": {"X": "MY_HEADER"}},
        "annotator": {},
        "further_annotators": {"large": {"endpoint": "http://localhost:2/v1", "model": "m"}},
        "loop": {"executor": "ray"},
        "miniature": {"describer_adapter": {"rank": 8}, "adapter": {"rank": 8}},
    }
    checks = {check.what: check for check in check_weights(model_settings(parameters))[0]}
    assert set(checks) == {"generator", "generator.lora", "describer", "further_annotators.large"}
    assert "stabilityai/stable-diffusion-3.5-large" in checks["generator"].text
    assert checks["generator.lora"].outcome == MISSING
    assert checks["describer"] == ("describer", MISSING, checks["describer"].text)
    assert "MY_HEADER is not set" in checks["describer"].text
    assert checks["further_annotators.large"].outcome == NOTE
    monkeypatch.setenv("MY_HEADER", "secret value")
    monkeypatch.setenv("OPENAI_API_KEY", "secret key")
    after = check_weights(model_settings(parameters))[0]
    assert not [check for check in after if "secret" in check.text]
    assert {check.outcome for check in after if "endpoint" in check.what or "describer" in check.what} == {OK}
    assert extras_used(parameters) == {
        "adapters": "generator.lora.path",
        "endpoint": "describer.endpoint",
        "ray": "loop.executor",
    }


def test_a_missing_extra_counts_only_if_the_study_needs_it(monkeypatch):
    version = installed.version

    def without_ray(name):
        if name == "ray":
            raise installed.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(installed, "version", without_ray)
    needed = {check.what: check for check in installed.check_extras({"ray": "loop.executor"})}
    assert needed["extra ray"].outcome == MISSING
    assert "pip install ray (loop.executor needs it)" in needed["extra ray"].text
    unneeded = list(installed.check_extras({}))
    assert {check.outcome for check in unneeded} == {NOTE}
    assert "ray" in unneeded[0].text


def test_old_and_absent_packages_of_the_base_install_are_missing(monkeypatch):
    assert installed.check_packages().outcome == OK
    versions = {"pandas": "1.0"}
    original = installed.version
    monkeypatch.setattr(installed, "version", lambda name: versions.get(name) or original(name))
    assert "pandas is 1.0, not >=2.2" in installed.check_packages().text
    assert installed.check_packages().outcome == MISSING


def test_devices_memory_and_disk_are_compared_with_what_the_study_needs(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert machine.check_devices({"generator": {"device": "auto"}, "parser": {"device": "cpu"}}).outcome == OK
    lacking = machine.check_devices({"generator": {"device": "cuda:1"}})
    assert lacking.outcome == MISSING
    assert "generator.device is cuda:1" in lacking.text
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(available=10e9))
    sizes = {"generator": 6_000_000_000, "describer": 7_000_000_000, "embedder": 10**12}
    assert machine.check_memory(sizes, "one").outcome == OK
    both = machine.check_memory(sizes, "both")
    assert both.outcome == NOTE
    assert "set loop.residency: one" in both.text
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: SimpleNamespace(free=5e9))
    assert machine.check_disk(str(tmp_path / "not/yet"), 100, 3, 512 * 512).outcome == OK
    # 53,000 chains of 3 images: 53,000 x 3 x 768 x 768 x 3 bytes, before compression.
    full = machine.check_disk(str(tmp_path), 53_000, 3, 768 * 768)
    assert full.outcome == MISSING
    assert "make room" in full.text


def test_results_that_cannot_be_written_are_missing(project, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("broken_telephone.commands.data_folders.tempfile.TemporaryFile", refuse)
    status, checks, _ = doctor()
    assert status == 1
    assert checks["results"][0] == MISSING
    assert "Read-only file system" in checks["results"][1]
