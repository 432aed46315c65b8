"""Reads a YAML list of images, such as the published study's, as a table.

base_dir: /data/faces
images:
- {image_path: train/0001.jpg, label: 4}
"""

from pathlib import Path
from typing import Any

import yaml

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import read_text
from broken_telephone.ingestion.files.table_files import Cells, Table
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.study_config.yaml_text import refuse_bad_yaml

SUFFIXES = (".yml", ".yaml")
IMAGE, LABEL = "image_path", "label"
"""Names in an entry."""
_BASE = "base_dir"


def read_image_list(file: Path, folder: Path, findings: Findings) -> Table:
    """Read a list of images.

    Args:
        file: the YAML file.
        folder: the data set's folder. Paths begin at `base_dir` if that lies in this folder, else at this folder.
        findings: collects entries that are no records, and names that are not read.

    Raises:
        StudyError: if the file is no YAML, or no list of images.
    """
    text = read_text(file)
    try:
        refuse_bad_yaml(text, str(file))
        content = yaml.safe_load(text)
    except StudyError:
        raise
    # YAML's constructors raise many exception types, for example for invalid dates.
    except Exception as error:
        raise StudyError(f"{file} cannot be read as YAML: {error}") from error
    entries = content.get("images") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise StudyError(f"{file} is no list of images: it needs `images`, a list of {{{IMAGE}: …, {LABEL}: …}}")
    base = _base(content.get(_BASE), file, folder, findings)
    rows: list[tuple[int, Cells | None]] = []
    unread = {str(name) for name in content if name not in ("images", _BASE)}
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            findings.rows += 1
            findings.note("dropped", "entry is no record", file, f"entry {number}", entry)
            continue
        unread |= {str(name) for name in entry.keys() - {IMAGE, LABEL}}
        rows.append((number, {IMAGE: _below(base, entry.get(IMAGE)), LABEL: entry.get(LABEL)}))
    return Table(rows, frozenset({IMAGE, LABEL}), tuple(sorted(unread)))


def _base(stated: Any, file: Path, folder: Path, findings: Findings) -> Path:
    """Return the folder that paths begin at."""
    if not isinstance(stated, str) or not stated.strip():
        return folder
    for candidate in (Path(stated), folder / stated):
        if candidate.is_dir() and candidate.resolve().is_relative_to(folder.resolve()):
            return candidate.resolve()
    findings.note("kept", "base_dir is no folder below data_root", file, _BASE, stated, "Paths begin at data_root")
    return folder


def _below(base: Path, path: Any) -> str | None:
    return None if path is None or not str(path).strip() else str(base.absolute() / str(path).strip())
