"""Reads PHASE: photographs with one or more people, their boxes, and labels by three annotators.

Of both splits, the reader uses the regions files (one label after a vote) and the files with all votes, if they exist.
Without a regions file, the label is the majority vote, or `disagreement` without a majority.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import Listing, is_text, read_records, safe_name
from broken_telephone.ingestion.reader_result import Findings, ReaderResult, Row, person_row
from broken_telephone.ingestion.readers.main_person import read_box
from broken_telephone.labels import DISAGREEMENT, PHASE
from broken_telephone.progress import track

SPLITS = ("train", "val")
REGIONS = "phase_gcc_{split}_regions_20221101.json"
VOTES = "phase_gcc_{split}_all_20221101.json"
# Usual image folders. The data set itself contains only the addresses of its images.
IMAGES = ("phase_images/{split}", "phase_images", "images/{split}", "images", "{split}", "")
_PERSON = re.compile(r"person(\d{1,6})")


@dataclass(frozen=True)
class _Person:
    """One person in a file: position and content."""

    image_id: str
    person_id: str
    where: str
    content: dict[str, Any]


@dataclass(frozen=True)
class _Votes:
    """The votes of all annotators on one person."""

    annotators: int
    values: dict[str, Counter[str]]
    """Variable -> value -> number of votes."""

    def label(self, name: str) -> str:
        """Return the majority vote, or `disagreement`."""
        value, count = self.values[name].most_common(1)[0]
        return value if 2 * count > self.annotators else DISAGREEMENT


def read(folder: Path, findings: Findings) -> ReaderResult:
    """Read the people, votes and captions of PHASE.

    Raises:
        StudyError: if there is no annotation file, or one is not JSON or names a path outside.
    """
    rows = ReaderResult([])
    has_files = False
    for split in SPLITS:
        regions, votes = (folder / name.format(split=split) for name in (REGIONS, VOTES))
        if regions.is_file() or votes.is_file():
            has_files = True
            _read_split(folder, split, regions if regions.is_file() else None, votes, findings, rows)
    if not has_files:
        names = " nor ".join(name.format(split="{train,val}") for name in (REGIONS, VOTES))
        raise StudyError(f"{folder} has neither {names}: is data_root the folder that holds them?")
    return rows


def _read_split(
    folder: Path, split: str, regions: Path | None, votes: Path, findings: Findings, rows: ReaderResult
) -> None:
    """Read a split from its regions file and its votes, or from its votes alone."""
    records = read_records(regions or votes)
    people = _people(records, regions or votes, findings, rows)
    cast = {}
    if votes.is_file():
        others = _people_with_votes(votes, findings) if regions else people
        cast = {person.person_id: _votes(person, votes, findings) for person in others}
    known = {person.person_id for person in people}
    for person_id in sorted(cast.keys() - known):
        findings.note("kept", "votes about nobody in the regions file: not read", votes, person_id)
    folders = [(path, Listing(folder / path)) for path in dict.fromkeys(p.format(split=split) for p in IMAGES)]
    file = regions or votes
    for person in track(people, f"Reading {file.name}", len(people)):
        votes_cast = cast.get(person.person_id)
        path = _image_path(folders, person.image_id)
        rows.people.append(
            person_row(person.person_id, person.image_id, "phase", split, path, file, person.where)
            | read_box(person.content.get("region"), findings, file, person.where)
            | (_labels(person, votes_cast, file, findings) if regions else _majority_labels(votes_cast))
        )
    if regions and (unread := _unread_names(people)):
        advice = f"Read are: {', '.join(PHASE.variables)}"
        findings.note("kept", "annotations that are not read", file, "all people", unread, advice)
    rows.votes.extend(
        {"person_id": person_id, "variable": name, "value": value, "votes": count}
        for person_id, votes_cast in cast.items()
        if person_id in known
        for name, values in votes_cast.values.items()
        for value, count in values.items()
    )


def _people_with_votes(file: Path, findings: Findings) -> list[_Person]:
    """Return all people in the votes file. The regions file counts people, so no dropped person is counted here."""
    own = Findings(findings.root)
    people = _people(read_records(file), file, own, ReaderResult([]))
    for defect in own.defects:
        if defect["effect"] == "dropped":
            findings.defects.append(defect | {"effect": "kept", "problem": f"{defect['problem']}: votes not read"})
    return people


def _people(records: dict[str, Any], file: Path, findings: Findings, rows: ReaderResult) -> list[_Person]:
    """Return all people in a file, by picture and person number; append captions to `rows`."""
    people = []
    for image, record in records.items():
        name = safe_name(image, file, "picture")
        image_id = name[:-4] if name.casefold().endswith(".png") else name
        where = f"picture {image}"
        if not isinstance(record, dict):
            findings.rows += 1
            findings.note("dropped", "picture without a record", file, where, record)
            continue
        caption = record.get("caption")
        if is_text(caption) and caption.strip():
            rows.captions.append({"image_id": image_id, "caption": caption.strip()})
        elif caption is not None:
            findings.note("kept", "caption without a text: not read", file, where, caption)
        numbers = {key: int(m[1]) for key in record if (m := _PERSON.fullmatch(key))}
        for key in record:
            if key.casefold().startswith("person") and key not in numbers:
                findings.rows += 1
                findings.note("dropped", "person whose name is not person and a number", file, where, key)
        if not numbers:
            findings.note("kept", "picture without people", file, where)
        for key, number in sorted(numbers.items(), key=lambda item: item[1]):
            findings.rows += 1
            if isinstance(record[key], dict):
                person_id = f"{image_id}_person{number}"
                people.append(_Person(image_id, person_id, f"{where}, {key}", record[key]))
            else:
                findings.note("dropped", "person without a record", file, f"{where}, {key}", record[key])
    return people


def _image_path(folders: list[tuple[str, Listing]], image_id: str) -> str:
    """Return the picture's path below the folder; the expected path if the picture is missing."""
    for path, names in folders:
        if name := names.picture(image_id):
            return f"{path}/{name}".lstrip("/")
    return f"{folders[1][0]}/{image_id}.png"


