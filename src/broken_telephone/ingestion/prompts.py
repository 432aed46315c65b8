"""Reads prompts that start chains, from the study's settings or from a YAML file such as this.

prompt_template: A portrait of a person who feels {}.
repeats: 3
prompts:
- name: happiness                  # the name goes into the template, and is the label
- {name: joy, label: happiness, text: overjoyed}
- {name: grief, label: sadness, override: Somebody weeps.}
- {name: angry_closeup, text: angry}  # without a label, name or text may be one

Prompt files of the published study are read as they are: `name` is an identifier there. Where neither name nor text is
a label, the setting chains.prompt_labels states it.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, model_validator

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import read_text
from broken_telephone.labels import Variable
from broken_telephone.study_config.settings_group import Settings
from broken_telephone.study_config.yaml_text import refuse_bad_yaml


class PromptSettings(Settings):
    """A chain that starts from a text."""

    label: str
    """The label of the chain."""
    text: Annotated[str, Field(pattern=r"\S")]
    """The prompt that is drawn first."""
    repeats: Annotated[int, Field(ge=1)] | None = None
    """Number of replicates of this chain; null for chains.replicates."""


class _Prompt(Settings):
    name: Annotated[str, Field(min_length=1)]
    label: str | None = None
    text: Annotated[str, Field(pattern=r"\S")] | None = None
    override: Annotated[str, Field(pattern=r"\S")] | None = None
    repeats: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_text(self) -> "_Prompt":
        if self.text is not None and self.override is not None:
            raise ValueError("state text (for the template) or override (in its place), not both")
        return self


class _PromptFile(Settings):
    prompt_template: str = "{}"
    repeats: Annotated[int, Field(ge=1)] | None = None
    prompts: Annotated[list[_Prompt], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_placeholder(self) -> "_PromptFile":
        if self.prompt_template.count("{}") != 1:
            raise ValueError("prompt_template needs {} once, where name or text goes")
        return self


class _Loader(yaml.SafeLoader):
    """Refuses a name that occurs twice in a record, because YAML would keep only the last value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [(key.tag, key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for position, name in enumerate(names):
            if name in names[:position]:
                line = node.value[position][0].start_mark.line + 1
                raise ValueError(f"{name[1]!r} occurs twice in one record, the second time in line {line}")
        return super().construct_mapping(node, deep)


def read_prompts(file: Path, concept: Variable, labels: Mapping[str, str] | None = None) -> list[PromptSettings]:
    """Read a prompt file.

    Args:
        file: the YAML file.
        concept: concept of the labels.
        labels: name of a prompt -> its label, for prompts that state none (`chains.prompt_labels`).

    Raises:
        StudyError: with the file and the prompt.
    """
    if not file.exists():
        raise StudyError(f"chains.prompt_file: {file} does not exist")
    text = read_text(file)
    try:
        refuse_bad_yaml(text, str(file))
        content = yaml.load(text, _Loader)
    except StudyError:
        raise
    # YAML's constructors raise many exception types, for example for invalid dates.
    except Exception as error:
        raise StudyError(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise StudyError(f"{file} holds a {type(content).__name__}, not prompt_template and prompts")
    try:
        contents = _PromptFile.model_validate(content)
    except StudyError as error:
        raise StudyError(f"{file}: {error}") from None
    stated = labels or {}
    if unknown := sorted(stated.keys() - {prompt.name for prompt in contents.prompts}):
        raise StudyError(f"chains.prompt_labels: {file} has no prompt {unknown[0]!r}")
    return [
        _prompt_settings(file, number, prompt, contents, concept, stated.get(prompt.name))
        for number, prompt in enumerate(contents.prompts)
    ]


def _prompt_settings(
    file: Path, number: int, prompt: _Prompt, contents: _PromptFile, concept: Variable, stated: str | None
) -> PromptSettings:
    try:
        label = _label(prompt, concept, stated)
    except ValueError as error:
        raise StudyError(f"{file}, prompt {number} ({prompt.name}): label {error}") from None
    text = prompt.override or contents.prompt_template.replace("{}", prompt.text or prompt.name)
    return PromptSettings.model_validate({"label": label, "text": text, "repeats": prompt.repeats or contents.repeats})


def _label(prompt: _Prompt, concept: Variable, stated: str | None) -> str:
    """Return the label of a prompt: as the file or the settings state it, else its name or its text if that is one.

    Raises:
        ValueError: if nothing is a label, or name and text are different ones.
    """
    if prompt.label or stated:
        return concept.read_word(prompt.label or stated or "")
    labels = {}
    for word in (prompt.name, prompt.text):
        with suppress(ValueError):
            labels[concept.read_word(word or "")] = word
    if len(labels) > 1:
        raise ValueError(f"is {' or '.join(labels)}: state it in chains.prompt_labels")
    if not labels:
        try:
            concept.read_word(prompt.name)
        except ValueError as error:
            raise ValueError(f"{error}. chains.prompt_labels: {{{prompt.name}: …}} states it") from None
    return next(iter(labels))
