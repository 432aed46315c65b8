"""Checks that a run finds what it reads. The errors name the pipeline that makes what is missing."""

from collections.abc import Mapping
from typing import Any

from kedro.framework.project import pipelines
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.console import study_option
from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.errors import StudyError
from broken_telephone.hooks.imported_study import is_imported
from broken_telephone.hooks.outputs import describe, loop_settings
from broken_telephone.pictures import refuse_unfinished_loop

_STAGES = {
    "chains": "There are no chains yet: run `kedro run --pipeline ingestion{study}` first",
    "loop_descriptions": "The loop has not run yet: run `kedro run --pipeline loop{study}` first",
    "loop_pictures": "The loop's pictures are not listed yet: run `kedro run --pipeline loop{study}` first",
    "original_files": "The originals are not listed yet: run `kedro run --pipeline ingestion{study}` first",
    "annotations": "There are no annotations yet: run `kedro run --pipeline annotation{study}` first",
    "explanation_manifest": "Nothing is explained yet: run `kedro run --pipeline explainability{study}` first",
}
"""Result of a stage -> what to say where a run reads it and it does not exist; {study} is the option of the study."""


def refuse_missing_stages(run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Check that the stages before those of a run have ended.

    Raises:
        StudyError: naming the first pipeline to run.
    """
    for name, message in _STAGES.items():
        if name not in pipeline.inputs() or catalog.exists(name):
            continue
        if name == "loop_descriptions" and len(catalog.load("loop_sessions")):
            # The loop has begun, and was stopped before it made its tables.
            chains, images = catalog.load("chains")["chain_id"], catalog.load("loop_images")
            refuse_unfinished_loop(False, chains, loop_settings(catalog).kept_iterations, images)
        raise StudyError(message.format(study=study_option(run_params.get("env"))))


def refuse_missing_inputs(run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Check that everything exists that the nodes of a run read and that nodes outside the run make.

    Args:
        run_params: of the run, as Kedro gives them to hooks.
        pipeline: the nodes that will run.
        catalog: where the inputs are.

    Raises:
        StudyError: naming the inputs that are missing, and the commands that make them.
    """
    makers: dict[str, str] = {}
    others = {"__default__"} if is_imported(catalog) else {"__default__", "import"}
    for name, registered in sorted(pipelines.items()):
        if name not in others:
            makers |= {output: name for output in sorted(registered.all_outputs()) if output not in makers}
    missing = [name for name in sorted(pipeline.inputs()) if name in makers and not _exists(name, catalog)]
    if not missing:
        return
    study = study_option(run_params.get("env"))
    # What is handed on in memory is made in the same run as the nodes that read it.
    if in_memory := [name for name in missing if name not in catalog or not _is_kept(name, catalog)]:
        last = sorted({node.name for node in pipeline.nodes if set(node.inputs) & set(in_memory)})
        maker = makers[in_memory[0]]
        before = [makers[name] for name in missing if name not in in_memory and makers[name] != maker]
        commands = [f"kedro run --pipelines {name}{study}" for name in before]
        commands.append(f"kedro run --pipelines {maker} --to-nodes {','.join(last)}{study}")
    else:
        commands = [f"kedro run --pipelines {makers[name]}{study}" for name in missing]
    raise StudyError(
        f"What these nodes read is missing: {', '.join(missing)}. Run instead: "
        + ", then ".join(f"`{command}`" for command in dict.fromkeys(commands))
    )


def _exists(name: str, catalog: CatalogProtocol) -> bool:
    """Tell whether an entry can be read; a folder that a run fills can, also before it exists."""
    if name not in catalog:
        return False
    return isinstance(catalog.get(name), FolderDataset) or catalog.exists(name)


def _is_kept(name: str, catalog: CatalogProtocol) -> bool:
    """Tell whether an entry is in a file, and not only in the memory of a run."""
    return bool({"filepath", "path"} & describe(catalog.get(name)).keys())
