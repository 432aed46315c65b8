"""The table of benchmarks: rows of scripts that are not measured again stay on the page."""

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PAGE = "# Benchmarks\n\n<!-- benchmarks: begin -->\n<!-- benchmarks: end -->\n\n| question | script |\n|---|---|\n"


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("all")


def test_the_table_stands_between_the_markers_and_is_read_again(table, tmp_path, monkeypatch, capsys):
    from rows import Row

    page = tmp_path / "benchmarks.md"
    page.write_text(PAGE)
    values = iter([(1.5, "annotation"), (1234.5, "report"), (2.5, "annotation")])

    def measure(script, _tiny):
        value, of = next(values)
        assert script == of
        row = Row(f"speed of {script}", value, "times", "the slow way")
        return [table._cells(table.SCRIPTS[script], row, [{"float32": 10.0}, {"float32": 20.0}])]

    monkeypatch.setattr(table, "measure", measure)
    table.main(["annotation", "report", "--page", str(page)])
    table.main(["annotation", "--page", str(page)])
    text = page.read_text()
    rows = table.earlier_rows(text)
    rate = "15 (float32)"
    assert rows == [
        ["annotation", "speed of annotation", "2.50 times", "the slow way", rate],
        ["report", "speed of report", "1,234 times", "the slow way", rate],
    ]
    # The rest of the page is untouched.
    assert text.startswith("# Benchmarks\n\n<!-- benchmarks: begin -->\n")
    assert text.endswith("<!-- benchmarks: end -->\n\n| question | script |\n|---|---|\n")
    assert "2.50 times" in capsys.readouterr().out


def test_a_page_without_markers_is_refused(table):
    with pytest.raises(ValueError, match="no <!-- benchmarks: begin -->"):
        table.with_table("# Benchmarks\n", [])


def test_rows_survive_their_file_and_rates_are_measured(table, tmp_path):
    import rows

    stated = [rows.Row("speed", 1.5, "times", "the slow way")]
    rows.save(tmp_path / "rows.json", stated)
    assert rows.read(tmp_path / "rows.json") == stated
    rates = rows.matrix_rates(0.01)
    assert set(rates) == {"float32", "bfloat16"}
    assert all(rate > 0 for rate in rates.values())
