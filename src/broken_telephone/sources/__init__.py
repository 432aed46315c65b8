"""Readers of data sets as they are published: raw folder -> people, people -> chains."""

from broken_telephone.sources.chains import ChainSettings, PromptSettings, Sample, sample_chains
from broken_telephone.sources.dataset import SOURCES, DatasetSettings, read_people

__all__ = [
    "SOURCES",
    "ChainSettings",
    "DatasetSettings",
    "PromptSettings",
    "Sample",
    "read_people",
    "sample_chains",
]
