"""Benchmarks whose figures the docs quote: each runs, in its smallest form."""

import importlib.util
import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(file.stem for file in BENCHMARKS.glob("*.py") if "__main__" in file.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("plain_report")
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_benchmark_runs_in_its_smallest_form(name, monkeypatch, capfd):
    monkeypatch.syspath_prepend(BENCHMARKS)
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(["--tiny"])
    assert capfd.readouterr().out.strip()


def test_every_script_of_the_table_takes_a_file_for_its_rows(monkeypatch, capsys):
    monkeypatch.syspath_prepend(BENCHMARKS)
    for name in runpy.run_path(str(BENCHMARKS / "all.py"))["SCRIPTS"]:
        main = runpy.run_path(str(BENCHMARKS / f"{name}.py"))["main"]
        with pytest.raises(SystemExit, match="0"):
            main(["--help"])
        assert "--rows ROWS" in capsys.readouterr().out, name


def test_a_benchmark_runs_as_a_script(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["agreement.py", "--help"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(BENCHMARKS / "agreement.py"), run_name="__main__")
    assert "--tiny" in capsys.readouterr().out
