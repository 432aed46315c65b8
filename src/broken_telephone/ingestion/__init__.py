"""Readers of data sets as they are published: raw folder -> people, people -> chains."""

from broken_telephone.ingestion.chain_sampling import ChainSettings, Sample, refuse_other_chains, sample_chains
from broken_telephone.ingestion.defect_summary import defect_sentences
from broken_telephone.ingestion.prompts import PromptSettings, read_prompts
from broken_telephone.ingestion.reader_result import Reading, quality
from broken_telephone.ingestion.registry import DatasetSettings, read_dataset

__all__ = [
    "ChainSettings",
    "DatasetSettings",
    "PromptSettings",
    "Reading",
    "Sample",
    "defect_sentences",
    "quality",
    "read_dataset",
    "read_prompts",
    "refuse_other_chains",
    "sample_chains",
]
