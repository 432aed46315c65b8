"""Imports results that another program made, as an ordinary study."""

from broken_telephone.importing.layouts.registry import read_results
from broken_telephone.importing.manual_labels import read_manual_labels
from broken_telephone.importing.results import (
    DESCRIPTION,
    FORM,
    answers_table,
    descriptions_table,
    images_of,
    imported_manifest,
    manifest_of,
)
from broken_telephone.importing.settings import ImportSettings
from broken_telephone.importing.start_labels import StartLabels
from broken_telephone.importing.starts import Starts
from broken_telephone.importing.study_tables import ImportedStudy, arrange

__all__ = [
    "DESCRIPTION",
    "FORM",
    "ImportSettings",
    "ImportedStudy",
    "StartLabels",
    "Starts",
    "answers_table",
    "arrange",
    "descriptions_table",
    "images_of",
    "imported_manifest",
    "manifest_of",
    "read_manual_labels",
    "read_results",
]
