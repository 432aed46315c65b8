"""All benchmarks of speed and memory, one after the other, as one table in the documentation.

    python benchmarks/all.py                      all of them; 30 to 60 minutes on two processors
    python benchmarks/all.py annotation report    these; the other rows of the table stay
    python benchmarks/all.py --tiny               one script in its smallest form; the table is only printed

Each script runs in a process of its own. Every figure is a ratio within one run, because times differ between machines
and, on a shared machine, between hours. Before and after each script, the rate of plain matrix products is measured: it
tells how fast the machine was just then. The table goes between two markers of docs/benchmarks.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rows import Row, matrix_rates, read

BENCHMARKS = Path(__file__).parent
PAGE = BENCHMARKS.parent / "docs/benchmarks.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
SCRIPTS = {
    "loop": "describing and drawing",
    "annotation": "annotation",
    "explainability": "explainability",
    "report": "report",
    "many_chains": "many chains",
    "after_loop": "a finished loop",
}
"""Script -> what its rows are about."""
SMALLEST = "annotation"
"""The script that takes least in its smallest form."""
_HEADER = ("part", "measured", "figure", "compared with, in the same run", "matrix products, GFLOP/s")


def measure(script: str, tiny: bool) -> list[list[str]]:
    """Run a script in a process of its own; return its rows as cells."""
    rates = [matrix_rates()]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "rows.json"
        command = [
            sys.executable,
            str(BENCHMARKS / f"{script}.py"),
            "--rows",
            str(place),
            *(["--tiny"] if tiny else []),
        ]
        paths = os.pathsep.join([str(BENCHMARKS), *sys.path])
        # Its own output goes on the screen, and the table behind it.
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": paths})
        rows = read(place)
    rates.append(matrix_rates())
    return [_cells(SCRIPTS[script], row, rates) for row in rows]


def _cells(part: str, row: Row, rates: Sequence[Mapping[str, float]]) -> list[str]:
    means = {name: sum(one[name] for one in rates) / len(rates) for name in rates[0]}
    stated = ", ".join(f"{rate:,.0f} ({name})" for name, rate in means.items())
    return [part, row.what, _figure(row), row.compared, stated]


def _figure(row: Row) -> str:
    digits = 0 if row.value >= 100 else 1 if row.value >= 10 else 2
    return f"{row.value:,.{digits}f} {row.unit}"


def earlier_rows(page: str) -> list[list[str]]:
    """Return the cells of the table that a page has."""
    table = page.partition(BEGIN)[2].partition(END)[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def with_table(page: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a page with a table between the markers.

    Raises:
        ValueError: if the page lacks one of them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} with an {END} after it")
    return f"{before}{BEGIN}\n\n{as_table(rows)}\n\n{END}{after}"


def as_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (_HEADER, ["---"] * len(_HEADER), *rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*", choices=[*SCRIPTS, []], metavar="script", help=", ".join(SCRIPTS))
    parser.add_argument("--page", type=Path, default=PAGE, help="has the two markers")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.tiny:
        print(as_table(measure(SMALLEST, True)))
        return
    scripts = asked.scripts or list(SCRIPTS)
    for script in scripts:
        # What is measured is on the page, also if a later script fails.
        rows, page = measure(script, False), asked.page.read_text(encoding="utf-8")
        parts = list(SCRIPTS.values())
        kept = [row for row in earlier_rows(page) if row[0] != SCRIPTS[script]]
        table = sorted([*kept, *rows], key=lambda row: parts.index(row[0]) if row[0] in parts else len(parts))
        asked.page.write_text(with_table(page, table), encoding="utf-8")
    print(as_table(earlier_rows(asked.page.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
