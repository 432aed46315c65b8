"""Writes the tables of a study for other people: CSV, Parquet, a data dictionary and Croissant metadata."""

from broken_telephone.exporting.bundle import Bundle, Exported, write_bundle
from broken_telephone.exporting.dictionary import described_tables

__all__ = ["Bundle", "Exported", "described_tables", "write_bundle"]
