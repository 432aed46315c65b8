"""Defines the settings of tracking."""

from typing import Annotated

from pydantic import Field, field_validator

from broken_telephone.study_config.credentials import refusal, secret_in
from broken_telephone.study_config.settings_group import Settings


class TrackingSettings(Settings):
    """Where MLflow records the runs of a study."""

    store: str | None = None
    """MLflow tracking address, such as `sqlite:///data/tracking.db` or `http://localhost:5000`; null: no tracking."""
    experiment: Annotated[str, Field(min_length=1)] = "broken_telephone"
    """Name of the MLflow experiment. Runs of one experiment stand side by side."""

    @field_validator("store")
    @classmethod
    def _has_no_password(cls, store: str | None) -> str | None:
        if store is not None and secret_in(store) is not None:
            raise refusal(
                "an address with a password in it would end up in records: state it in the environment variables "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        return store
