"""Reads the installed versions of the libraries that results depend on."""

from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = ("broken-telephone", "torch", "diffusers", "transformers", "pillow", "ray")


def versions() -> dict[str, str]:
    """Return library -> version, of those that are installed."""
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
