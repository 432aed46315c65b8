"""Shows the graph of a study: the pages of Kedro-Viz, without what they load from other hosts."""

import errno
import logging
import socket
import webbrowser
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from kedro.framework import project
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from broken_telephone.commands.offline_graph import OfflineGraph
from broken_telephone.commands.offline_page import calm_page
from broken_telephone.commands.run_choice import refuse_unknown_choice
from broken_telephone.commands.saved_graph import kedro_viz_page, save_graph, saved_graph_app
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.rating.address import trusted_hosts

_TRIED = 20
"""Ports that are tried, one after another, if the first is in use."""
_HIGHEST = 65535
"""The last port that there is."""


@dataclass(frozen=True)
class GraphChoice:
    """What is shown as a graph."""

    folder: Path
    """Folder of the project."""
    env: str | None = None
    """Folder of the study; None is conf/base with conf/local."""
    pipeline: str | None = None
    """The only pipeline to show; None for all."""
    params: dict[str, Any] = field(default_factory=dict)
    """Settings for this run."""
    has_hooks: bool = False
    """Whether hooks of the project run while Kedro-Viz reads it."""
    is_lite: bool = False
    """Whether packages that the project imports may be missing."""
    load_file: Path | None = None
    """Folder with a saved graph, which is shown in place of the project's."""
    save_file: Path | None = None
    """Folder into which the graph is saved."""

    def study(self) -> str:
        """Return the name of the study.

        Raises:
            StudyError: if there is no such study or pipeline.
        """
        refuse_unknown_choice({"pipeline": self.pipeline})
        with KedroSession.create(self.folder, env=self.env, runtime_params=self.params) as session:
            name: str = cast(KedroSession, session).load_context().params["study"]
        return name

    def refuse_ignored_options(self) -> None:
        """Refuse options that a saved graph cannot follow.

        Raises:
            StudyError: if a saved graph is shown, naming the options.
        """
        ignored = {
            "--save-file": self.save_file is not None,
            "--env": self.env is not None,
            "--params": bool(self.params),
            "--lite": self.is_lite,
            "--include-hooks": self.has_hooks,
        }
        if self.load_file is not None and (given := [option for option, is_given in ignored.items() if is_given]):
            raise StudyError(
                f"--load-file shows a saved graph, which does not depend on {' and '.join(given)}: leave out "
                f"--load-file or {' and '.join(given)}"
            )


def view_graph(choice: GraphChoice, host: str, port: int, *, opens_browser: bool, reloads: bool) -> None:
    """Serve a graph until Ctrl-C; print its address.

    Args:
        choice: what is shown.
        host: network address of the server.
        port: port of the server, or the first one that is tried; 0 takes a free one.
        opens_browser: whether the page is opened in a browser.
        reloads: whether the server starts again, and the page with it, when code or settings change.

    Raises:
        StudyError: if there is no such study, pipeline, saved graph or port, or no free port, or if options contradict
            each other.
    """
    choice.refuse_ignored_options()
    if choice.load_file is None:
        shown = choice.study()  # refuses a study that does not exist before anything is drawn
    elif reloads:
        raise StudyError("--autoreload shows the project, and --load-file a saved graph: choose one of them")
    else:
        shown = str(choice.load_file)
    listener = _listener(host, port)
    port = listener.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    hosts = trusted_hosts(host, None)
    if reloads:
        from kedro_viz.autoreload_file_filter import AutoreloadFileFilter
        from watchfiles import run_process

        # The socket listens from now on, and every server process gets it. A browser that asks before a server is
        # ready, or between two servers, waits for the answer.
        _say_where(shown, address, opens_browser)
        watched = AutoreloadFileFilter(base_path=choice.folder)
        with listener:
            run_process(choice.folder, target=_serve_again, args=(choice, hosts, listener), watch_filter=watched)
        return
    app = graph_app(choice, hosts)
    _say_where(shown, address, opens_browser)
    _serve(app, listener)


def graph_app(choice: GraphChoice, hosts: list[str] | None, *, reloads: bool = False) -> OfflineGraph:
    """Return the application that serves a graph; saves the graph first, if the choice says so.

    Args:
        choice: what is shown.
        hosts: names that requests may use; None for all.
        reloads: whether the page asks for changes every three seconds.

    Raises:
        StudyError: if there is no saved graph in the folder to load, if the saved graph has no such pipeline, or if the
            page of the installed Kedro-Viz has another form.
    """
    from kedro_viz import __version__
    from kedro_viz.api.apps import create_api_app_from_project

    pipeline = choice.pipeline or "__default__"
    if choice.load_file is not None:
        app, pipeline = saved_graph_app(choice.folder / choice.load_file, choice.pipeline)
    else:
        read_project(choice)
        if choice.save_file is not None:
            save_graph(choice.folder / choice.save_file, has_previews=True)
        app = create_api_app_from_project(choice.folder, reloads)
    calm_page((kedro_viz_page() / "index.html").read_bytes())  # refuses a page of another form before it is served
    return OfflineGraph(app, pipeline, __version__, hosts)


def read_project(choice: GraphChoice) -> None:
    """Let Kedro-Viz read the catalog and the pipelines."""
    from kedro_viz.data_access import data_access_manager
    from kedro_viz.server import load_and_populate_data

    data_access_manager.reset_fields()  # it adds what it reads to what it has read
    # The page shows the events of the last run, which this project does not record (settings.py).
    logging.getLogger("kedro_viz.api.rest.responses.run_events").setLevel(logging.ERROR)
    load_and_populate_data(
        choice.folder,
        choice.env,
        choice.has_hooks,
        project.PACKAGE_NAME,
        choice.pipeline,
        choice.params,
        choice.is_lite,
    )


def _serve_again(choice: GraphChoice, hosts: list[str] | None, listener: socket.socket) -> None:
    """Serve the graph in a new process, which has imported the changed code."""
    bootstrap_project(choice.folder)
    try:
        app = graph_app(choice, hosts, reloads=True)
    except StudyError as error:
        say(f"{error}. The server waits for the next change.")
    else:
        _serve(app, listener)


def _serve(app: OfflineGraph, listener: socket.socket) -> None:
    import uvicorn

    with suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning")).run(sockets=[listener])


def _say_where(shown: str, address: str, opens_browser: bool) -> None:
    say(f"Graph of {shown}: {address} (Ctrl-C ends the server)")
    if opens_browser and not webbrowser.open(address):
        say("No browser was found: open the address yourself.")


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
