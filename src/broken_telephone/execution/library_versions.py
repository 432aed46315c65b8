"""Reads the installed versions of the libraries that results depend on."""

from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = ("broken-telephone", "torch", "diffusers", "transformers", "peft", "pillow", "ray")


def versions() -> dict[str, str]:
    """Return library -> version, of those that are installed."""
    installed = {}
    for library in _LIBRARIES:
        try:
            installed[library] = version(library)
        except PackageNotFoundError:
            continue
    return installed
