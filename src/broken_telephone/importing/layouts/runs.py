"""Reads runs over a data set: `results.json` of the published study, for RAF-DB (two forms) and for PHASE.

An entry holds a first description, the path of one drawn image and, where the run went on, a second description, which
is of the drawn image, and the raw answer of an annotator to the form.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.json_files import below, note_unread, read_json, text_of
from broken_telephone.importing.picture_files import PictureFiles
from broken_telephone.ingestion.reader_result import Findings

FILE = "results.json"
_ORIGINAL, _FIRST, _SECOND = "original image", "first description", "second description"
_IMAGE = ("image location", "image loc")
_ANSWER = "llava categories"
_KNOWN = {_ORIGINAL, _FIRST, _SECOND, *_IMAGE, _ANSWER}


def read_raf_runs(
    root: Path, files: Sequence[str], pictures: PictureFiles, findings: Findings
) -> Iterator[ImportedChain]:
    """Read runs that are grouped by emotion: an object by code, or a list of groups.

    Raises:
        StudyError: if a file is missing, unreadable or has another layout.
    """
    for file, content in _contents(root, files, findings):
        groups = content.items() if isinstance(content, dict) else enumerate(content) if _is_list(content) else None
        if groups is None or not any(isinstance(group, dict) and "results" in group for _, group in groups):
            raise _other(file, "raf_runs", "an object (or a list) of groups with folder, label and results")
        groups = content.items() if isinstance(content, dict) else enumerate(content)
        reader = _Entries(file, pictures, findings)
        for code, group in groups:
            if not isinstance(group, dict) or not isinstance(group.get("results"), dict | list):
                findings.note("dropped", "group without results", file, f"group {code}", group)
                continue
            label = text_of(group, "label")
            folder = _folder_below(root, group.get("folder"))
            results = group["results"]
            entries = results.items() if isinstance(results, dict) else ((None, entry) for entry in results)
            for number, (name, entry) in enumerate(entries):
                place = f"{code}/{number if name is None else name}"
                yield from reader.read(place, name, entry, label, folder)
        reader.note_unread_fields()


def read_phase_runs(
    root: Path, files: Sequence[str], pictures: PictureFiles, findings: Findings
) -> Iterator[ImportedChain]:
    """Read runs by image: an object whose names are identifiers of images.

    Raises:
        StudyError: if a file is missing, unreadable or has another layout.
    """
    for file, content in _contents(root, files, findings):
        if not isinstance(content, dict) or any(isinstance(one, dict) and "results" in one for one in content.values()):
            raise _other(file, "phase_runs", "an object of entries by the identifier of their image")
        reader = _Entries(file, pictures, findings)
        for name, entry in content.items():
            yield from reader.read(name, name, entry, None, None)
        reader.note_unread_fields()


def _contents(root: Path, files: Sequence[str], findings: Findings) -> Iterator[tuple[Path, Any]]:
    for name in files or [FILE]:
        file = below(root, name, "import.files")
        yield file, read_json(file, findings)


def _is_list(content: Any) -> bool:
    return isinstance(content, list)


def _other(file: Path, layout: str, expected: str) -> StudyError:
    return StudyError(f"{file} is no file of the layout {layout}, which is {expected}. Is import.layout right?")


def _folder_below(root: Path, stated: Any) -> Path | None:
    """Return the folder of a group, by the last part of its stated path."""
    name = stated.replace("\\", "/").rstrip("/").rpartition("/")[2] if isinstance(stated, str) else ""
    return root / name if name not in ("", ".", "..") and (root / name).is_dir() else None


class _Entries:
    """Reads the entries of one file."""

    def __init__(self, file: Path, pictures: PictureFiles, findings: Findings) -> None:
        self._file, self._pictures, self._findings = file, pictures, findings
        self._unread: dict[tuple[Path, str], int] = {}

    def read(
        self, place: str, name: str | None, entry: Any, label: str | None, folder: Path | None
    ) -> Iterator[ImportedChain]:
        """Yield the chain of an entry; nothing if the entry is damaged."""
        self._findings.rows += 1
        if not isinstance(entry, dict):
            self._findings.note("dropped", "entry is no record", self._file, place, entry)
            return
        note_unread(entry, _KNOWN, self._file, self._unread)
        original = name or text_of(entry, _ORIGINAL)
        if original is None:
            self._findings.note("dropped", "entry names no original", self._file, place, sorted(entry))
            return
        chain = ImportedChain(self._file, place, str(original), original=str(original), label=label)
        for iteration, field in ((1, _FIRST), (2, _SECOND)):
            text = text_of(entry, field)
            if text is not None:
                chain.descriptions[iteration] = text
        stated = text_of(entry, *_IMAGE)
        folders = (self._file.parent,) if folder is None else (folder, self._file.parent)
        image = self._pictures.find(stated, *folders)
        if image is not None:
            chain.images[1] = image
        elif stated is not None:
            self._findings.note("unknown", "drawn image missing", self._file, place, stated)
        answer = entry.get(_ANSWER)
        if isinstance(answer, str):
            chain.answers[1] = answer
        elif answer is not None:
            self._findings.note("unknown", "answer to the form is no text", self._file, place, answer)
        yield chain

    def note_unread_fields(self) -> None:
        """Record the fields that no entry of this layout has."""
        for (file, name), count in self._unread.items():
            self._findings.note("ignored", "field that is not read", file, f"{count} entries", name)
