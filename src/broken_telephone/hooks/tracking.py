"""Records finished runs in MLflow if the study asks for it (`tracking.store`)."""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

if TYPE_CHECKING:
    from broken_telephone.tracking import Record, TrackingStore

logger = logging.getLogger(__name__)
_PARAMS = "params:"


class TrackingHooks:
    """Opens the store before a run, so that a wrong address ends it at once, and writes one record after it."""

    def __init__(self) -> None:
        self._store: TrackingStore | None = None
        self._started = 0

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: CatalogProtocol) -> None:
        """Open the store."""
        # Other commands load the hooks, too, and need none of this.
        from broken_telephone.hooks.outputs import is_shard
        from broken_telephone.tracking import TrackingSettings, TrackingStore

        self._store, self._started = None, _now()
        settings = TrackingSettings.model_validate(catalog.load("params:tracking"))
        if settings.store is not None and not is_shard(run_params):
            self._store = TrackingStore(settings, Path(run_params["project_path"]))

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Write the record; results that are already saved do not depend on it."""
        if self._store is None:
            return
        try:
            record = _record(run_params, pipeline, catalog)
            if record is None:
                return
            self._store.write(record, self._started, _now())
        # The store may have gone while the run took hours, and a result may not open. All results are saved, so the run
        # did not fail.
        except Exception as error:
            logger.warning("MLflow did not record this run (%s). Its results are saved.", error)
        else:
            logger.info("Recorded in MLflow: %s", self._store.address)


def _record(run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> "Record | None":
    """Return the record of a run that has ended; None if it made nothing that is recorded."""
    from broken_telephone.tracking import MANIFEST, PAGES, TABLES, record_of

    made = pipeline.all_outputs()
    results = {name: catalog.load(name) for name in (*TABLES, *PAGES, MANIFEST) if name in made}
    # A model is an input under the name of its settings.
    used = {name.removeprefix(_PARAMS) for name in pipeline.inputs()}
    settings = {name: value for name, value in catalog.load("parameters").items() if name in used}
    pipelines = run_params.get("pipeline_names") or ["__default__"]
    return record_of(
        catalog.load("params:study"), "+".join(pipelines).replace("__default__", "whole study"), settings, results
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
