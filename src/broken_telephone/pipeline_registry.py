"""The pipelines: every package in `pipelines/` under its name, and the whole study as the default."""

import pkgutil
from importlib import import_module

from kedro.pipeline import Pipeline

from broken_telephone import pipelines


def register_pipelines() -> dict[str, Pipeline]:
    """Return name -> pipeline."""
    found = {
        module.name: import_module(f"{pipelines.__name__}.{module.name}").create_pipeline()
        for module in pkgutil.iter_modules(pipelines.__path__)
    }
    whole = ("loop", "annotation", "similarity", "explainability", "reporting")
    return found | {"__default__": sum((found[name] for name in whole), Pipeline([]))}
