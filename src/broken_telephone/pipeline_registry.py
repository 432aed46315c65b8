"""The pipelines: every package in `pipelines/` under its name, and the whole study as the default."""

from pathlib import Path

from kedro.framework.project import find_pipelines, pipelines
from kedro.pipeline import Pipeline

STUDY = ("ingestion", "loop", "annotation", "similarity", "explainability", "reporting")
"""The pipelines of a whole study; ingestion alone also measures the shares of the data set."""

_DEFAULT = "__default__"
_RENAMED = {"importing": "import"}
"""Package -> name of its pipeline: a package cannot be named like a keyword."""


def pipeline_names() -> set[str]:
    """Return the names of all pipelines without importing them."""
    folders = {file.parent.name for file in Path(__file__).parent.glob("pipelines/*/pipeline.py")}
    return {_DEFAULT, *(_RENAMED.get(name, name) for name in folders)}


def register_pipelines() -> dict[str, Pipeline]:
    """Return name -> pipeline."""
    # `find_pipelines` would leave out those that a run does not name. The check of missing inputs needs them all.
    pipelines.set_requested(None)
    found = find_pipelines(raise_errors=True)
    for package, name in _RENAMED.items():
        found[name] = found.pop(package)
    return found | {_DEFAULT: sum((found[name] for name in STUDY), Pipeline([]))}