def _majority_labels(votes: _Votes | None) -> Row:
    return {name: votes.label(name) for name in votes.values} if votes else {}


def _labels(person: _Person, votes: _Votes | None, file: Path, findings: Findings) -> Row:
    """Return the labels of the regions file, and record differences from the votes."""
    annotations = person.content.get("annotations")
    if not isinstance(annotations, dict):
        findings.note("unknown", "person without annotations", file, person.where, annotations)
        return {}
    labels = {}
    for name, variable in PHASE.variables.items():
        word = _annotated_value(annotations, name)
        if word is not None:
            labels[name] = findings.value(variable, name, str(word), file, person.where)
    for name, voted in _majority_labels(votes).items():
        if labels.get(name) != voted:
            both = f"{labels.get(name)}, votes: {voted}"
            findings.note("kept", f"{name} differs from the votes", file, person.where, both)
    return labels


def _annotated_value(annotations: dict[str, Any], name: str) -> Any:
    """Return the value of a variable, whose name may be written as skintone, skin_tone or Skin tone.

    Several spellings with different values return the list of all values.
    """
    keys = [key for key in annotations if _plain(key) == _plain(name)]
    values = [annotations[key] for key in keys if annotations[key] is not None]
    return values if any(value != values[0] for value in values) else next(iter(values), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _unread_names(people: list[_Person]) -> list[str]:
    """Return the names in annotations that are not variables of the scheme."""
    known = {_plain(name) for name in PHASE.variables}
    stated = (person.content.get("annotations") for person in people)
    names = {name for annotations in stated if isinstance(annotations, dict) for name in annotations}
    return sorted(name for name in names if _plain(name) not in known)


def _votes(person: _Person, file: Path, findings: Findings) -> _Votes:
    sheets = person.content.get("annotations")
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        findings.note("unknown", "votes are not one record an annotator", file, person.where, sheets)
        return _Votes(0, {})
    counts = {}
    for name, variable in PHASE.variables.items():
        words = [_annotated_value(sheet, name) for sheet in sheets]
        values = [
            findings.value(variable, f"{name} vote", str(word), file, person.where)
            for word in words
            if word is not None
        ]
        if any(values):
            counts[name] = Counter(value for value in values if value is not None)
    return _Votes(len(sheets), counts)
