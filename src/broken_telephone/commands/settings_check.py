"""Checks the settings of a study without running it: names, types, and the models' own settings. Loads no weights."""

from typing import Any, get_args

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.comparison.settings import ComparisonSettings
from broken_telephone.counterfactuals import CounterfactualSettings
from broken_telephone.datasets import ModelDataset, ModelsDataset
from broken_telephone.errors import StudyError
from broken_telephone.explainability import ExplainSettings
from broken_telephone.grid import GridSettings
from broken_telephone.importing.settings import ImportSettings
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.loop import LoopSettings
from broken_telephone.models import EndpointSettings, Kind
from broken_telephone.planning import PlanSettings
from broken_telephone.rating import RatingSettings
from broken_telephone.reporting import ReportSettings
from broken_telephone.similarity.settings import EmbeddingSettings
from broken_telephone.study_config.settings_group import Settings
from broken_telephone.tracking.settings import TrackingSettings
from broken_telephone.validation.settings import ValidationSettings

GROUPS: dict[str, type[Settings]] = {
    "import": ImportSettings,
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
    "tracking": TrackingSettings,
}
"""Group of settings -> its class."""


def check_settings(parameters: dict[str, Any]) -> None:
    """Check every group of settings, and the settings of every model.

    Raises:
        StudyError: naming the group and what is wrong in it.
    """
    for name, group in GROUPS.items():
        try:
            group.model_validate(parameters.get(name))
        except StudyError as error:
            raise StudyError(f"{name}: {error}") from None
    detector = parameters.get("detector")
    for kind in (kind for kind in get_args(Kind) if kind in parameters):
        otherwise = parameters.get("describer") if kind == "annotator" else None
        ModelDataset(kind=kind, settings=parameters[kind], otherwise=otherwise, detector=detector)
    further = parameters.get("further_annotators") or {}
    ModelsDataset(kind="annotator", settings=further, setting="further_annotators", detector=detector)
    if proposer := parameters.get("proposer"):
        try:
            EndpointSettings.model_validate(proposer)
        except StudyError as error:
            raise StudyError(f"proposer: {error}") from None
