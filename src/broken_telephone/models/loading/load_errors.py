"""Turns errors of the libraries during loading into one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from broken_telephone.errors import StudyError, causes
from broken_telephone.models.loading.memory import is_out_of_memory
from broken_telephone.models.settings import Source


def require(package: str, setting: str) -> None:
    """Refuse a setting whose optional package is missing.

    Raises:
        StudyError: with the command that installs it.
    """
    if find_spec(package) is None:
        raise StudyError(f"The setting {setting} needs the package {package}: pip install {package}")


@contextmanager
def loading(source: Source | None, setting: str, name: str | None = None) -> Iterator[None]:
    """Turn whatever a library raises while it loads a model into one clear error.

    Args:
        source: the hub id or path that the message names; None for a model that is never on the hub.
        setting: the name of the model's settings in the study.
        name: names a model that has no such source.

    Raises:
        StudyError: for every error inside, except that an out-of-memory error is passed on unchanged.
    """
    try:
        yield
    except StudyError:
        raise
    # Whatever a library raises for a broken file, a missing part or an argument it does not know.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        # The text of a KeyError is the key alone.
        reason = repr(error) if isinstance(error, KeyError) else str(error)
        if source is not None:
            name, reason = source.hub or source.path, _hub_reason(error, source, setting) or reason
        raise StudyError(f"The {setting} {name} cannot be loaded: {reason}") from error


def _hub_reason(error: Exception, source: Source, setting: str) -> str | None:
    """Return why the hub refused the model and what to do; None for an error that is not the hub's."""
    if source.hub is None:
        return None
    from huggingface_hub import errors

    page = f"https://huggingface.co/{source.hub}"
    chain = list(causes(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in chain)

    if has(errors.GatedRepoError):
        return (
            f"it is gated. Accept its licence at {page} and give this computer a token of that account: hf auth login"
        )
    if has(errors.RevisionNotFoundError):
        return f"it has no revision {source.revision!r}: see {page}/commits/main, and correct {setting}.revision"
    if has(errors.RepositoryNotFoundError):
        return f"there is nothing at {page}, or it is private: correct {setting}.hub, or log in: hf auth login"
    # The hub's own answers are its HfHubHTTPErrors; any other error of the transport is no answer.
    if has(errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, ConnectionError) or any(
        isinstance(cause, errors.HTTPError) and not isinstance(cause, errors.HfHubHTTPError) for cause in chain
    ):
        revision = f" --revision {source.revision}" if source.revision is not None else ""
        return (
            "it is not in the local cache, and the hub cannot be reached. Fetch it first: "
            f"hf download {source.hub}{revision} (a gated model wants its licence accepted at {page} and "
            "`hf auth login` before)"
        )
    return None
