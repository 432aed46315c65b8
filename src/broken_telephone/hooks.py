"""What happens around a run: settings are checked before it, and what was written is shown after it."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import rich
import yaml
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from omegaconf import OmegaConf
from rich.markup import escape
from rich.table import Table

from broken_telephone.errors import StudyError

logger = logging.getLogger(__name__)


class StudyHooks:
    """Hooks of every run."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Refuse unknown studies and settings; let the catalog use parameters.

        `${params:name}` in a catalog file stands for a parameter, so that a model's or a data set's
        settings are stated once and `--params` changes them like all others.
        """
        loader = context.config_loader
        conf = Path(loader.conf_source)
        _check_study(conf, context.env)
        parameters = loader["parameters"]
        _check_names(conf / "base", parameters)
        OmegaConf.register_new_resolver("params", lambda name: _select(parameters, name), replace=True)

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse a folder that cannot be written to, before anything is computed for it."""
        folders = {path if is_folder else path.parent for _, path, is_folder in _written(pipeline, catalog)}
        for folder in sorted(folders):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise StudyError(
                    f"Results cannot be written to {folder}: {error.strerror}. Make it writable, or change "
                    "where results go (conf/base/catalog.yml)."
                ) from error

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print what was written and where; counts as the loop's manifest gives them."""
        table = Table("written", "to", box=None, pad_edge=False)
        for name, path, _ in _written(pipeline, catalog):
            table.add_row(name, escape(_short(path)))
        if table.row_count:
            rich.print(table)
        if "loop_manifest" in pipeline.outputs():
            rich.print(escape(_counts(catalog.load("loop_manifest"))))


def _check_study(conf: Path, env: str | None) -> None:
    if env is None or (conf / env).is_dir():
        return
    studies = sorted(
        path.name for path in conf.iterdir() if path.is_dir() and path.name != "local" and path.name[0] != "."
    )
    raise StudyError(
        f"There is no study {env!r}: {conf / env} does not exist. There are: {', '.join(studies)} "
        "(base is the miniature). A new study is a new folder there; see docs/settings.md."
    )


def _check_names(base: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse groups of settings that the base study does not have: a slip of the pen would do nothing."""
    known: set[str] = set()
    for file in sorted(base.rglob("parameters*.yml")):
        known |= set(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise StudyError(f"There is no setting {', '.join(map(repr, unknown))} (there are: {', '.join(sorted(known))})")


def _select(parameters: Mapping[str, Any], name: str) -> Any:
    value: Any = parameters
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise StudyError(f"The setting {name!r} is missing (conf/<study>/parameters.yml)")
        value = value[part]
    return value


def _written(pipeline: Pipeline, catalog: CatalogProtocol) -> Iterator[tuple[str, Path, bool]]:
    """Yield name, local path and whether it is a folder, for everything a pipeline writes."""
    for name in sorted(pipeline.all_outputs()):
        dataset = catalog.get(name)
        description: dict[str, Any] = {} if dataset is None else dataset._describe()
        place = description.get("filepath") or description.get("path")
        if place is None:
            continue
        filesystem, path = url_to_fs(str(place))
        if isinstance(filesystem, LocalFileSystem):
            yield name, Path(path), "path" in description


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _counts(manifest: Mapping[str, Any]) -> str:
    counts, seconds = manifest["counts"], manifest["seconds"]
    lines = [
        f"Study {manifest['study']}: {counts['chains']} chains ({counts['chains_from_images']} from images, "
        f"{counts['chains_from_prompts']} from prompts), {manifest['iterations']} iterations: "
        f"{counts['descriptions']} descriptions, {counts['images']} images, {counts['failures']} failures.",
        f"Time in all runs: {seconds['describe']:.0f} s describing, {seconds['draw']:.0f} s drawing, "
        f"{seconds['load']:.0f} s loading models, {seconds['around']:.0f} s around them.",
    ]
    lines += [
        f"Stopped: {failure['chain_id']} at iteration {failure['iteration']}: {failure['reason']}"
        for failure in manifest["failures"][:10]
    ]
    if len(manifest["failures"]) > 10:
        lines.append(f"... and {len(manifest['failures']) - 10} more in loop_manifest")
    return "\n".join(lines)
