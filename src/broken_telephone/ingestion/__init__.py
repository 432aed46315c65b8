"""Reads published data sets, and samples chains from their people."""

from broken_telephone.ingestion.chain_sampling import ChainSettings, Sample, refuse_other_chains, sample_chains
from broken_telephone.ingestion.defect_summary import defect_sentences
from broken_telephone.ingestion.prompts import PromptSettings, read_prompts
from broken_telephone.ingestion.reader_result import DatasetTables, quality_table
from broken_telephone.ingestion.registry import DatasetSettings, read_dataset

__all__ = [
    "ChainSettings",
    "DatasetSettings",
    "DatasetTables",
    "PromptSettings",
    "Sample",
    "defect_sentences",
    "quality_table",
    "read_dataset",
    "read_prompts",
    "refuse_other_chains",
    "sample_chains",
]
