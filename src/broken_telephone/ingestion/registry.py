"""Reads the data set of a study as tables, by its settings.

To add a data set, add a reader file, a name in `DatasetSettings.source` and a line in `_read`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from broken_telephone.errors import StudyError
from broken_telephone.ingestion.files import picture_checks
from broken_telephone.ingestion.own_attributes import OwnAttribute, check_own
from broken_telephone.ingestion.reader_result import DatasetTables, Findings, ReaderResult, Row
from broken_telephone.ingestion.readers import coco, image_folder, own_table, phase, raf_db
from broken_telephone.ingestion.readers.main_person import BOX, choose_main
from broken_telephone.labels import APART, SCHEMES, Scheme, Variable
from broken_telephone.study_config.settings_group import Settings
from broken_telephone.tables import CAPTIONS, CHAINS, DEFECTS, PEOPLE, VOTES, as_table

_OWN = {"raf_db": "raf", "phase": "phase", "coco": "coco"}
_HOW_TO_GET = {
    "raf_db": "RAF-DB is given to researchers by its authors: ask by mail from an academic address (Li, Deng and Du, "
    "'Reliable Crowdsourcing and Deep Locality-Preserving Learning for Expression Recognition in the Wild', CVPR 2017; "
    "the page of the 'Real-world Affective Faces Database' says how).",
    "phase": "PHASE's annotations are given out for research by its authors: ask for them (Garcia, Hirota, Wu and "
    "Nakashima, 'Uncurated Image-Text Datasets: Shedding Light on Demographic Bias', CVPR 2023); its images are "
    "downloaded by the addresses in Google's Conceptual Captions.",
    "coco": "COCO 2014 is public; ask the authors for the skin and gender annotations (Zhao, Wang and Russakovsky, "
    "'Understanding and Evaluating Racial Biases in Image Captioning', ICCV 2021).",
}


class DatasetSettings(Settings):
    """The data set of a study."""

    source: Literal["raf_db", "phase", "coco", "image_folder", "none"]
    """Layout of the folder, see docs/datasets.md; `none` if the study starts from prompts only."""
    scheme: Literal["raf", "phase", "free"] | None = None
    """For `image_folder` and `none`: the scheme; null is `free`. Other sources have their own scheme."""
    concepts: dict[str, Annotated[list[str], Field(min_length=1)]] | None = None
    """For `image_folder` and `none`: own concepts with their labels, which replace those of the scheme."""
    labels: str | None = None
    """For `image_folder`: a CSV or Parquet table below the folder, one row per person, or a YAML list of images."""
    columns: dict[str, str] = {}
    """For `image_folder`: column of this program -> column of the table, where they differ."""
    attributes: dict[str, OwnAttribute] = {}
    """Attributes of the study's own, by name. A study states them as `attributes`; the loader puts them here."""

    def model_post_init(self, context: Any) -> None:
        """Refuse settings that the source does not use."""
        stated = [name for name in ("scheme", "concepts", "labels", "columns") if getattr(self, name)]
        useful = {"image_folder": ("scheme", "concepts", "labels", "columns"), "none": ("scheme", "concepts")}
        for name, values in (self.concepts or {}).items():
            if name in {*PEOPLE, *own_table.OWN, *CHAINS, *SCHEMES[self.scheme or "free"].attributes}:
                raise StudyError(f"dataset.concepts: {name} is the name of an attribute or a column already")
            plain = [value.strip().casefold().replace("_", " ") for value in values]
            if len(set(plain)) < len(plain) or set(plain) & {"", *APART}:
                raise StudyError(
                    f"dataset.concepts: the labels of {name} must differ, and be none of {', '.join(APART)}"
                )
        if self.attributes:
            own_scheme = _OWN.get(self.source)
            stated_by_source = SCHEMES[own_scheme].attributes if own_scheme else ()
            concepts = self.concepts or SCHEMES[own_scheme or self.scheme or "free"].concepts
            taken = {*PEOPLE, *own_table.OWN, *CHAINS, *concepts}
            check_own(self.attributes, taken, stated_by_source, f"dataset.source {self.source}")
        if useless := [name for name in stated if name not in useful.get(self.source, ())]:
            raise StudyError(f"dataset.{', dataset.'.join(useless)}: source {self.source} does not use it")

    @property
    def words(self) -> Scheme:
        """The scheme of the data set, with the study's own concepts and attributes if there are any."""
        scheme = SCHEMES[_OWN.get(self.source) or self.scheme or "free"]
        if self.concepts is None and not self.attributes:
            return scheme
        concepts = {name: Variable(tuple(values)) for name, values in (self.concepts or {}).items()}
        titles = {name: attribute.title(name) for name, attribute in self.attributes.items()}
        return Scheme(scheme.name, concepts or scheme.concepts, {**scheme.attributes, **self.own_variables}, titles)

    @property
    def own_variables(self) -> dict[str, Variable]:
        """The attributes of the study's own."""
        return {name: attribute.variable for name, attribute in self.attributes.items()}


