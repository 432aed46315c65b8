"""The pipelines: every package in `pipelines/` under its name, and the whole study as the default."""

from kedro.framework.project import find_pipelines, pipelines
from kedro.pipeline import Pipeline

STUDY = ("ingestion", "loop", "annotation", "similarity", "explainability", "reporting")
"""The pipelines of a whole study; ingestion alone also measures the shares of the data set."""


def register_pipelines() -> dict[str, Pipeline]:
    """Return name -> pipeline."""
    # `find_pipelines` would leave out those that a run does not name. The check of missing inputs needs them all.
    pipelines.set_requested(None)
    found = find_pipelines(raise_errors=True)
    # A package cannot be named like a keyword.
    found["import"] = found.pop("importing")
    return found | {"__default__": sum((found[name] for name in STUDY), Pipeline([]))}
