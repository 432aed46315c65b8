"""Readers of data sets as they are published: raw folder -> people, people -> chains."""

from broken_telephone.sources.chains import ChainSettings, Sample, refuse_other_chains, sample_chains
from broken_telephone.sources.dataset import DatasetSettings, read_dataset
from broken_telephone.sources.defect_summary import defect_sentences
from broken_telephone.sources.prompts import PromptSettings, read_prompts
from broken_telephone.sources.reading import Reading, quality

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
