"""What works with each family of describers and generators: each is built tiny, with random weights.

    python benchmarks/families.py                         writes docs/families.md, in about two minutes
    python benchmarks/families.py --tiny                  prints one describer and one generator

Every cell compares the project with a direct use of transformers or diffusers (`tests/helpers/family_rows.py`).
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write or print the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="print one describer and one generator")
    asked = parser.parse_args(arguments)
    import family_rows as rows

    describers, generators = list(rows.DESCRIBERS), list(rows.GENERATORS)
    if asked.tiny:
        describers, generators = describers[:1], generators[:1]
    with tempfile.TemporaryDirectory() as folder:
        tables = [
            _table(describers, rows.describer_row, Path(folder) / "describers"),
            _table(generators, rows.generator_row, Path(folder) / "generators"),
        ]
    template = (Path(__file__).parent / "families.md").read_text(encoding="utf-8")
    page = template.format(describers=tables[0], generators=tables[1])
    if asked.tiny:
        print(page)
    else:
        (ROOT / "docs" / "families.md").write_text(page, encoding="utf-8")


def _table(names: Sequence[str], row_of: Callable[[str, Path], dict[str, str]], folder: Path) -> str:
    rows = [row_of(name, folder / name) for name in names]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
