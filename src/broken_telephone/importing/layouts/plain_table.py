"""Reads a plain table: one row for each chain and iteration, with the path of the image and a text."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.json_files import below, storable
from broken_telephone.importing.layouts.texts import refuse_undefined_texts, take_text
from broken_telephone.importing.picture_files import PictureFiles
from broken_telephone.importing.settings import COLUMNS
from broken_telephone.ingestion.files.table_files import column_advice, read_table
from broken_telephone.ingestion.reader_result import Findings


def read_plain_table(
    root: Path,
    name: str,
    columns: Mapping[str, str],
    texts: str | None,
    pictures: PictureFiles,
    findings: Findings,
) -> Iterator[ImportedChain]:
    """Read a CSV or Parquet table. A chain without an image at iteration 0 starts from its first text.

    Args:
        root: the folder of the results.
        name: path of the table below it.
        columns: our column -> its column, where they differ.
        texts: `import.texts`.
        pictures: finds the images.
        findings: collects defects.

    Raises:
        StudyError: if the table is unreadable or lacks a named column, or `texts` does not say what its texts are.
    """
    file = below(root, name, "import.files")
    theirs = {column: columns.get(column, column) for column in COLUMNS}
    needed = [theirs[column] for column in dict.fromkeys(["chain", "iteration", "image", *columns])]
    table = read_table(file, needed, tuple(theirs.values()), column_advice("import.columns", theirs))
    refuse_undefined_texts(theirs["text"] in table.columns, texts, f"{file} has a column of texts")
    if table.unread:
        findings.note("ignored", "column that is not read", file, "header", ", ".join(table.unread))
    chains: dict[str, ImportedChain] = {}
    seen: set[tuple[str, int]] = set()
    has_texts = False
    for row_number, cells in table.rows:
        findings.rows += 1
        row = f"row {row_number}"
        if cells is None:
            findings.note("dropped", "row has more or fewer cells than the header", file, row)
            continue
        stated = {column: _text(cells.get(theirs[column])) for column in COLUMNS}
        chain_name, iteration = stated["chain"], _whole(stated["iteration"])
        if not chain_name or iteration is None:
            findings.note("dropped", "row without chain or iteration", file, row, stated["iteration"])
            continue
        if (chain_name, iteration) in seen:
            findings.note("dropped", "iteration listed twice", file, row, f"{chain_name}, {iteration}")
            continue
        seen.add((chain_name, iteration))
        chain = chains.setdefault(chain_name, ImportedChain(file, chain_name, chain_name))
        _take_image(chain, iteration, stated["image"], pictures, findings, row)
        has_texts = has_texts or bool(stated["text"])
        take_text(chain, iteration, stated["text"], texts, findings, file, row)
        if stated["answer"]:
            chain.answers[iteration] = stated["answer"]
        if stated["label"]:
            if chain.label not in (None, stated["label"]):
                findings.note(
                    "unknown", "labels of one chain differ", file, row, stated["label"], f"kept: {chain.label}"
                )
            chain.label = chain.label or stated["label"]
    for chain in chains.values():
        chain.has_texts = has_texts
        yield chain


def _take_image(
    chain: ImportedChain, iteration: int, stated: str, pictures: PictureFiles, findings: Findings, row: str
) -> None:
    if not stated:
        return
    image = pictures.find(stated, chain.file.parent)
    if iteration == 0:
        # A missing original is reported with its start, not here: a data set may have it.
        chain.original, chain.original_file = stated, image
    elif image is None:
        findings.note("unknown", "drawn image missing", chain.file, row, stated)
    else:
        chain.images[iteration] = image


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN
        return ""
    return storable(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
