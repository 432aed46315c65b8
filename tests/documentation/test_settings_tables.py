"""The settings on docs/settings.md are those of the code, with their values, defaults and meanings."""

import re
from collections.abc import Iterator
from typing import get_args, get_origin

import pytest
import yaml
from project_copies import ROOT
from pydantic import BaseModel

from broken_telephone.commands.settings_check import GROUPS
from broken_telephone.documentation.settings_tables import (
    SECTIONS,
    base_parameters,
    group_rows,
    settings_table,
    with_tables,
)
from broken_telephone.ingestion.own_attributes import OwnAttribute
from broken_telephone.models.annotators.settings import FaceSettings, MappedSettings
from broken_telephone.models.registry import ADAPTERS
from broken_telephone.study_config.settings_group import Settings

PAGE = ROOT / "docs/settings.md"
ROW = re.compile(r"^\| `([^`]+)` \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)


def test_the_page_is_current():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page, base_parameters(ROOT)), (
        "run `python -m broken_telephone.documentation.settings_tables docs/settings.md`"
    )


def test_every_section_is_on_the_page():
    marked = re.findall(r"<!-- settings: ([^>]+) -->", PAGE.read_text(encoding="utf-8"))
    assert sorted(marked) == sorted(SECTIONS)


def all_groups(group: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a group, and those that its settings hold, straight from pydantic."""
    yield group
    for field in group.model_fields.values():
        waiting = [field.annotation]
        while waiting:
            annotation = waiting.pop()
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from all_groups(annotation)
            waiting += get_args(annotation)


def test_every_setting_of_every_group_is_on_the_page():
    """The groups come from the two places that check the settings of a study, not from the page's sections."""
    tops = [*GROUPS.values(), *(adapter.settings for adapter in ADAPTERS.values())]
    named = {name.rpartition(".")[2] for name, *_ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    groups = {group for top in tops for group in all_groups(top)}
    assert len(groups) > 25
    for group in groups:
        for name in group.model_fields:
            assert name in named, f"{group.__name__}.{name}"


@pytest.mark.parametrize("name", SECTIONS)
def test_meanings_are_whole_sentences(name):
    for setting, values, default, meaning in ROW.findall(settings_table(name, {})):
        assert values, setting
        assert default, setting
        assert meaning[0].isupper() or meaning[0] == "`", (setting, meaning)
        assert meaning.endswith("."), (setting, meaning)


@pytest.mark.parametrize("name", ["report", "explain", "comparison", "plan", "loop", "validation"])
def test_a_stated_default_is_the_value_of_an_empty_group(name):
    """The page's default is read as YAML and compared with what the class makes of nothing."""
    group = SECTIONS[name].group
    required = {
        field: "1" if get_origin(info.annotation) is None and info.annotation is str else 1
        for field, info in group.model_fields.items()
        if info.is_required()
    }
    made = group.model_validate(required).model_dump()
    for setting, _, default, _ in ROW.findall(settings_table(name, {})):
        if "." in setting or "[" in setting or "{" in default:
            continue
        if setting in required:
            assert default == "required"
        else:
            assert yaml.safe_load(default.strip("`")) == made[setting], setting


def test_values_of_the_base_study_stand_beside_other_defaults():
    class Group(Settings):
        first: int = 1
        """The first."""
        second: list[int] = [1]
        """The second."""

    rows = group_rows(Group, "", {"first": 1, "second": [2, 3]}, True)
    assert [row[2] for row in rows] == ["`1`", "`[1]`; base study: `[2, 3]`"]


HAND_WRITTEN = {
    "annotation.md": (MappedSettings, FaceSettings),
    "comparison.md": (GROUPS["comparison"],),
    "explainability.md": (GROUPS["explain"],),
    "grids.md": (GROUPS["grid"],),
    "importing.md": (GROUPS["import"],),
    "own_attributes.md": (OwnAttribute,),
}
TABLE = re.compile(r"^\| setting[^|]*\| default \| meaning \|\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)


def test_other_pages_with_defaults_are_known():
    pages = {page.name for page in (ROOT / "docs").glob("*.md") if TABLE.search(page.read_text(encoding="utf-8"))}
    assert pages == set(HAND_WRITTEN)


@pytest.mark.parametrize("page", HAND_WRITTEN)
def test_defaults_on_other_pages_are_those_of_the_classes(page):
    fields = {name: field for group in HAND_WRITTEN[page] for name, field in group.model_fields.items()}
    tables = TABLE.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for table in tables for line in table.splitlines()]
    compared = 0
    for names, default in rows:
        for name in re.findall(r"`([^`]+)`", names):
            field = fields[name.rpartition(".")[2]]
            if default and not default.startswith("the "):
                assert yaml.safe_load(default.strip("`")) == field.default, name
                compared += 1
    assert compared >= 2
