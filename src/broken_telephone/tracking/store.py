"""Writes records to an MLflow store. MLflow is imported when a study asks for it, and its telemetry is off."""

import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError
from broken_telephone.exporting.table_files import csv_bytes
from broken_telephone.tracking.recorded import Record
from broken_telephone.tracking.settings import TrackingSettings

_SQLITE = "sqlite:///"
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "WARNING"}
"""Environment variables that MLflow reads when it is imported: it sends nothing, and does not report its own steps."""
_MOST = 100
"""Settings that MLflow takes in one call."""


class TrackingStore:
    """An experiment in an MLflow store."""

    def __init__(self, settings: TrackingSettings, project: Path) -> None:
        """Open the store, and make the experiment if there is none of this name.

        Args:
            settings: of tracking, with a store.
            project: folder from which a relative path in the address starts.

        Raises:
            StudyError: if MLflow is not installed, or the store does not open.
        """
        if find_spec("mlflow") is None:
            raise StudyError("tracking.store needs MLflow, the extra `tracking`: pip install mlflow-skinny alembic")
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        self.address = located_store(str(settings.store), project)
        try:
            self._client = _client(self.address)
            self._experiment = self._experiment_id(settings.experiment)
        # MLflow and its databases raise many types.
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise StudyError(f"tracking.store: {settings.store} does not open ({reason})") from error

    def write(self, record: Record, started: int, ended: int) -> str:
        """Write a record as one finished run, and return the run's id.

        A record that cannot be written whole has the status FAILED.

        Args:
            record: what to write.
            started: when the run began, in milliseconds since 1970.
            ended: when it ended.
        """
        run = self._client.create_run(self._experiment, started, dict(record.tags), record.name)
        identifier = str(run.info.run_id)
        try:
            self._write_content(identifier, record, ended)
            self._client.set_terminated(identifier, "FINISHED", ended)
        # An interruption, too, must not leave a run that seems to go on.
        except BaseException:
            with suppress(Exception):
                self._client.set_terminated(identifier, "FAILED", ended)
            raise
        return identifier

    def _write_content(self, identifier: str, record: Record, ended: int) -> None:
        """Write settings, metrics, tables and pages."""
        from mlflow.entities import Metric, Param

        client = self._client
        settings = [Param(name, value) for name, value in record.settings.items()]
        for first in range(0, len(settings), _MOST):
            client.log_batch(identifier, params=settings[first : first + _MOST])
        client.log_batch(identifier, metrics=[Metric(name, value, ended, 0) for name, value in record.metrics.items()])
        for name, table in record.tables.items():
            client.log_text(identifier, csv_bytes(table).decode(), f"tables/{name}.csv")
        for name, page in record.pages.items():
            client.log_text(identifier, page, f"{name}.html")

    def _experiment_id(self, name: str) -> str:
        existing = self._client.get_experiment_by_name(name)
        if existing is not None:
            return str(existing.experiment_id)
        return str(self._client.create_experiment(name, artifact_location=files_beside(self.address)))


def located_store(address: str, project: Path) -> str:
    """Return an address whose database, if it is a file, has an absolute path."""
    if not address.startswith(_SQLITE):
        return address
    path = project / address.removeprefix(_SQLITE)
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"{_SQLITE}{path}"


def files_beside(address: str) -> str | None:
    """Return the folder for tables and pages, beside a database that is a file; None leaves it to the server."""
    if not address.startswith(_SQLITE):
        return None
    path = Path(address.removeprefix(_SQLITE))
    return path.with_name(f"{path.stem}_files").as_uri()


def _client(address: str) -> Any:
    """Return the `MlflowClient` of a store."""
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=address, registry_uri=address)
