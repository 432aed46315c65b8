"""PHASE: photographs of one to many people, each with a box, and labels by three annotators.

Reads the regions files (one label after a vote) and the files with all votes, of both splits, whichever are there.
Without a regions file a label is what more than half of the annotators say, else `disagreement`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files.listing import Listing, is_text, read_records, safe_name
from broken_telephone.ingestion.reader_result import Findings, Row, Rows
from broken_telephone.ingestion.readers.main_person import read_box
from broken_telephone.labels import DISAGREEMENT, PHASE
from broken_telephone.progress import track

SPLITS = ("train", "val")
REGIONS = "phase_gcc_{split}_regions_20221101.json"
VOTES = "phase_gcc_{split}_all_20221101.json"
# Where pictures are put; the data set itself comes with their addresses only.
IMAGES = ("phase_images/{split}", "phase_images", "images/{split}", "images", "{split}", "")
_PERSON = re.compile(r"person(\d{1,6})")


@dataclass(frozen=True)
class _Person:
    """One person as a file has it: where it stands, and its content."""

    image_id: str
    person_id: str
    where: str
    content: dict[str, Any]


@dataclass(frozen=True)
class _Votes:
    """What annotators said of one person."""

    annotators: int
    values: dict[str, Counter[str]]
    """By variable: value -> how many said so."""

    def label(self, name: str) -> str:
        """What more than half of the annotators say."""
        value, count = self.values[name].most_common(1)[0]
        return value if 2 * count > self.annotators else DISAGREEMENT


def read(folder: Path, findings: Findings) -> Rows:
    """Read the people, votes and captions of PHASE.

    Raises:
        StudyError: if no annotation file is there, or one is not JSON or names a path elsewhere.
    """
    rows = Rows([])
    found = False
    for split in SPLITS:
        regions, votes = (folder / name.format(split=split) for name in (REGIONS, VOTES))
        if regions.is_file() or votes.is_file():
            found = True
            _read_split(folder, split, regions if regions.is_file() else None, votes, findings, rows)
    if not found:
        names = " nor ".join(name.format(split="{train,val}") for name in (REGIONS, VOTES))
        raise StudyError(f"{folder} has neither {names}: is data_root the folder that holds them?")
    return rows


def _read_split(folder: Path, split: str, regions: Path | None, votes: Path, findings: Findings, rows: Rows) -> None:
    """Read a split from its regions file and its votes, or from its votes alone."""
    records = read_records(regions or votes)
    people = _people(records, regions or votes, findings, rows)
    cast = {}
    if votes.is_file():
        others = _voted_on(votes, findings) if regions else people
        cast = {person.person_id: _votes(person, votes, findings) for person in others}
    known = {person.person_id for person in people}
    for person_id in sorted(cast.keys() - known):
        findings.note("kept", "votes about nobody in the regions file: not read", votes, person_id)
    places = [(place, Listing(folder / place)) for place in dict.fromkeys(p.format(split=split) for p in IMAGES)]
    file = regions or votes
    for person in track(people, f"Reading {file.name}", len(people)):
        said = cast.get(person.person_id)
        rows.people.append(
            {
                "person_id": person.person_id,
                "image_id": person.image_id,
                "dataset": "phase",
                "split": split,
                "image_path": _find(places, person.image_id),
                "file": file,
                "row": person.where,
                **read_box(person.content.get("region"), findings, file, person.where),
                **(_labels(person, said, file, findings) if regions else _voted(said)),
            }
        )
    if regions and (unread := _unread(people)):
        advice = f"Read are: {', '.join(PHASE.variables)}"
        findings.note("kept", "annotations that are not read", file, "all people", unread, advice)
    rows.votes.extend(
        {"person_id": person_id, "variable": name, "value": value, "votes": count}
        for person_id, said in cast.items()
        if person_id in known
        for name, values in said.values.items()
        for value, count in values.items()
    )


def _voted_on(file: Path, findings: Findings) -> list[_Person]:
    """Everybody in the votes file beside a regions file, which counts the people: nobody is left out here."""
    own = Findings(findings.root)
    people = _people(read_records(file), file, own, Rows([]))
    for defect in own.defects:
        if defect["effect"] == "dropped":
            findings.defects.append(defect | {"effect": "kept", "problem": f"{defect['problem']}: votes not read"})
    return people


def _people(records: dict[str, Any], file: Path, findings: Findings, rows: Rows) -> list[_Person]:
    """Everybody in a file, by picture and by the number of the person; captions go into `rows`."""
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


def _find(places: list[tuple[str, Listing]], image_id: str) -> str:
    """The picture's path below the folder; where it should be, if it is nowhere."""
    for place, names in places:
        if name := names.picture(image_id):
            return f"{place}/{name}".lstrip("/")
    return f"{places[1][0]}/{image_id}.png"


def _voted(said: _Votes | None) -> Row:
    return {name: said.label(name) for name in said.values} if said else {}


def _labels(person: _Person, said: _Votes | None, file: Path, findings: Findings) -> Row:
    """The labels of the regions file; where the votes say otherwise, that is noted."""
    annotations = person.content.get("annotations")
    if not isinstance(annotations, dict):
        findings.note("unknown", "person without annotations", file, person.where, annotations)
        return {}
    labels = {}
    for name, variable in PHASE.variables.items():
        word = _stated(annotations, name)
        if word is not None:
            labels[name] = findings.value(variable, name, str(word), file, person.where)
    for name, voted in _voted(said).items():
        if labels.get(name) != voted:
            both = f"{labels.get(name)}, votes: {voted}"
            findings.note("kept", f"{name} differs from the votes", file, person.where, both)
    return labels


def _stated(annotations: dict[str, Any], name: str) -> Any:
    """What annotations say of a variable, whose name they write as skintone, skin_tone or Skin tone.

    A list of all values if they write it in several of these ways with different values.
    """
    keys = [key for key in annotations if _plain(key) == _plain(name)]
    values = [annotations[key] for key in keys if annotations[key] is not None]
    return values if any(value != values[0] for value in values) else next(iter(values), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _unread(people: list[_Person]) -> list[str]:
    """The names in people's annotations that are no variable's."""
    known = {_plain(name) for name in PHASE.variables}
    stated = (person.content.get("annotations") for person in people)
    names = {name for annotations in stated if isinstance(annotations, dict) for name in annotations}
    return sorted(name for name in names if _plain(name) not in known)


def _votes(person: _Person, file: Path, findings: Findings) -> _Votes:
    sheets = person.content.get("annotations")
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        findings.note("unknown", "votes are not one record an annotator", file, person.where, sheets)
        return _Votes(0, {})
    values = {}
    for name, variable in PHASE.variables.items():
        words = [_stated(sheet, name) for sheet in sheets]
        said = [
            findings.value(variable, f"{name} vote", str(word), file, person.where)
            for word in words
            if word is not None
        ]
        if any(said):
            values[name] = Counter(value for value in said if value is not None)
    return _Votes(len(sheets), values)
