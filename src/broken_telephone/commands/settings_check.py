"""Checks the settings of a study without running it: names, types, and the models' own settings. Loads no weights."""

from typing import Any, get_args

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.comparison.settings import ComparisonSettings
from broken_telephone.counterfactuals import CounterfactualSettings
from broken_telephone.datasets import ModelDataset
from broken_telephone.errors import StudyError
from broken_telephone.explainability import ExplainSettings
from broken_telephone.grid import GridSettings
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.models import Kind
from broken_telephone.planning import PlanSettings
from broken_telephone.rating import RatingSettings
from broken_telephone.reporting import ReportSettings
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.study_config.settings_group import Settings
from broken_telephone.validation.settings import ValidationSettings

GROUPS: dict[str, type[Settings]] = {
    "dataset": DatasetSettings,
    "chains": ChainSettings,
    "loop": LoopSettings,
    "annotation": AnnotationSettings,
    "embedding": EmbeddingSettings,
    "explain": ExplainSettings,
    "report": ReportSettings,
    "plan": PlanSettings,
    "rating": RatingSettings,
    "counterfactuals": CounterfactualSettings,
    "grid": GridSettings,
    "comparison": ComparisonSettings,
    "validation": ValidationSettings,
}
"""Group of settings -> its class."""


def check_settings(parameters: dict[str, Any]) -> None:
    """Check every group of settings.

    Raises:
        StudyError: naming the group and what is wrong in it.
    """
    for name, group in GROUPS.items():
        try:
            group.model_validate(parameters.get(name))
        except StudyError as error:
            raise StudyError(f"{name}: {error}") from None
    # Without settings of its own, the annotator is the describer.
    for kind in (kind for kind in get_args(Kind) if kind in parameters and (kind != "annotator" or parameters[kind])):
        ModelDataset(kind=kind, settings=parameters[kind])
