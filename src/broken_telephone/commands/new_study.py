"""The command `kedro new-study`: writes a folder of settings, with comments, that runs as it is."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from broken_telephone.commands.configured import ConfiguredStudy, conf_folder, configured_studies
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.ingestion import DatasetSettings
from broken_telephone.ingestion.files.table_files import tables_in
from broken_telephone.study_config.study_globals import checked_name
from broken_telephone.visible import shortlist

_QUESTIONS = {
    "name": "Name of the study",
    "source": "Layout of the data set (raf_db, phase, coco, image_folder, none)",
    "data_root": "Folder of the data set",
    "concept": "What is described",
}
_NO_DATA = "none"
_IMAGES = "image_folder"
_OWN_IMAGES = (_IMAGES, _NO_DATA)
"""Layouts that state no form of their own."""
_TABLE = """\
  # A table with a row for each person. Without one, the names of the folders are the labels: docs/own_data.md.
  # labels: {table}
  # columns: {{image: file, gender: sex}}
"""
_SCHEME = """\
  # The small models of the miniature know this form only. Use it with rendered pictures.
  # scheme: raf
"""

Ask = Callable[[str], str]
"""Asks a question on a terminal, and returns the answer."""


@dataclass(frozen=True)
class Answers:
    """What a new study needs to know; None where it was not stated."""

    name: str | None
    source: str | None
    data_root: str | None
    concept: str | None
    count: int | None
    """People of each label and split; None takes all."""


def write_study(stated: Answers, ask: Ask | None) -> None:
    """Write conf/<study>/ with globals.yml and parameters.yml, and say what to do next.

    Args:
        stated: the answers that were given as options.
        ask: asks for the others; None where there is no terminal.

    Raises:
        StudyError: if an answer is missing and cannot be asked for, or is wrong; nothing is written then.
    """
    conf = conf_folder()
    name = checked_name("study", _answer(stated, "name", ask))
    folder = conf / name
    _refuse_existing(conf, name)
    dataset = DatasetSettings.model_validate({"source": _answer(stated, "source", ask)})
    data_root = None if dataset.source == _NO_DATA else _folder(_answer(stated, "data_root", ask))
    concepts = list(dataset.words.concepts)
    concept = _answer(stated, "concept", ask, f" ({', '.join(concepts)})")
    if concept not in concepts:
        raise StudyError(
            f"--concept: {dataset.source} has no concept {concept!r} (there are: {', '.join(concepts)}). For one of "
            "your own, take one of these, and state dataset.concepts in the file afterwards (docs/datasets.md)"
        )
    tables = tables_in(Path(data_root).expanduser()) if data_root and dataset.source == _IMAGES else []
    labels = list(dataset.words.concepts[concept].values)
    _write(folder, name, _parameters(dataset.source, data_root, concept, labels, stated.count, tables))
    table_step = (
        f"{shortlist(tables, 3)} in {data_root}: state dataset.labels in parameters.yml if a table has the labels, and "
        "dataset.columns where its names differ (docs/own_data.md)",
    )
    for line in (
        f"Written: {folder.relative_to(conf.parent)}/globals.yml and parameters.yml",
        *(table_step if tables else ()),
        f"Check the data: kedro run --pipeline ingestion --env {name}",
        f"Check this machine: kedro doctor --env {name}",
        f"Run the loop: kedro run --pipeline loop --env {name}",
        "The models are the small ones of the miniature, until parameters.yml names others.",
    ):
        say(line)


def _answer(stated: Answers, name: str, ask: Ask | None, choices: str = "") -> str:
    """Return a stated answer, or ask for it."""
    given = getattr(stated, name)
    if given is None and ask is not None:
        given = ask(f"{_QUESTIONS[name]}{choices}")
    if not given or not str(given).strip():
        option = "NAME" if name == "name" else f"--{name.replace('_', '-')}"
        raise StudyError(f"{option} is missing: {_QUESTIONS[name][0].lower()}{_QUESTIONS[name][1:]}{choices}")
    return str(given).strip()


def _refuse_existing(conf: Path, name: str) -> None:
    """Refuse the name of an existing folder or study; case does not matter on some file systems."""
    taken = {path.name.casefold(): path.name for path in conf.iterdir()}
    for study in configured_studies():
        # A broken study is the concern of `kedro studies`.
        with suppress(StudyError):
            taken.setdefault(study.location.study.casefold(), study.folder)
    if name.casefold() in taken:
        raise StudyError(
            f"conf/{taken[name.casefold()]} has this name already: give the new study another one, or change the files "
            "there"
        )


def _folder(data_root: str) -> str:
    path = Path(data_root).expanduser()
    if not path.is_dir():
        kind = "is a file" if path.is_file() else "does not exist"
        raise StudyError(f"--data-root: {data_root} {kind}. Name the folder of the data set as it was unpacked")
    return data_root


def _write(folder: Path, name: str, parameters: str) -> None:
    """Write both files; if the settings cannot be used, such as a name of another study, nothing stays.

    Raises:
        StudyError: with the reason.
    """
    folder.mkdir()
    try:
        (folder / "globals.yml").write_text(
            f"# The name of the study, and of its folders below data/.\nstudy: {_quoted(name)}\n", encoding="utf-8"
        )
        (folder / "parameters.yml").write_text(parameters, encoding="utf-8")
        study = ConfiguredStudy(folder.parent, name)
        earlier = study.location.layer("03_primary")
        # Reading them checks them.
        _ = study.parameters
    except BaseException:
        shutil.rmtree(folder)
        raise
    if Path(earlier).exists():
        say(f"{earlier} has results of an earlier study of this name: its runs go on from there, or refuse them.")


def _parameters(
    source: str, data_root: str | None, concept: str, labels: list[str], count: int | None, tables: list[str]
) -> str:
    """Return the text of parameters.yml."""
    text = "# The settings in which this study differs from conf/base. docs/settings.md explains all settings.\n\n"
    if data_root is not None:
        text += f"# The folder of the data set.\ndata_root: {_quoted(data_root)}\n\n"
    comments = _TABLE.format(table=_quoted([*tables, "people.csv"][0])) * (source == _IMAGES)
    comments += _SCHEME * (source in _OWN_IMAGES)
    text += f"dataset:\n  source: {source}\n{comments}\n"
    text += f"chains:\n  concept: {_quoted(concept)}\n"
    if data_root is None:
        text += "  # The starts of the chains.\n  prompts:\n"
        text += "".join(
            f"    - {{label: {_quoted(label)}, text: {_quoted(f'A picture of a person ({concept}: {label}).')}}}\n"
            for label in labels
        )
    else:
        text += f"  # People of each label and split; null takes all.\n  count: {'null' if count is None else count}\n"
    return text + _REST.format(prompt=_quoted(f"Describe only the {concept} of the main person."))


def _quoted(text: Any) -> str:
    """Return a value as YAML on one line."""
    return yaml.safe_dump(text, allow_unicode=True, width=10**6).strip().removesuffix("...").strip()


_REST = """\
  # More chains of each start, with other random seeds.
  # replicates: 3

loop:
  # Rounds of describing and drawing.
  iterations: 1
  describe_prompt: {prompt}

# Without these, the small models of the miniature work, which know rendered people only. Real models need a GPU:
# docs/real_study.md. Results exist for one choice of models: change them before the first run.
# generator: {{preset: sd35_large, width: 768, height: 768}}
# describer: {{preset: llava_16_mistral_7b, max_new_tokens: 77}}
# embedder: {{preset: clip_vit_l14, dtype: float16}}
# detector: {{facexlib: retinaface_resnet50}}
# parser: {{facexlib: bisenet}}
"""
