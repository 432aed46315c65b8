"""Checks the folders of a study: data set, imported results, files of prompts and labels, and the place of results."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from broken_telephone.commands.check import MISSING, OK, Check
from broken_telephone.visible import shortlist

_NAMED = 5
"""Missing files that a line names at most."""


def check_data(parameters: Mapping[str, Any]) -> Iterator[Check]:
    """Check that the data set and the files that the settings name exist."""
    source = parameters["dataset"].get("source")
    root = Path(str(parameters["data_root"])).expanduser()
    if source == "none":
        yield Check("data set", OK, "none: the chains start from prompts")
    elif not root.is_dir():
        text = f"data_root: the folder {root} does not exist. Put the data set there, or change the setting"
        yield Check("data set", MISSING, text)
    else:
        yield Check("data set", OK, f"{root} ({source})")
        labels = parameters["dataset"].get("labels")
        if labels is not None and not (root / labels).is_file():
            yield Check("labels", MISSING, f"dataset.labels: {root / labels} does not exist")
    yield from _check_import(parameters.get("import") or {})
    prompts = parameters["chains"].get("prompt_file")
    if prompts is not None and not Path(prompts).expanduser().is_file():
        yield Check("prompts", MISSING, f"chains.prompt_file: {prompts} does not exist")


def _check_import(settings: Mapping[str, Any]) -> Iterator[Check]:
    """Check the folder of imported results, and the result files that the settings name."""
    if settings.get("root") is None:
        return
    root = Path(str(settings["root"]))
    if not root.is_dir():
        text = f"import.root: the folder {root} does not exist. Put the results there, or change the setting"
        yield Check("import", MISSING, text)
        return
    absent = [name for name in settings.get("files") or [] if not (root / name).is_file()]
    if absent:
        yield Check("import", MISSING, f"import.files: {shortlist(absent, _NAMED)} not in {root}")
    else:
        yield Check("import", OK, f"{root} ({settings.get('layout')})")


def check_results(results: str) -> Check:
    """Check that results can be written; nothing stays."""
    if "://" in results:
        return Check("results", OK, f"{results}; writing was not tried")
    folder = Path(results)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Check(
            "results", MISSING, f"{existing} cannot be written to ({error.strerror}): mend that, or name another"
        )
    return Check("results", OK, f"{folder} can be written to")
