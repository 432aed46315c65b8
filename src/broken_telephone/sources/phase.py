"""PHASE: photographs of one to many people, each with a box, and labels by three annotators.

Reads the regions files (one label after a vote) and the files with all votes, of both splits, whichever are there.
Without a regions file a label is what more than half of the votes say, else `disagreement`.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.labels import DISAGREEMENT, PHASE, Variable
from broken_telephone.progress import track
from broken_telephone.sources.files import Listing, read_records, safe_name
from broken_telephone.sources.main_person import read_box
from broken_telephone.sources.reading import Findings, Row, Rows

SPLITS = ("train", "val")
REGIONS = "phase_gcc_{split}_regions_20221101.json"
VOTES = "phase_gcc_{split}_all_20221101.json"
# Where pictures are put; the data set itself comes with their addresses only.
IMAGES = ("phase_images/{split}", "phase_images", "images/{split}", "images", "{split}", "")
_SUFFIXES = (".png", ".jpg", ".jpeg")
_PERSON = re.compile(r"person(\d+)")
# Their names of our columns, where they differ.
_THEIRS = {"skin_tone": "skintone"}


def read(folder: Path, findings: Findings) -> Rows:
    """Read the people, votes and captions of PHASE.

    Raises:
        StudyError: if no annotation file is there, or one is not JSON or names a path elsewhere.
    """
    rows = Rows([])
    found = False
    for split in SPLITS:
        regions, votes = (folder / name.format(split=split) for name in (REGIONS, VOTES))
        found |= regions.is_file() or votes.is_file()
        cast = _votes(votes, findings) if votes.is_file() else {}
        source = regions if regions.is_file() else votes
        if source.is_file():
            _read_split(folder, source, split, cast, findings, rows)
    if not found:
        names = " nor ".join(name.format(split="{train,val}") for name in (REGIONS, VOTES))
        raise StudyError(f"{folder} has neither {names}: is data_root the folder that holds them?")
    return rows


def _read_split(folder: Path, file: Path, split: str, cast: dict[str, Row], findings: Findings, rows: Rows) -> None:
    places = [(place, Listing(folder / place)) for place in dict.fromkeys(p.format(split=split) for p in IMAGES)]
    records = read_records(file)
    for image, record in track(records.items(), f"Reading {file.name}", len(records)):
        name = safe_name(image, file, "picture")
        image_id = name[: -len(".png")] if name.casefold().endswith(_SUFFIXES[0]) else name
        if not isinstance(record, dict):
            findings.rows += 1
            findings.note("dropped", "picture without a record", file, f"picture {image}", record)
            continue
        path = _find(places, image_id)
        if isinstance(caption := record.get("caption"), str) and caption.strip():
            rows.captions.append({"image_id": image_id, "caption": caption.strip()})
        for number, key in sorted((int(m[1]), key) for key in record if (m := _PERSON.fullmatch(key))):
            findings.rows += 1
            person, where = record[key], f"picture {image}, {key}"
            if not isinstance(person, dict):
                findings.note("dropped", "person without a record", file, where, person)
                continue
            person_id = f"{image_id}_person{number}"
            rows.people.append(
                {
                    "person_id": person_id,
                    "image_id": image_id,
                    "dataset": "phase",
                    "split": split,
                    "image_path": path,
                    **read_box(person.get("region"), findings, file, where),
                    **_labels(person.get("annotations"), cast.get(person_id, {}), findings, file, where),
                }
            )
            rows.votes.extend(
                {"person_id": person_id, "variable": name, "value": value, "votes": count}
                for name, values in cast.get(person_id, {}).items()
                for value, count in values.items()
            )


def _find(places: list[tuple[str, Listing]], image_id: str) -> str:
    """The picture's path below the folder; where it should be, if it is nowhere."""
    for place, names in places:
        if name := names.find(*(image_id + suffix for suffix in _SUFFIXES)):
            return f"{place}/{name}".lstrip("/")
    return f"{places[1][0]}/{image_id}.png"


def _labels(annotations: Any, cast: Row, findings: Findings, file: Path, where: str) -> Row:
    """One label a variable: as voted in the file, else from the single votes."""
    if isinstance(annotations, list):
        return {name: _majority(values) for name, values in cast.items()}
    if not isinstance(annotations, dict):
        findings.note("unknown", "person without annotations", file, where, annotations)
        return {}
    labels = {}
    for name, variable in PHASE.variables.items():
        word = annotations.get(_THEIRS.get(name, name))
        if word is not None:
            labels[name] = findings.value(variable, name, str(word), file, where)
    for name, values in cast.items():
        if values and labels.get(name) != (voted := _majority(values)):
            findings.note("kept", f"{name} differs from the votes", file, where, f"{labels.get(name)}, votes: {voted}")
    return labels


def _majority(values: Counter[str]) -> str:
    value, count = values.most_common(1)[0]
    return value if 2 * count > values.total() else DISAGREEMENT


def _votes(file: Path, findings: Findings) -> dict[str, Row]:
    """Votes by person and variable: value -> number of annotators who said so."""
    cast: dict[str, Row] = {}
    for image, record in read_records(file).items():
        name = safe_name(image, file, "picture")
        image_id = name[: -len(".png")] if name.casefold().endswith(_SUFFIXES[0]) else name
        for key, person in record.items() if isinstance(record, dict) else ():
            number = _PERSON.fullmatch(key)
            sheets = person.get("annotations") if isinstance(person, dict) else None
            if number is None or not isinstance(sheets, list):
                continue
            where = f"picture {image}, {key}"
            counts = {name: _count(sheets, name, v, findings, file, where) for name, v in PHASE.variables.items()}
            cast[f"{image_id}_person{int(number[1])}"] = {name: votes for name, votes in counts.items() if votes}
    return cast


def _count(
    sheets: list[Any], name: str, variable: Variable, findings: Findings, file: Path, where: str
) -> Counter[str]:
    words = [sheet.get(_THEIRS.get(name, name)) for sheet in sheets if isinstance(sheet, dict)]
    values = [findings.value(variable, f"{name} vote", str(word), file, where) for word in words if word is not None]
    return Counter(value for value in values if value is not None)
