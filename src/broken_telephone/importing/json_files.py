"""Reads JSON files of other programs, which hold an object or a list."""

from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import parsed_json
from broken_telephone.ingestion.reader_result import Findings

_ADVICE = "No file was changed. Restore the file, or leave it out of import.files"


def read_json(file: Path, findings: Findings) -> Any:
    """Return the content of a JSON file. If a name occurs twice in one object, its first value counts.

    Args:
        file: the file.
        findings: collects the names that occur twice.

    Raises:
        StudyError: if the file is missing, cut off or no JSON; with its line.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for name, value in pairs:
            if name in record:
                findings.note("dropped", "entry listed twice", file, name, advice="The first one is kept")
            else:
                record[name] = value
        return record

    if not file.is_file():
        raise StudyError(f"{file} is missing: import.root and import.files name the results")
    try:
        return parsed_json(file, once)
    except StudyError as error:
        raise StudyError(f"{error}. {_ADVICE}") from None


def text_of(entry: dict[str, Any], *names: str) -> str | None:
    """Return the first of some values of an entry that is a text and not blank; None if there is none."""
    for name in names:
        value = entry.get(name)
        if isinstance(value, str) and value.strip():
            return storable(value)
    return None


def storable(text: str) -> str:
    """Return a text that a table can store: without blanks at its ends, and without unpaired surrogates."""
    return text.strip().encode("utf-8", "replace").decode()


def below(root: Path, name: str, setting: str) -> Path:
    """Return a file below the folder of the results.

    Raises:
        StudyError: if the name leads out of the folder.
    """
    file = Path(root, name)
    if not file.resolve().is_relative_to(root.resolve()):
        raise StudyError(f"{setting}: {name} leads out of import.root ({root})")
    return file


def note_unread(entry: dict[str, Any], known: set[str], file: Path, counts: dict[tuple[Path, str], int]) -> None:
    """Count the fields of an entry that nothing reads."""
    for name in entry.keys() - known:
        counts[file, name] = counts.get((file, name), 0) + 1
