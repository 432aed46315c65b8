"""Reads manual labels: JSON files with one value per attribute for each image, which become human ratings."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.importing.json_files import read_json
from broken_telephone.importing.originals import match_names
from broken_telephone.importing.study_tables import ImportedStudy
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import UNSURE, Scheme, Variable

RATINGS = ("rater", "chain_id", "iteration", "attribute", "status", "category")
_SET = "set"
_OTHER_NAMES = {"race": "ethnicity", "skintone": "skin_tone", "skin": "skin_tone", "sex": "gender"}


def read_manual_labels(
    root: Path, files: Mapping[str, str], iteration: int, study: ImportedStudy, scheme: Scheme, findings: Findings
) -> pd.DataFrame:
    """Return the manual labels of a study's images in columns RATINGS.

    Args:
        root: the folder of the results.
        files: pattern of file names below it -> the person who labelled.
        iteration: the image that the labels are about.
        study: the imported study.
        scheme: the data set's.
        findings: collects labels of unknown images, unknown values, and images that one person labelled twice.

    Raises:
        StudyError: if a pattern matches no file, or a file cannot be read.
    """
    chains = _chains_by_name(study, iteration)
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for pattern, rater in files.items():
        for file in _files(root, pattern):
            content = read_json(file, findings)
            if not isinstance(content, dict):
                raise StudyError(
                    f"{file} holds a {type(content).__name__}, not labels by the identifier of their image"
                )
            for image, labels in content.items():
                for row in _rows(file, image, labels, chains, scheme, findings):
                    key = rater, row["chain_id"], row["attribute"]
                    if key not in rows:
                        rows[key] = {"rater": rater, "iteration": iteration, **row}
                    elif rows[key]["category"] != row["category"]:
                        advice = f"Kept: {rows[key]['category'] or UNSURE}"
                        findings.note(
                            "dropped", f"{rater} labelled an image twice", file, image, row["category"], advice
                        )
    return pd.DataFrame(list(rows.values()), columns=list(RATINGS))


def _files(root: Path, pattern: str) -> list[Path]:
    """Return the files below the root that a pattern matches.

    Raises:
        StudyError: if there is none.
    """
    files: list[Path] = []
    if not Path(pattern).is_absolute() and ".." not in Path(pattern).parts:
        try:
            files = sorted(file for file in root.glob(pattern) if file.is_file())
        except (ValueError, NotImplementedError) as error:
            raise StudyError(f"import.ratings: {pattern!r} is no pattern of file names ({error})") from None
    if not files:
        raise StudyError(f"import.ratings: {pattern!r} matches no file below {root}")
    return files


def _chains_by_name(study: ImportedStudy, iteration: int) -> dict[str, list[str]]:
    """Return the names that a file may give an image -> the chains that have it."""
    names: dict[str, list[str]] = {}
    originals = study.chains.set_index("chain_id")["image_id"].astype(object)
    # Replicates share their original, which is rated once.
    firsts = set(study.chains.loc[study.chains["replicate"] == 0, "chain_id"])
    for chain_id, record in study.records.items():
        if iteration not in record.images if iteration else chain_id not in firsts:
            continue
        stated = {record.name, *([str(originals[chain_id])] if record.original is not None else [])}
        if iteration:
            stated.add(record.images[iteration].name)
        if record.original is not None:
            stated.add(record.original)
        for name in {end for one in stated for end in match_names(one)}:
            names.setdefault(name, []).append(chain_id)
    return names


def _rows(
    file: Path,
    image: str,
    labels: Any,
    chains: Mapping[str, list[str]],
    scheme: Scheme,
    findings: Findings,
) -> Iterator[dict[str, Any]]:
    findings.rows += 1
    if not isinstance(labels, dict):
        findings.note("dropped", "manual labels are no record", file, image, labels)
        return
    matches = set(next((chains[name] for name in match_names(image) if name in chains), []))
    if len(matches) != 1:
        problem = "manual labels of an image of several chains" if matches else "manual labels of an unknown image"
        findings.note("dropped", problem, file, image, ", ".join(sorted(matches)[:3]) or None)
        return
    (chain_id,) = matches
    for name, value in labels.items():
        if name == _SET or value is None or value == "":
            continue
        attribute = _attribute(name)
        variable = scheme.attributes.get(attribute)
        if variable is None:
            if attribute not in scheme.concepts:
                findings.note("ignored", "manual label of another attribute", file, image, name)
            continue
        category = _read(variable, value, file, image, attribute, findings)
        if category is not None:
            is_unsure = category == UNSURE
            yield {
                "chain_id": chain_id,
                "attribute": attribute,
                "status": UNSURE if is_unsure else "valid",
                "category": None if is_unsure else category,
            }


def _attribute(name: str) -> str:
    plain = re.sub(r"[\s-]+", "_", name.strip()).casefold()
    return _OTHER_NAMES.get(plain, plain)


def _read(variable: Variable, value: Any, file: Path, image: str, attribute: str, findings: Findings) -> str | None:
    text = str(value).strip()
    return findings.value(variable, f"manual label of {attribute}", text, file, image)
