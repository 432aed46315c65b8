"""Models that several runs of one process share, so that their weights are loaded once."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from broken_telephone.models import Kind, make_model
from broken_telephone.models.loading.torch_model import LocalModel

_shared: dict[tuple[str, str, str], Any] | None = None
"""Models by kind, settings and the name of their settings; None: nothing is shared."""


@contextmanager
def shared_models() -> Iterator[None]:
    """Share models among the catalogs that are made inside this context."""
    global _shared
    before, _shared = _shared, {}
    try:
        yield
    finally:
        keep_models({})
        _shared = before


def model_of(kind: Kind, settings: dict[str, Any], setting: str, detector: dict[str, Any] | None = None) -> Any:
    """Return the shared model with these settings, or make it.

    Models of an endpoint are never shared, because they learn from answers. Neither are annotators that are no
    describers, which load quickly.

    Args:
        kind: the kind.
        settings: of the model.
        setting: their name in the study.
        detector: settings of the study's face detector; see `make_model`.

    Raises:
        StudyError: if the settings are wrong.
    """
    key = kind, _text(settings), setting
    if _shared is not None and key in _shared:
        return _shared[key]
    model = make_model(kind, settings, setting, detector)
    if _shared is not None and isinstance(model, LocalModel):
        _shared[key] = model
    return model


def keep_models(parameters: Mapping[str, Any]) -> None:
    """Free the shared models that a study does not use, so that no more models are loaded than it has.

    Args:
        parameters: of the study.
    """
    if _shared is None:
        return
    further = dict(parameters.get("further_annotators") or {})
    used = {_text(value) for value in (*parameters.values(), *further.values())}
    for key in [key for key in _shared if key[1] not in used]:
        _shared.pop(key).release()


def _text(settings: Any) -> str:
    return json.dumps(settings, sort_keys=True, default=str)
