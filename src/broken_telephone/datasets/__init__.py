"""Catalog types: resumable folders of pictures and records, sealed settings, tables, models, raw data sets."""

from broken_telephone.datasets.arrays import ArrayPartitionsDataset
from broken_telephone.datasets.csv import CSVDataset
from broken_telephone.datasets.figures import FiguresDataset
from broken_telephone.datasets.finished_studies import FinishedStudiesDataset
from broken_telephone.datasets.frozen_plan import FrozenPlanDataset
from broken_telephone.datasets.grid_studies import GridStudiesDataset
from broken_telephone.datasets.images import (
    ImageDataset,
    ImageFolderDataset,
    ImagePartitionsDataset,
    WrittenFolderDataset,
)
from broken_telephone.datasets.masks import MaskFolderDataset
from broken_telephone.datasets.model import ModelDataset, ModelsDataset
from broken_telephone.datasets.pages import PagesDataset
from broken_telephone.datasets.ratings import RatingsDataset
from broken_telephone.datasets.raw import RawDataset
from broken_telephone.datasets.records import JSONDataset, OptionalJSONDataset, RecordPartitionsDataset
from broken_telephone.datasets.sealed import ComparedDataset, SealedJSONDataset
from broken_telephone.datasets.store import StageStore, StoreDataset
from broken_telephone.datasets.tables import WholeParquetDataset

__all__ = [
    "ArrayPartitionsDataset",
    "CSVDataset",
    "ComparedDataset",
    "FiguresDataset",
    "FinishedStudiesDataset",
    "FrozenPlanDataset",
    "GridStudiesDataset",
    "ImageDataset",
    "ImageFolderDataset",
    "ImagePartitionsDataset",
    "JSONDataset",
    "MaskFolderDataset",
    "ModelDataset",
    "ModelsDataset",
    "OptionalJSONDataset",
    "PagesDataset",
    "RatingsDataset",
    "RawDataset",
    "RecordPartitionsDataset",
    "SealedJSONDataset",
    "StageStore",
    "StoreDataset",
    "WholeParquetDataset",
    "WrittenFolderDataset",
]
