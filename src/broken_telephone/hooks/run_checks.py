"""Checks of the pictures behind earlier results, and of the folders that a run writes to."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.console import study_option
from broken_telephone.errors import StudyError
from broken_telephone.hooks.outputs import loop_settings, outputs_of
from broken_telephone.pictures import state_of

_MANIFESTS = {
    "annotation_manifest": "annotation",
    "similarity_manifest": "similarity",
    "explanation_manifest": "explainability",
}
"""Manifest -> pipeline that writes it."""


def refuse_results_of_other_pictures(
    run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
) -> None:
    """Call `refuse_other_pictures` for every stage whose results a run reads."""
    for name, stage in _MANIFESTS.items():
        if name in pipeline.inputs():
            refuse_other_pictures(stage, catalog.load(name), catalog, run_params.get("env"))


def refuse_other_pictures(
    stage: str, manifest: Mapping[str, Any], catalog: CatalogProtocol, env: str | None = None
) -> None:
    """Check that a stage's results were made from the pictures that exist now.

    Args:
        stage: the name of its pipeline.
        manifest: of the stage; `made_from` states the pictures.
        catalog: of the study.
        env: the name of its folder in conf; None for the base study.

    Raises:
        StudyError: saying which pipeline to run.
    """
    current = state_of(catalog.load("chains"), loop_settings(catalog).iterations, catalog.load("loop_pictures"))
    if manifest.get("made_from") != current:
        raise StudyError(
            f"The results of {stage} were made from other pictures, chains or iterations than there are now: "
            f"run `kedro run --pipeline {stage}{study_option(env)}` first"
        )


def refuse_wrong_form(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Check that the form can be asked, and that crossed attributes are in it, before hours of the loop.

    Raises:
        StudyError: see `form_of` and `crossed_attributes`.
    """
    if not {"params:annotation", "params:dataset"} <= pipeline.inputs():
        return
    # These imports take time, which runs without an annotation save.
    from broken_telephone.annotation import AnnotationSettings, asked_for, form_of
    from broken_telephone.ingestion import DatasetSettings
    from broken_telephone.reporting import ReportSettings
    from broken_telephone.reporting.crossed_attributes import crossed_attributes

    annotation = AnnotationSettings.model_validate(catalog.load("params:annotation"))
    form = form_of(annotation, DatasetSettings.model_validate(catalog.load("params:dataset")).words)
    if "params:report" in pipeline.inputs():
        crossed_attributes(ReportSettings.model_validate(catalog.load("params:report")), asked_for(form))


def refuse_unwritable_folders(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Check that every folder that a run writes to can be written to.

    Raises:
        StudyError: naming the folder and the reason.
    """
    outputs = outputs_of(pipeline, catalog)
    folders = {path if is_folder else path.parent for _, path, is_folder in outputs if isinstance(path, Path)}
    for folder in sorted(folders):
        try:
            _try_writing(folder)
        except OSError as error:
            shown = str(folder) if len(str(folder)) < 500 else f"{str(folder)[:500]}…"
            raise StudyError(
                f"Results cannot be written to {shown}: {error.strerror}. Mend that, or name another place "
                "in globals.yml: `results`, or `models` for models."
            ) from error


def _try_writing(folder: Path) -> None:
    """Write below the nearest folder that exists; nothing stays, because an empty folder would look like a result.

    Raises:
        OSError: naming the folder where writing was tried.
    """
    existing = next(candidate for candidate in (folder, *folder.parents) if candidate.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = error.strerror if existing == folder else f"{existing}: {error.strerror}"
        raise OSError(error.errno, reason) from error
