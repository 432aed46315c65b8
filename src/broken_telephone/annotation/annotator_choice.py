"""Names the annotators of a study and selects the answers of one of them."""

import logging
import re
from collections.abc import Iterable, Sequence

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.tables.agreement_table import ALL_RATERS, RATER, TOGETHER
from broken_telephone.statistics.tables.shares_table import DATASET

logger = logging.getLogger(__name__)

_RESERVED = (DATASET, TOGETHER, ALL_RATERS)
_LONGEST = 60
"""Characters of a name."""
_READING = re.compile(r"(.+) \((free|closed)\)")


def check_names(first: str, further: Iterable[str], setting: str = "further_annotators") -> None:
    """Check that every annotator has a name of its own.

    Args:
        first: the name of the first annotator, which is its model's.
        further: the names of the further annotators, as the study states them.
        setting: the setting that states them, for the error.

    Raises:
        StudyError: if a name is empty, too long or taken.
    """
    for name in further:
        if not name.strip() or name != name.strip() or len(name) > _LONGEST:
            raise StudyError(
                f"{setting}: {name!r} is no name. A name has 1 to {_LONGEST} characters and no space at its ends"
            )
        if name == first:
            raise StudyError(
                f"{setting}: {name!r} is the name of the first annotator already. Give this one another name"
            )
        if name in _RESERVED or name.startswith(RATER) or _READING.fullmatch(name):
            raise StudyError(f"{setting}: {name!r} means something else in the tables. Choose another name")


def annotators_of(annotations: pd.DataFrame) -> list[str]:
    """Return the names of the annotators, in the order in which the study lists them.

    Args:
        annotations: the `annotations` table. All rows of one annotator stand above those of the next.
    """
    return [str(name) for name in annotations["annotator"].dropna().unique()]


def refuse_missing_headline(first: str, annotations: pd.DataFrame) -> None:
    """Check that the table begins with the first annotator of the study.

    Raises:
        StudyError: if only further annotators labelled pictures: the report would measure another one in silence.
    """
    names = annotators_of(annotations)
    if names and names[0] != first:
        raise StudyError(
            f"The first annotator, {first}, failed on every picture, but {', '.join(names)} did not. Correct its "
            "settings, or make another annotator the first one. Its failures are in the folder annotation_batches"
        )


def answers_by(annotations: pd.DataFrame, name: str | None, setting: str) -> pd.DataFrame:
    """Return the rows of one annotator.

    Args:
        annotations: the `annotations` table.
        name: the annotator's name; None for the first annotator of the study.
        setting: the setting that states the name, for the error.

    Raises:
        StudyError: if no such annotator labelled a picture.
    """
    known = annotators_of(annotations)
    if name is None and not known:
        return annotations
    if name is not None and name not in known:
        raise StudyError(f"{setting}: {name!r} is no annotator of this study (there are: {', '.join(known)})")
    return annotations[annotations["annotator"] == (known[0] if name is None else name)]


def headline(annotations: pd.DataFrame, name: str | None = None) -> pd.DataFrame:
    """Return the rows of the annotator that the report measures: the setting `report.annotator`, or the first one.

    Raises:
        StudyError: if no such annotator labelled a picture.
    """
    return answers_by(annotations, name, "report.annotator")


def measured_answers(annotations: pd.DataFrame, name: str | None, reading: str) -> pd.DataFrame:
    """Return one reading of the annotator that the report measures, and log its name if there are several annotators.

    Args:
        annotations: the `annotations` table.
        name: the setting `report.annotator`.
        reading: the setting `report.reading`.

    Raises:
        StudyError: if no such annotator labelled a picture, or it does not give this reading.
    """
    own, names = headline(annotations, name), annotators_of(annotations)
    measured = annotators_of(own)
    if len(names) > 1:
        rest = ", ".join(other for other in names if other not in measured)
        logger.info("The report measures the answers of %s. Further annotators: %s", measured[0], rest)
    # A table without any row gives tables that say so.
    if len(own) and reading not in set(own["reading"]):
        setting = "report.reading" if name is None else "report.annotator"
        given = ", ".join(map(str, own["reading"].dropna().unique()))
        raise StudyError(
            f"{setting}: {measured[0]} gives no {reading} reading, which report.reading asks for. Write `report: "
            f"{{reading: {given}}}`, or name another annotator"
        )
    return own[own["reading"] == reading]


def with_reading(annotator: str, reading: str) -> str:
    """Return the name of one reading of an annotator, as in the tables of agreement."""
    return f"{annotator} ({reading})"


def split_reading(name: str) -> tuple[str, str] | None:
    """Return annotator and reading of a name by `with_reading`; None for the data set and for raters."""
    match = _READING.fullmatch(name)
    return None if match is None or name.startswith(RATER) else (match[1], match[2])


def is_comparable(name_a: str, name_b: str, names: Sequence[str]) -> bool:
    """Return whether two names are compared.

    Different annotators are compared by the same reading. An annotator without that reading is compared by the one
    that it has.

    Args:
        name_a: a name, as `labels_of` gives it.
        name_b: another name.
        names: all names.
    """
    a, b = split_reading(name_a), split_reading(name_b)
    if a is None or b is None or a[0] == b[0] or a[1] == b[1]:
        return True
    readings = {
        name: {part[1] for part in map(split_reading, names) if part and part[0] == name} for name in (a[0], b[0])
    }
    return not readings[a[0]] & readings[b[0]]
