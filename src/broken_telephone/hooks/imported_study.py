"""Checks of imported studies: no pipeline may extend their results with those of other models."""

from collections.abc import Mapping
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.console import study_option
from broken_telephone.errors import StudyError
from broken_telephone.importing import ImportSettings

_SETTINGS = "params:import"
_OF_THE_LOOP = {"loop_batches", "sampled_chains"}
"""Outputs of pipelines that make chains, descriptions or images themselves."""
_OF_THE_IMPORT = {"chains", "loop_descriptions", "loop_pictures", "loop_manifest"}


def is_imported(catalog: CatalogProtocol) -> bool:
    """Return whether a study imports its results, by its settings or by its seal."""
    if _SETTINGS in catalog and ImportSettings.model_validate(catalog.load(_SETTINGS)).layout is not None:
        return True
    return _was_imported(catalog)


def _was_imported(catalog: CatalogProtocol) -> bool:
    return "loop_settings" in catalog and catalog.exists("loop_settings") and "import" in catalog.load("loop_settings")


def refuse_extending_an_import(run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Refuse to sample chains, describe or draw in an imported study, and to read one before its import.

    Raises:
        StudyError: saying what to run instead.
    """
    if not is_imported(catalog):
        return
    study = study_option(run_params.get("env"))
    if _OF_THE_LOOP & pipeline.all_outputs():
        raise StudyError(
            "This study was imported: its seeds are unknown, and its models are not at hand, so the loop cannot extend "
            f"it. Run `kedro run --pipelines import{study}`, and then `kedro run --pipelines annotation,similarity,"
            f"explainability,reporting{study}`. To follow the same starts with your own models, make another study "
            "with the same data_root, and compare both (docs/importing.md)"
        )
    needed = _OF_THE_IMPORT & pipeline.inputs()
    if needed and not all(catalog.exists(name) for name in needed):
        raise StudyError(f"The results are not imported yet: run `kedro run --pipeline import{study}` first")
