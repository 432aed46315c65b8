"""Files that the pages show: studies are read and checked as a run reads them, and Python and JSON are parsed."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from named_commands import PAGES, ROOT, fenced

from broken_telephone.commands.settings_check import check_settings
from broken_telephone.ingestion import read_prompts
from broken_telephone.labels import RAF
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader
from broken_telephone.study_config.study_globals import StudyGlobals

SHOWN = [
    (f"{page.name} {number}", language, block)
    for page in PAGES
    for number, (language, block) in enumerate(fenced(page.read_text(encoding="utf-8")))
]


def blocks(language: str) -> list:
    return [pytest.param(block, id=name) for name, own, block in SHOWN if own == language]


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """The project's configuration, for studies of the pages beside its own."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("local"))
    (tmp_path / "conf/local").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "conf"


def loaded(conf: Path, study: str) -> dict:
    return StudyConfigLoader(str(conf), study, **CONFIG_LOADER_ARGS)["parameters"]


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_study_that_a_page_shows_is_valid(block, conf):
    stated = yaml.safe_load(block)
    named = re.match(r"# conf/(\S+)/(\w+)\.yml\n", block)
    file = named[2] if named else "globals" if set(stated) <= set(StudyGlobals.model_fields) else "parameters"
    if "prompt_template" in stated:
        (conf / "prompts.yml").write_text(block)
        assert read_prompts(conf / "prompts.yml", RAF.concepts["emotion"])
        return
    folder = conf / "shown_on_a_page"
    folder.mkdir()
    (folder / "globals.yml").write_text("study: shown_on_a_page\n")
    if file == "globals":
        stated = {name: value for name, value in stated.items() if name not in ("study", "extends")}
        (folder / "globals.yml").write_text(yaml.safe_dump({"study": "shown_on_a_page", **stated}))
    else:
        (folder / f"{file}.yml").write_text(block)
    check_settings(loaded(conf, "shown_on_a_page"))


def test_a_wrong_setting_on_a_page_would_be_found(conf):
    with pytest.raises(ValueError, match="iteration"):
        test_a_study_that_a_page_shows_is_valid("loop: {iteration: 3}\n", conf)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_that_a_page_shows_is_python(block):
    ast.parse("\n".join(line for line in block.splitlines() if not line.startswith("%")))


@pytest.mark.parametrize("block", blocks("json"))
def test_json_that_a_page_shows_is_json(block):
    json.loads(block)
