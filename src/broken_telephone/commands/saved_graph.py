"""Saves the answers that the page of Kedro-Viz asks for, and serves saved ones."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broken_telephone.errors import StudyError

_MISSING = ("Did not find any versions", "No such file or directory")
"""How a catalog entry says that its result was not made yet."""


def save_graph(folder: Path, *, has_previews: bool) -> None:
    """Save the answers about the project that Kedro-Viz has read.

    Args:
        folder: where they are saved, below `api`.
        has_previews: whether the answers contain previews of results: pictures, texts, tables.
    """
    from fsspec.implementations.local import LocalFileSystem
    from kedro_viz import __version__
    from kedro_viz.api.rest.responses.metadata import MetadataAPIResponse, get_metadata_response
    from kedro_viz.api.rest.responses.save_responses import save_api_responses_to_fs

    with _without_warnings_of_missing_results():
        save_api_responses_to_fs(str(folder), LocalFileSystem(), has_previews)
    # The page asks for these two as well, which Kedro-Viz does not save.
    metadata = MetadataAPIResponse.model_validate(get_metadata_response(), from_attributes=True).model_dump()
    saved = {"timestamp": datetime.now(UTC).strftime("%d.%m.%Y %H:%M:%S UTC"), "version": __version__}
    for name, answer in {"metadata": metadata, "deploy-viz-metadata": saved}.items():
        (folder / "api" / name).write_text(json.dumps(answer), encoding="utf-8")


def saved_graph_app(folder: Path, pipeline: str | None = None) -> tuple[Any, str]:
    """Return an application that serves saved answers beside the page of Kedro-Viz, and the pipeline shown first.

    Args:
        folder: where they were saved.
        pipeline: the pipeline that is wished first; None for the one that the saved graph begins with.

    Raises:
        StudyError: if the folder has no saved graph, or its graph has no such pipeline.
    """
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    if not (folder / "api" / "main").is_file():
        raise StudyError(f"{folder} has no saved graph: `kedro viz run --save-file FOLDER` writes one")
    main = json.loads((folder / "api" / "main").read_text(encoding="utf-8"))
    saved = [each["id"] for each in main["pipelines"]]
    if pipeline is not None and pipeline not in saved:
        raise StudyError(f"--pipeline: the graph in {folder} has no pipeline {pipeline!r}. It has: {', '.join(saved)}")
    page = StaticFiles(directory=kedro_viz_page(), html=True)
    app = Starlette(routes=[Mount("/api", StaticFiles(directory=folder / "api")), Mount("/", page)])
    return app, pipeline or main["selected_pipeline"]


def kedro_viz_page() -> Path:
    """Return the folder with the page of Kedro-Viz."""
    import kedro_viz

    return Path(kedro_viz.__file__).parent / "html"


@contextmanager
def _without_warnings_of_missing_results() -> Iterator[None]:
    """Drop warnings that a result has no preview because it was not made yet."""
    log = logging.getLogger("kedro_viz.models.flowchart.node_metadata")

    def is_news(record: logging.LogRecord) -> bool:
        return not any(words in record.getMessage() for words in _MISSING)

    log.addFilter(is_news)
    try:
        yield
    finally:
        log.removeFilter(is_news)
