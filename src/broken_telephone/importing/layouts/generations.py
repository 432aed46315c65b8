"""Reads generations of images: folders `gen-0`, `gen-1` … with equal file names, with or without texts beside them."""

import re
from collections.abc import Iterator
from pathlib import Path

from broken_telephone.errors import StudyError
from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.json_files import storable
from broken_telephone.importing.layouts.texts import refuse_undefined_texts, take_text
from broken_telephone.ingestion.files.listing import read_text
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.pictures import is_picture

_FOLDER = re.compile(r"gen(?:eration)?[-_ ]?(\d+)", re.IGNORECASE)
_TEXT = ".txt"


def read_generations(root: Path, texts: str | None, findings: Findings) -> Iterator[ImportedChain]:
    """Read the folders of a study in which image k of a chain has the same name in `gen-k`.

    Args:
        root: the folder that holds them.
        texts: `import.texts`.
        findings: collects defects.

    Raises:
        StudyError: if there are no such folders, two folders have one number, or texts exist and `texts` does not say
            what they are.
    """
    folders: dict[int, Path] = {}
    for folder in sorted(root.iterdir()):
        match = _FOLDER.fullmatch(folder.name)
        if match is None or not folder.is_dir():
            findings.note("ignored", "no folder of a generation", folder, folder.name)
        elif int(match[1]) in folders:
            raise StudyError(f"{folder} and {folders[int(match[1])]} have one number. Rename or move one of them")
        else:
            folders[int(match[1])] = folder
    if not folders:
        raise StudyError(f"{root} holds no folder gen-0, gen-1 …: is import.root the folder that holds them?")
    chains: dict[str, ImportedChain] = {}
    written: dict[tuple[str, int], Path] = {}
    for number, folder in sorted(folders.items()):
        for name, file in _files(folder, findings):
            if file.suffix.casefold() == _TEXT:
                written[name, number] = file
                continue
            chain = chains.setdefault(name, ImportedChain(folder, name, name))
            if number == 0:
                chain.original, chain.original_file = name, file
            else:
                chain.images[number] = file
    refuse_undefined_texts(bool(written), texts, f"{root}: texts stand beside the images")
    for (name, number), file in written.items():
        if name in chains:
            take_text(chains[name], number, storable(read_text(file)), texts, findings, file, name)
        else:
            findings.note("ignored", "text beside no image", file, name)
    findings.rows += len(chains)
    for chain in chains.values():
        chain.has_texts = bool(written)
        yield chain


def _files(folder: Path, findings: Findings) -> Iterator[tuple[str, Path]]:
    """Yield the name without suffix, below the folder, of each image and text."""
    known: dict[tuple[str, bool], Path] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_dir():
            continue
        is_text = file.suffix.casefold() == _TEXT
        if file.name.startswith(".") or not (is_text or is_picture(file)):
            findings.note_ignored(file)
            continue
        name = file.relative_to(folder).with_suffix("").as_posix()
        if (name, is_text) in known:
            findings.note("dropped", "two images of one name", file, name, known[name, is_text].name)
        else:
            known[name, is_text] = file
            yield name, file
