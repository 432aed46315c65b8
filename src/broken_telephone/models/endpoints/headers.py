"""Reads the key and the further headers of requests from the environment."""

import os

from broken_telephone.errors import StudyError
from broken_telephone.models.endpoints.settings import ServerSettings


def key_of(settings: ServerSettings) -> str | None:
    """Return the key; None if the server needs none."""
    return os.environ.get(settings.key_variable) or None


def further_headers(settings: ServerSettings, setting: str) -> dict[str, str]:
    """Return the headers that `header_variables` names, with their values.

    Args:
        settings: of the server.
        setting: their name in the study, for errors.

    Raises:
        StudyError: if the environment variable of a header is missing.
    """
    headers = settings.header_variables or {}
    if missing := [(name, variable) for name, variable in headers.items() if not os.environ.get(variable)]:
        header, variable = missing[0]
        raise StudyError(
            f"{setting}.header_variables: the environment variable {variable}, which holds the header {header}, is not "
            f"set: set it before the run, as in export {variable}=…"
        )
    return {name: os.environ[variable] for name, variable in headers.items()}


def own_headers(settings: ServerSettings, setting: str) -> dict[str, str]:
    """Return all headers of a request to the server that the client does not make: the key and the further headers.

    Raises:
        StudyError: if the environment variable of a header is missing.
    """
    key = key_of(settings)
    return ({} if key is None else {"Authorization": f"Bearer {key}"}) | further_headers(settings, setting)
