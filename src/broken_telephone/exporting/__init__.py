"""Writes the tables of a study for other people: CSV, Parquet, a data dictionary and Croissant metadata."""

from broken_telephone.exporting.bundle import Bundle, write_bundle
from broken_telephone.exporting.dictionary import described_tables
from broken_telephone.exporting.read_me import Exported

__all__ = ["Bundle", "Exported", "described_tables", "write_bundle"]
