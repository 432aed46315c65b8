"""Writes the tables of docs/settings.md: `python -m broken_telephone.documentation.settings_tables docs/settings.md`.

A table stands between `<!-- settings: NAME -->` and `<!-- end of settings -->`. Everything else on the page is written
by hand. Meanings are the docstrings of the fields; values and defaults follow from their types.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic.fields import FieldInfo

from broken_telephone.commands.settings_check import GROUPS
from broken_telephone.documentation.field_notes import defining_class, field_notes
from broken_telephone.documentation.value_words import code, groups_in, value_words
from broken_telephone.execution.settings import WorkSettings
from broken_telephone.ingestion.own_attributes import OwnAttribute
from broken_telephone.models.annotators.settings import (
    ClassifierSettings,
    FaceSettings,
    FunctionSettings,
    MappedSettings,
    TableSettings,
    ZeroShotSettings,
)
from broken_telephone.models.endpoints.settings import EndpointSettings, ImageEndpointSettings, ServerSettings
from broken_telephone.models.generators.settings import UnifiedSettings
from broken_telephone.models.settings import (
    DescriberSettings,
    DetectorSettings,
    EmbedderSettings,
    GeneratorSettings,
    ModelSettings,
    ParserSettings,
    SegmenterSettings,
    Source,
    TorchSettings,
)
from broken_telephone.reporting.sheets.chains_sheet import SheetSettings
from broken_telephone.study_config.settings_group import Settings
from broken_telephone.study_config.study_globals import StudyGlobals

_LONGEST = 60
"""Characters of a value of the base study that the page repeats, at most."""


class Section(NamedTuple):
    """A table of the page."""

    group: type[Settings]
    path: str = ""
    """The name of the group in `parameters.yml`, or globals, for the values of the base study. Empty: it has none."""
    inherits: bool = False
    """Whether the table lists the settings that several groups share."""


SECTIONS: dict[str, Section] = {
    "globals": Section(StudyGlobals, "globals"),
    "attributes": Section(OwnAttribute),
    "models": Section(ModelSettings, inherits=True),
    "generator": Section(GeneratorSettings, "generator"),
    "unified generator": Section(UnifiedSettings),
    "describer": Section(DescriberSettings, "describer"),
    "embedder": Section(EmbedderSettings, "embedder"),
    "servers": Section(ServerSettings, inherits=True),
    "describer behind an endpoint": Section(EndpointSettings),
    "generator behind an endpoint": Section(ImageEndpointSettings),
    "classes of annotators": Section(MappedSettings, inherits=True),
    "faces for annotators": Section(FaceSettings, inherits=True),
    "classifier": Section(ClassifierSettings),
    "zero_shot": Section(ZeroShotSettings),
    "function": Section(FunctionSettings),
    "table": Section(TableSettings),
    "detector": Section(DetectorSettings, "detector", inherits=True),
    "parser": Section(ParserSettings, "parser", inherits=True),
    "parser of transformers": Section(SegmenterSettings),
    "contact_sheet": Section(SheetSettings, "contact_sheet"),
    **{name: Section(group, name, inherits=name == "loop") for name, group in GROUPS.items()},
}
"""Name in the page's marks -> the table."""

_SHARED = (Source, TorchSettings, ModelSettings, ServerSettings, WorkSettings, MappedSettings, FaceSettings)
_OWN_SECTIONS: dict[type[Settings], str] = {
    OwnAttribute: "attributes",
    TorchSettings: "models-in-common",
    DetectorSettings: "detector-and-parser",
    EmbedderSettings: "embedder-and-embedding",
}
"""Groups that are settings of other groups, and where the page lists their settings."""
_MARKED = re.compile(r"(<!-- settings: (?P<name>[^>]+) -->\n).*?(<!-- end of settings -->)", re.DOTALL)
_PAGE = re.compile(r"(?<![\w(/])docs/(?P<page>\w+)\.md(?P<section>#[\w-]+)?")


def with_tables(page: str, base: Mapping[str, Any]) -> str:
    """Return a page with all its tables written anew.

    Args:
        page: the text of the page.
        base: what `base_parameters` returns.

    Raises:
        KeyError: if a mark names no section.
    """
    return _MARKED.sub(lambda mark: f"{mark[1]}\n{settings_table(mark['name'], base)}\n\n{mark[3]}", page)


def settings_table(name: str, base: Mapping[str, Any]) -> str:
    """Return the table of a section as Markdown."""
    section = SECTIONS[name]
    lines = ["| setting | values | default | meaning |", "|---|---|---|---|"]
    stated = base.get(section.path) if section.path else None
    rows = group_rows(section.group, "", stated if isinstance(stated, dict) else {}, section.inherits)
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(lines)


def group_rows(
    group: type[Settings], prefix: str, stated: Mapping[str, Any], inherits: bool
) -> Iterator[tuple[str, str, str, str]]:
    """Yield setting, values, default and meaning of a group's settings, and of the groups in them."""
    notes = field_notes(group)
    shared = {name for name in group.model_fields if defining_class(group, name) in _SHARED}
    for name in sorted(group.model_fields, key=shared.__contains__):
        if not inherits and name in shared:
            continue
        field = group.model_fields[name]
        elsewhere = [_OWN_SECTIONS[inner] for inner, _ in groups_in(field.annotation) if inner in _OWN_SECTIONS]
        values = value_words(field)
        if elsewhere:
            values = values.replace("group", f"[group](#{elsewhere[0]})", 1)
        yield f"`{prefix}{name}`", _cell(values), _cell(_default(field, name, stated)), _cell(_linked(notes[name]))
        own = stated.get(name)
        for inner, mark in groups_in(field.annotation):
            if inner not in _OWN_SECTIONS:
                yield from group_rows(inner, f"{prefix}{name}{mark}", own if isinstance(own, dict) else {}, False)


def _default(field: FieldInfo, name: str, stated: Mapping[str, Any]) -> str:
    """Return the default of the class, and the value of the base study where it is another."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    words = "required" if field.is_required() else code(default)
    if name not in stated or (stated[name] == default and not field.is_required()):
        return words
    value = code(stated[name])
    return f"{words}; base study: {value if len(value) <= _LONGEST else 'see its file'}"


def _linked(note: str) -> str:
    """Return a docstring as Markdown: pages of docs become links, and `<` outside code is no tag."""
    pieces = re.split(r"(`[^`]*`)", note.replace(" -> ", " → "))
    return "".join(piece if piece.startswith("`") else _PAGE.sub(_link, piece.replace("<", "&lt;")) for piece in pieces)


def _link(page: re.Match[str]) -> str:
    return f"[{page['page'].replace('_', ' ')}]({page['page']}.md{page['section'] or ''})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def base_parameters(project: Path) -> dict[str, Any]:
    """Return the parameters of the base study of a project, and its globals, without resolving references."""
    folder = project / "conf/base"
    parameters, own = (
        yaml.safe_load((folder / f"{name}.yml").read_text("utf-8")) for name in ("parameters", "globals")
    )
    return {**parameters, "globals": own}


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(with_tables(file.read_text(encoding="utf-8"), base_parameters(Path.cwd())), encoding="utf-8")
