"""`kedro studies`: how complete each study is, against counts of the files; broken studies are named."""

import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from broken_telephone.cli import cli


def studies() -> tuple[dict[str, dict[str, str]], str]:
    """Return --env (`base` for the base study) -> cells by column, and the whole output."""
    result = CliRunner().invoke(cli, ["studies"])
    assert result.exit_code == 0, result.output
    header, *lines = result.output.splitlines()
    starts = [header.index(name) for name in header.split()]
    rows = {}
    for line in (line for line in lines if "cannot be used" not in line):
        cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        row = dict(zip(header.split(), cells, strict=True))
        rows[row["--env"] or "base"] = row
    return rows, result.output


def state(env: str = "base") -> tuple[str, ...]:
    row = studies()[0][env]
    return tuple(row[name] for name in ("chains", "iterations", "images", "annotated", "report"))


def test_a_study_is_followed_from_its_settings_to_its_report(project):
    before = project.files("data")
    assert state() == ("-", "-", "-", "-", "no")
    assert project.files("data") == before
    project.run("ingestion")
    chains = len(project.load("chains"))
    assert state() == (str(chains), "0 of 2", f"0 of {2 * chains}", "no", "no")
    project.run("loop", loop__iterations=1)
    assert state()[:3] == (str(chains), "1 of 2", f"{chains} of {2 * chains}")
    project.run("loop")
    assert state() == (str(chains), "2 of 2", f"{2 * chains} of {2 * chains}", "no", "no")
    project.run("annotation")
    assert state()[3] == "yes"
    # The name of a version is the time of its run.
    for version, shown in (("2000-01-01T00.00.00.000Z", "old, 2000-01-01"), ("2999-01-01T00.00.00.000Z", "2999-01-01")):
        folder = project.path / f"data/08_reporting/miniature/report.html/{version}"
        folder.mkdir(parents=True)
        (folder / "report.html").touch()
        assert state()[4] == shown
    # With a further iteration, the annotations are of fewer pictures than there are.
    project.run("loop", loop__iterations=3)
    file = project.path / "conf/base/parameters.yml"
    settings = yaml.safe_load(file.read_text())
    settings["loop"]["iterations"] = 3
    file.write_text(yaml.safe_dump(settings))
    assert state()[1:4] == ("3 of 3", f"{3 * chains} of {3 * chains}", "old")


def test_a_stopped_loop_is_counted_by_its_journal(project):
    project.run("loop", loop__iterations=1)
    chains = len(project.load("chains"))
    folder = project.path / "data/03_primary/miniature"
    (folder / "loop_manifest.json").unlink()
    record = next((folder / "loop_batches/001_draw").iterdir())
    key = f"001_draw/{record.stem}"
    lost = len(project.load("loop_batches")[key]()["images"])
    record.unlink()
    assert state()[:3] == (str(chains), "0 of 2", f"{chains - lost} of {2 * chains}")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("lop: {iterations: 1}", "There is no setting 'lop'"),
        ("loop: {iteration: 1}", "'iteration' is not a setting here"),
        ("loop: {iterations: 0}", "'iterations': input should be greater than or equal to 1"),
        ("generator: {preset: nonsense}", "There is no generator preset 'nonsense'"),
        ("loop: [", "cannot be read as YAML"),
        ("embedding: {batch: x}", "a whole number from 1, or auto"),
    ],
)
def test_a_broken_study_is_listed_with_the_reason_and_the_others_are_listed(project, settings, reason):
    folder = project.path / "conf/broken"
    folder.mkdir()
    (folder / "globals.yml").write_text("study: broken\n")
    (folder / "parameters.yml").write_text(settings + "\n")
    rows, output = studies()
    assert "broken" not in rows
    assert {"base", "raf_emotion", "miniature_activity"} <= rows.keys()
    line = next(line for line in output.splitlines() if line.startswith("conf/broken cannot be used"))
    assert reason in line


def test_a_damaged_table_and_a_bad_name_are_reasons_too(project):
    project.run("ingestion")
    (project.path / "data/03_primary/miniature/chains.parquet").write_bytes(b"damaged")
    folder = project.path / "conf/unnamed"
    folder.mkdir()
    (folder / "globals.yml").write_text("study: on\n")
    (folder / "parameters.yml").touch()
    output = studies()[1]
    assert "conf/base cannot be used: " in output
    assert "chains.parquet is no table" in output
    assert "conf/unnamed cannot be used: " in output
    assert "YAML reads True (true or false) here" in output


@pytest.mark.parametrize("command", [["--help"], ["studies"], ["new-study"], ["doctor", "--help"], ["forget", "x"]])
def test_no_command_imports_torch_before_it_needs_it(project, command):
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from broken_telephone.cli import cli\n"
        f"CliRunner().invoke(cli, {command!r})\n"
        "print([name for name in ('torch', 'transformers', 'diffusers') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_no_tables_and_no_statistics():
    code = (
        "import sys\n"
        "import broken_telephone.cli\n"
        "print([name for name in ('pandas', 'scipy', 'matplotlib', 'sqlalchemy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
