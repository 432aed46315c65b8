"""Shows the graph of a study: the pages of Kedro-Viz, without what they load from other hosts."""

import errno
import logging
import socket
import webbrowser
from pathlib import Path
from typing import Any, cast

from kedro.framework import project
from kedro.framework.session import KedroSession

from broken_telephone.commands.offline_graph import OfflineGraph
from broken_telephone.commands.run_choice import refuse_unknown_choice
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.rating.address import trusted_hosts

_TRIED = 20
"""Ports that are tried, one after another, if the first is in use."""
_HIGHEST = 65535
"""The last port that there is."""


def view_graph(
    folder: Path,
    env: str | None,
    pipeline: str | None,
    params: dict[str, Any],
    host: str,
    port: int,
    opens_browser: bool,
) -> None:
    """Serve the graph until Ctrl-C; print its address.

    Args:
        folder: of the project.
        env: folder of the study; None is conf/base with conf/local.
        pipeline: the only pipeline to show; None for all.
        params: settings for this run.
        host: network address of the server.
        port: port of the server, or the first one that is tried; 0 takes a free one.
        opens_browser: whether the page is opened in a browser.

    Raises:
        StudyError: if there is no such study, pipeline or port, or no free port.
    """
    import uvicorn

    refuse_unknown_choice({"pipeline": pipeline})
    # Refuses a study that does not exist before anything is drawn.
    with KedroSession.create(folder, env=env, runtime_params=params) as session:
        study = cast(KedroSession, session).load_context().params["study"]
    app = graph_app(folder, env, pipeline, params, trusted_hosts(host, None))
    listener = _listener(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
    say(f"Graph of {study}: {address} (Ctrl-C ends the server)")
    if opens_browser and not webbrowser.open(address):
        say("No browser was found: open the address yourself.")
    uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning")).run(sockets=[listener])


def graph_app(
    folder: Path, env: str | None, pipeline: str | None, params: dict[str, Any], hosts: list[str] | None
) -> OfflineGraph:
    """Return the application that serves the graph; arguments as in `view_graph`."""
    from kedro_viz import __version__
    from kedro_viz.api.apps import create_api_app_from_project
    from kedro_viz.server import load_and_populate_data

    # The page shows the events of the last run, which this project does not record (settings.py).
    logging.getLogger("kedro_viz.api.rest.responses.run_events").setLevel(logging.ERROR)
    load_and_populate_data(folder, env, package_name=project.PACKAGE_NAME, pipeline_name=pipeline, extra_params=params)
    return OfflineGraph(create_api_app_from_project(folder), pipeline or "__default__", __version__, hosts)


def _listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens at a port, or at the next free one.

    Raises:
        StudyError: if there is no such or no free port, or the address is not one of this machine.
    """
    if not 0 <= port <= _HIGHEST:
        raise StudyError(f"--port must be from 0 to {_HIGHEST}, not {port}")
    end = min(port + (_TRIED if port else 1), _HIGHEST + 1)
    for tried in range(port, end):
        try:
            return socket.create_server((host, tried), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StudyError(
                    f"The graph cannot be served at {host}, port {tried}: {error.strerror or error}. "
                    "Choose another --host or --port"
                ) from error
    raise StudyError(f"The ports {port} to {end - 1} are in use: choose another --port (0 takes one that is free)")