def read_dataset(settings: DatasetSettings, folder: Path) -> DatasetTables:
    """Read a data set.

    Args:
        settings: the reader and its settings.
        folder: the data set's folder; `image_path` in the result is relative to it.

    Raises:
        StudyError: if the folder is missing, has another layout, or contains no usable person.
    """
    findings = Findings(folder)
    if settings.source == "none":
        return _tables(ReaderResult([]), settings.words, findings)
    if folder.is_file():
        raise StudyError(f"data_root is {folder}, a file; it names the folder of the data set")
    if not folder.is_dir():
        raise StudyError(
            f"The data set's folder {folder} does not exist. Put the data set there as it was unpacked, or change "
            "the setting data_root (in conf/<study>/parameters.yml, or for one run --params data_root=/its/folder). "
            f"{_HOW_TO_GET.get(settings.source, '')}".rstrip()
        )
    try:
        rows = _read(settings, folder, findings)
    except OSError as error:
        raise StudyError(f"{error.filename or folder} cannot be read: {error.strerror or error}") from error
    people = _keep_usable_images(folder, _drop_duplicates(rows.people, settings.words, findings), findings)
    if not people:
        dropped = [defect for defect in findings.defects if defect["effect"] == "dropped"]
        worst = (dropped or findings.defects)[:3]
        first = "; ".join(f"{defect['file']}, {defect['row']}: {defect['problem']}" for defect in worst)
        raise StudyError(
            f"{folder}: none of {findings.rows} people can be used. First: {first or 'there are none'}"
            f"{_place_of_images(folder, worst)}"
        )
    return _tables(ReaderResult(people, rows.votes, rows.captions), settings.words, findings)


def _read(settings: DatasetSettings, folder: Path, findings: Findings) -> ReaderResult:
    if settings.source == "image_folder":
        return image_folder.read(folder, settings.words, settings.labels, settings.columns, findings)
    read = {"raf_db": raf_db.read, "phase": phase.read, "coco": coco.read}[settings.source]
    return read(folder, findings)


def _place_of_images(folder: Path, defects: Sequence[Mapping[str, Any]]) -> str:
    """Say that paths begin at the folder if images are missing, and where the first one is if its name exists."""
    missing = [Path(defect["file"]).name for defect in defects if defect["problem"] == "image missing"]
    if not missing:
        return ""
    places = (Path(place, missing[0]) for place, _, names in os.walk(folder) if missing[0] in names)
    place = next(places, None)
    found = f"; there is {place.relative_to(folder).as_posix()}" if place else ""
    return f". Paths of images begin at data_root{found}"


def _drop_duplicates(people: list[Row], scheme: Scheme, findings: Findings) -> list[Row]:
    """Keep the first of several people or pictures with one name; conflicting values of a person become unknown."""
    kept: dict[str, Row] = {}
    images: dict[str, Row] = {}
    for row in people:
        first = images.setdefault(row["image_id"], row)
        again = kept.get(row["person_id"])
        problem, advice = None, f"{first['row']} has {first['image_path']} in split {first['split']}"
        if first["image_path"] != row["image_path"]:
            problem = "two images of one name"
        elif first["split"] != row["split"]:
            problem = "image in several splits"
        elif again is not None:
            problem, advice = "person listed twice", f"{again['row']} is kept"
            _drop_disputed(again, row, scheme, findings)
        if problem:
            findings.note("dropped", problem, row["file"], row["row"], row["image_path"], advice)
        else:
            kept[row["person_id"]] = row
    return list(kept.values())


def _drop_disputed(first: Row, second: Row, scheme: Scheme, findings: Findings) -> None:
    """Remove values and box from a person's first row if another row states different ones."""
    for columns in (*((name,) for name in scheme.variables), BOX):
        earlier, other = ([row.get(name) for name in columns] for row in (first, second))
        if None in earlier or None in other or earlier == other:
            continue
        name = "box" if columns == BOX else columns[0]
        rows = f"{first['row']} and {second['row']}"
        advice = "If these are two people, give them different names (own tables: in the column dataset.columns.person)"
        value = " / ".join(
            f"{', '.join(map(str, stated))} in {row['row']}" for stated, row in ((earlier, first), (other, second))
        )
        findings.note("unknown", f"rows of one person differ in {name}", first["file"], rows, value, advice)
        for column in columns:
            del first[column]


def _keep_usable_images(folder: Path, people: list[Row], findings: Findings) -> list[Row]:
    """Drop people with a missing, broken or empty picture, choose main persons, and report identical pictures."""
    sizes, broken = picture_checks.picture_sizes(folder, (row["image_path"] for row in people))
    for row in people:
        if row["image_path"] in broken:
            problem, reason = broken[row["image_path"]]
            findings.note("dropped", problem, folder / row["image_path"], row["row"], reason)
    kept = choose_main([row for row in people if row["image_path"] in sizes], sizes, findings)
    splits = {row["image_path"]: row["split"] for row in kept}
    for group in picture_checks.identical_pictures(folder, sizes):
        across = len({splits[name] for name in group}) > 1
        problem = "identical images in several splits" if across else "identical images"
        findings.note("kept", problem, folder / group[0], group[0], ", ".join(group[1:]))
    return kept


def _tables(rows: ReaderResult, scheme: Scheme, findings: Findings) -> DatasetTables:
    people = as_table(rows.people, PEOPLE)
    for name, variable in scheme.variables.items():
        people[name] = pd.Categorical([row.get(name) for row in rows.people], categories=variable.categories)
    known_people = set(people["person_id"])
    votes = as_table([row for row in rows.votes if row["person_id"] in known_people], VOTES)
    votes["share"] = votes["votes"] / votes.groupby(["person_id", "variable"], observed=True)["votes"].transform("sum")
    images = set(people["image_id"])
    captions = as_table([row for row in rows.captions if row["image_id"] in images], CAPTIONS)
    return DatasetTables(people, votes, captions, as_table(findings.defects, DEFECTS), findings.rows)
