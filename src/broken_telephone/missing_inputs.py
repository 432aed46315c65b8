"""What a run reads that neither exists nor is made in it, and which run makes it."""

import shlex
from collections.abc import Mapping
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.datasets.folder import FolderDataset
from broken_telephone.errors import StudyError


def refuse_missing_inputs(run_params: Mapping[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Check that everything exists that the nodes of a run read, and that nodes outside the run make.

    Args:
        run_params: of the run, as Kedro gives them to hooks.
        pipeline: the nodes that will run.
        catalog: where the inputs are.

    Raises:
        StudyError: naming the inputs that are missing, and the commands that make them.
    """
    from broken_telephone.pipeline_registry import register_pipelines

    makers: dict[str, str] = {}
    for name, registered in register_pipelines().items():
        if name != "__default__":
            makers |= {output: name for output in sorted(registered.all_outputs()) if output not in makers}
    missing = [name for name in sorted(pipeline.inputs()) if name in makers and not _exists(name, catalog)]
    if not missing:
        return
    study = f" --env {shlex.quote(run_params['env'])}" if run_params.get("env") else ""
    # What is handed on in memory is made in the same run as the nodes that read it.
    if handed_on := [name for name in missing if name not in catalog or not _is_kept(name, catalog)]:
        last = sorted({node.name for node in pipeline.nodes if set(node.inputs) & set(handed_on)})
        whole = makers[handed_on[0]]
        before = [makers[name] for name in missing if name not in handed_on and makers[name] != whole]
        commands = [f"kedro run --pipelines {name}{study}" for name in before]
        commands.append(f"kedro run --pipelines {whole} --to-nodes {','.join(last)}{study}")
    else:
        commands = [f"kedro run --pipelines {makers[name]}{study}" for name in missing]
    raise StudyError(
        f"What these nodes read is missing: {', '.join(missing)}. Run instead: "
        + ", then ".join(f"`{command}`" for command in dict.fromkeys(commands))
    )


def _exists(name: str, catalog: CatalogProtocol) -> bool:
    """Whether an entry can be read; a folder that a run fills can, also before it is there."""
    if name not in catalog:
        return False
    return isinstance(catalog.get(name), FolderDataset) or catalog.exists(name)


def _is_kept(name: str, catalog: CatalogProtocol) -> bool:
    """Whether an entry is in a file, and not only in the memory of a run."""
    dataset = catalog.get(name)
    description: Mapping[str, Any] = {} if dataset is None else dataset._describe()
    return bool({"filepath", "path"} & description.keys())
