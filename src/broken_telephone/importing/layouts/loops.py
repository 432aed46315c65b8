"""Reads loops over several iterations: `<name>/<name>.json`, a list of entries with iteration, image and description.

Their iterations begin at 0. A loop from an image has the original in entry 0: entry k is image k and description k + 1.
A loop from a prompt draws in entry 0: entry k is image k + 1, drawn from description k + 1, and description k + 2.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.importing.chain_record import End, ImportedChain
from broken_telephone.importing.json_files import below, note_unread, read_json, text_of
from broken_telephone.importing.picture_files import PictureFiles
from broken_telephone.ingestion.reader_result import Findings

_KNOWN = {"iteration", "prompt", "image", "description", "initial_image", "label"}
BROKEN = "broken chain"
"""The kind of end of a chain whose entry was not drawn from the description before it."""


def read_loops(root: Path, files: Sequence[str], pictures: PictureFiles, findings: Findings) -> Iterator[ImportedChain]:
    """Read all loops below a folder, or those of named files.

    Raises:
        StudyError: if there is no loop, or a named file is missing. A damaged file is a defect.
    """
    chosen = [below(root, name, "import.files") for name in files] or _loop_files(root, findings)
    if not chosen:
        raise StudyError(f"{root} holds no <name>/<name>.json: is import.root the folder that holds the loops?")
    unread: dict[tuple[Path, str], int] = {}
    for file in chosen:
        findings.rows += 1
        try:
            content = read_json(file, findings)
        except StudyError as error:
            if files:
                raise
            findings.note("dropped", "loop file is damaged", file, file.stem, str(error))
            continue
        entries = content if isinstance(content, list) else [content]
        records = [entry for entry in entries if isinstance(entry, dict)]
        if len(records) < len(entries) or not records:
            findings.note("dropped", "loop file is no list of entries", file, file.stem, content)
            continue
        for entry in records:
            note_unread(entry, _KNOWN, file, unread)
        yield from _Loop(file, records, pictures, findings).chains()
    for (file, name), count in unread.items():
        findings.note("ignored", "field that is not read", file, f"{count} entries", name)


def _loop_files(root: Path, findings: Findings) -> list[Path]:
    files = []
    for file in sorted([*root.glob("*.json"), *root.glob("*/*.json")]):
        if file.stem in (file.parent.name, file.parent.resolve().name):
            files.append(file)
        else:
            findings.note(
                "ignored", "JSON file that is no loop", file, file.name, advice="A loop is <name>/<name>.json"
            )
    return files


class _Loop:
    """The entries of one file."""

    def __init__(self, file: Path, entries: list[dict[str, Any]], pictures: PictureFiles, findings: Findings) -> None:
        self._file, self._pictures, self._findings = file, pictures, findings
        self._entries = self._numbered(entries)

    def _numbered(self, entries: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        numbered: dict[int, dict[str, Any]] = {}
        for position, entry in enumerate(entries):
            number, place = entry.get("iteration"), f"{self._file.stem}, entry {position}"
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                self._findings.note("dropped", "entry without an iteration", self._file, place, number)
            elif number in numbered:
                self._findings.note("dropped", "iteration listed twice", self._file, place, number)
            else:
                numbered[number] = entry
        return dict(sorted(numbered.items()))

    def chains(self) -> Iterator[ImportedChain]:
        """Yield the chain of the file, or the chains if its entries are repeats of one prompt."""
        if 0 not in self._entries:
            self._findings.note("dropped", "loop without iteration 0", self._file, self._file.stem)
        elif "initial_image" in self._entries[0]:
            yield self._from_image()
        elif text_of(self._entries[0], "prompt") is None:
            advice = "A loop from a prompt has `prompt` in iteration 0, a loop from an image `initial_image`"
            self._findings.note("dropped", "loop without a start", self._file, self._file.stem, advice=advice)
        elif self._repeats():
            advice = "Every entry was drawn from the prompt of iteration 0"
            count = len(self._entries)
            self._findings.note(
                "translated",
                "repeats listed as iterations",
                self._file,
                self._file.stem,
                count,
                f"{advice}: replicates",
            )
            for number, entry in self._entries.items():
                yield self._from_prompt({0: entry}, f"{self._file.stem}_{number}")
        else:
            yield self._from_prompt(self._entries, self._file.stem)

    def _repeats(self) -> bool:
        """Return whether the entries are repeats of one prompt: all have the same, and none the text before it."""
        prompts = [text_of(entry, "prompt") for entry in self._entries.values()]
        before = [text_of(entry, "description") for entry in self._entries.values()]
        follows = any(prompt == text for prompt, text in zip(prompts[1:], before, strict=False))
        return len(prompts) > 1 and len(set(prompts)) == 1 and not follows

    def _from_image(self) -> ImportedChain:
        first = self._entries[0]
        stated = text_of(first, "initial_image", "image")
        label = first.get("label")
        chain = ImportedChain(
            self._file,
            self._file.stem,
            self._file.stem,
            original=stated or self._file.stem,
            original_file=self._picture(first, 0),
            label=None if label is None or isinstance(label, dict | list) else str(label),
        )
        self._take(chain, first, 0)
        return self._followed(chain, self._entries, 0)

    def _from_prompt(self, entries: dict[int, dict[str, Any]], name: str) -> ImportedChain:
        chain = ImportedChain(self._file, name, name)
        first = entries[0]
        chain.descriptions[1] = str(text_of(first, "prompt"))
        image = self._picture(first, 0)
        if image is not None:
            chain.images[1] = image
        self._take(chain, first, 1)
        return self._followed(chain, entries, 1)

    def _followed(self, chain: ImportedChain, entries: dict[int, dict[str, Any]], offset: int) -> ImportedChain:
        """Add the entries from 1 on; entry k has image k + `offset`, drawn from the description of the same number."""
        for number in range(1, max(entries) + 1):
            entry, drawn = entries.get(number), number + offset
            if entry is None:
                chain.end = End(drawn, "draw", BROKEN, f"the results lack iteration {number}")
                break
            prompt = text_of(entry, "prompt")
            if prompt is not None and prompt != chain.descriptions.get(drawn):
                chain.end = End(drawn, "draw", BROKEN, f"iteration {number} was drawn from another text")
                break
            image = self._picture(entry, number)
            if image is not None:
                chain.images[drawn] = image
            self._take(chain, entry, drawn)
        return chain

    def _take(self, chain: ImportedChain, entry: dict[str, Any], image: int) -> None:
        """Add the description of an image."""
        text = text_of(entry, "description")
        if text is not None:
            chain.descriptions[image + 1] = text

    def _picture(self, entry: dict[str, Any], number: int) -> Path | None:
        stated = text_of(entry, "image")
        image = self._pictures.find(stated, self._file.parent)
        if image is None and stated is not None:
            place = f"{self._file.stem}, iteration {number}"
            self._findings.note("unknown", "image missing", self._file, place, stated)
        return image
