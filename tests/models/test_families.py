"""Families of models, built tiny: what the page says of each is what is measured now."""

import re
from pathlib import Path

import pytest
from family_rows import DESCRIBERS, GENERATORS, describer_row, generator_row

PAGE = (Path(__file__).parents[2] / "docs/families.md").read_text(encoding="utf-8")


def rows() -> dict[str, list[str]]:
    """The rows of both tables of the page by family."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return {line[0]: line for line in lines if len(line) > 2}


@pytest.mark.parametrize("family", DESCRIBERS)
def test_the_page_tells_what_works_with_a_describer(family, tmp_path):
    row = describer_row(family, tmp_path / family)
    assert list(row.values()) == rows()[family]
    # The name of a model's folder stands in a reason.
    assert not [cell for cell in row.values() if re.match("ERROR|differs|wrote|the support", cell)]
    assert row["closed"].startswith("yes")


@pytest.mark.parametrize("family", GENERATORS)
def test_the_page_tells_what_works_with_a_generator(family, tmp_path):
    row = generator_row(family, tmp_path / "generator")
    assert list(row.values()) == rows()[family]
    cells = [row[name] for name in ("loop", "batch equals single", "truncation")]
    assert cells == ["yes", "one at a time" if "unified" in family else "yes", "yes"]
    assert re.match("yes|refused", row["guidance acts"])


def test_the_page_has_every_family():
    assert {*DESCRIBERS, *GENERATORS} < rows().keys()
    assert len(DESCRIBERS) >= 24
    assert len(GENERATORS) >= 18
