"""Finds every command that README, CONTRIBUTING and docs name: lines of fenced blocks, and code within sentences."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELL = {"", "bash", "sh", "console"}
"""Languages of fenced blocks whose lines are commands; a diagram or a file says what it is, such as text."""
PROGRAMS = {"hf", "kedro", "lint-imports", "make", "mkdocs", "pip", "pytest", "python", "python3", "vllm"}
"""What a piece of code within a sentence must begin with to be a command, unless it has options."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
# As a shell would fill them in.
_VARIABLES = {"SLURM_ARRAY_TASK_ID": "1"}


@dataclass(frozen=True)
class Command:
    """A command, where it is named."""

    page: str
    words: tuple[str, ...]
    whole: bool = True
    """Whether it is more than options of the command that is named before it."""

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def fenced(text: str) -> list[tuple[str, str]]:
    """Return language and content of all fenced blocks."""
    return [(match[1], match[2]) for match in _FENCE.finditer(text)]


def spans(text: str) -> list[str]:
    """Return the pieces of code within sentences, each on one line."""
    return [" ".join(match[1].split()) for match in _CODE.finditer(_FENCE.sub("", text))]


def named_commands() -> list[Command]:
    """Return all commands, each once, in the order of the pages; an option alone belongs to the command before it."""
    found: list[Command] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for language, block in fenced(text) if language in SHELL for line in block.splitlines()]
        for line in lines:
            if line.strip() and not line.startswith("#"):
                found += [Command(page.name, _words(part)) for part in line.split("&&")]
        last: tuple[str, ...] = ("kedro", "run")
        for code in spans(text):
            if code.startswith("--"):
                found.append(Command(page.name, (*last, *_words(code)), whole=False))
            elif Path(code.split()[0]).name in PROGRAMS or " --" in code:
                words = _words(code)
                found.append(Command(page.name, words))
                last = words[:2] if words[0] in ("kedro", "python") else last
    once = {(command.words, command.whole): command for command in reversed(found)}
    return list(once.values())[::-1]


def _words(code: str) -> tuple[str, ...]:
    """Split as a shell does; without the environment's folder, and without Slurm's starter."""
    for name, value in _VARIABLES.items():
        code = code.replace(f"${name}", value)
    words = [word.removeprefix(f".venv{os.sep}bin{os.sep}") for word in shlex.split(code)]
    return tuple(words[1:] if words[0] == "srun" else words)
