"""What the options of `kedro viz run` do: lite, hooks, saved graphs, and servers that start again."""

import asyncio
import json
import shutil
import signal
import socket
import threading
import urllib.request

import pytest
import watchfiles
from kedro.framework.hooks import hook_impl
from kedro.framework.project import settings
from kedro_viz.models.metadata import Metadata
from project_copies import ROOT

from broken_telephone.commands import graph
from broken_telephone.commands.graph import GraphChoice, graph_app, view_graph
from broken_telephone.commands.graph_command import _run_command
from broken_telephone.errors import StudyError


@pytest.fixture
def project(tmp_path):
    """The real pipelines and settings without any result, and one file that imports a missing package."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "conf" / "local").mkdir()
    (tmp_path / "src" / "broken_telephone").mkdir(parents=True)
    (tmp_path / "src" / "broken_telephone" / "own_nodes.py").write_text("import a_package_that_is_missing\n")
    return tmp_path


def answer(app, path, query=b""):
    """Return status, content and location of a request."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "asgi": {"spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
    }
    scope |= {"query_string": query, "root_path": "", "scheme": "http", "server": ("127.0.0.1", 80)}
    asyncio.run(app({**scope, "headers": [(b"host", b"127.0.0.1")]}, receive, send))
    location = dict(sent[0]["headers"]).get(b"location", b"").decode()
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), location


def nodes(app) -> set[str]:
    status, content, _ = answer(app, "/api/main")
    assert status == 200
    return {node["name"] for node in json.loads(content)["nodes"]}


def test_a_saved_graph_is_shown_as_the_project_was(project, tmp_path):
    made = graph_app(GraphChoice(project, pipeline="loop", save_file=tmp_path / "saved"), None)
    saved = graph_app(GraphChoice(project, load_file=tmp_path / "saved"), None)
    assert nodes(saved) == nodes(made)
    assert any("loop" in name for name in nodes(saved))
    # It begins with the pipeline that was saved: the page would ask in vain for any other.
    assert answer(saved, "/")[2] == answer(made, "/")[2] == "/?pid=loop&types=nodes"
    assert answer(saved, "/api/pipelines/loop")[0] == 200
    with pytest.raises(StudyError, match=r"has no pipeline 'lop'\. It has: loop$"):
        graph_app(GraphChoice(project, load_file=tmp_path / "saved", pipeline="lop"), None)


def test_lite_shows_the_graph_although_a_package_is_missing(project, monkeypatch):
    monkeypatch.setattr(Metadata, "has_missing_dependencies", False)  # is set for the whole process
    shown = []
    # Lite forgets the modules that are imported while it reads. After the first graph, all are imported.
    for is_lite in (False, True):
        app = graph_app(GraphChoice(project, pipeline="loop", is_lite=is_lite), None)
        assert json.loads(answer(app, "/api/metadata")[1])["has_missing_dependencies"] == is_lite
        shown.append(nodes(app))
    assert shown[0] == shown[1]
    assert any("loop" in name for name in shown[1])


def test_hooks_run_only_if_they_are_included(project, monkeypatch):
    called = []

    class Hooks:
        @hook_impl
        def after_catalog_created(self, catalog):
            called.append(catalog)

    monkeypatch.setattr(type(settings), "HOOKS", (Hooks(),), raising=False)
    graph_app(GraphChoice(project, pipeline="loop"), None)
    assert called == []
    graph_app(GraphChoice(project, pipeline="loop", has_hooks=True), None)
    assert called


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"save_file": ROOT}, "--save-file"),
        ({"env": "raf_emotion", "is_lite": True}, "--env and --lite"),
        ({"params": {"study": "other"}}, "--params"),
        ({"has_hooks": True}, "--include-hooks"),
    ],
)
def test_a_saved_graph_refuses_what_it_would_ignore(tmp_path, given, options):
    choice = GraphChoice(tmp_path, load_file=tmp_path, **given)
    with pytest.raises(StudyError, match=f"does not depend on {options}:"):
        view_graph(choice, "127.0.0.1", 0, opens_browser=False, reloads=False)


def test_a_saved_graph_does_not_mind_the_study_of_the_environment(monkeypatch):
    called = []
    monkeypatch.setenv("KEDRO_ENV", "raf_emotion")
    monkeypatch.setattr(graph, "view_graph", lambda choice, *_, **__: called.append(choice.env))
    run = _run_command()
    for words in (["--load-file", "build"], []):
        with run.make_context("run", words) as context:
            run.invoke(context)
    assert called == [None, "raf_emotion"]


def test_a_server_that_starts_again_keeps_its_address_and_lets_the_browser_wait(monkeypatch):
    """A request that comes before there is a server is answered by the first one."""
    answers, clients, addresses = [], [], []

    def ask(address):
        clients.append(
            threading.Thread(target=lambda: answers.append(urllib.request.urlopen(address, timeout=20).read()))
        )
        clients[-1].start()

    def opened(address):
        addresses.append(address)
        socket.create_connection(("127.0.0.1", int(address.rstrip("/").rpartition(":")[2]))).close()  # not refused
        ask(address)
        return True

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"graph %d" % len(made)})
        signal.raise_signal(signal.SIGINT)  # as watchfiles ends a server

    made = []

    def run_process(folder, *, target, args, watch_filter):
        for number in range(2):
            if number:
                ask(addresses[0])
            made.append(number)
            choice, hosts, listener = args
            target(choice, hosts, listener.dup())  # a new process has a copy of the socket
            clients[-1].join(20)

    monkeypatch.setattr("webbrowser.open", opened)
    monkeypatch.setattr(watchfiles, "run_process", run_process)
    monkeypatch.setattr(graph, "graph_app", lambda choice, hosts, *, reloads: app)
    view_graph(GraphChoice(ROOT), "127.0.0.1", 0, opens_browser=True, reloads=True)
    assert len(addresses) == 1
    assert answers == [b"graph 1", b"graph 2"]
