"""The graph of Kedro-Viz as we serve it: read only, for this machine, and without other hosts."""

import asyncio
import base64
import errno
import hashlib
import json
import re
import socket
from pathlib import Path

import click
import kedro_viz
import pytest
from kedro.framework.cli.cli import KedroCLI
from project_copies import ROOT

from broken_telephone.commands.graph import GraphChoice, _listener
from broken_telephone.commands.offline_graph import OfflineGraph
from broken_telephone.commands.offline_page import calm_page, content_policy, static_page, without_external_links
from broken_telephone.commands.saved_graph import saved_graph_app
from broken_telephone.errors import StudyError
from broken_telephone.rating.address import LOCAL

OWN_PAGE = (Path(kedro_viz.__file__).parent / "html" / "index.html").read_bytes()


async def kedro_vizs(scope, receive, send):
    """Answer as the application of Kedro-Viz does."""
    content = OWN_PAGE if scope["path"] in ("/", "/workflow") else b"{}"
    kind = b"text/html" if content is OWN_PAGE else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    # In two parts, as large answers come.
    await send({"type": "http.response.body", "body": content[:40], "more_body": True})
    await send({"type": "http.response.body", "body": content[40:]})


def asked(path="/", query=b"pid=loop", method="GET", host="127.0.0.1:4141", hosts=LOCAL):
    """Return status, headers and content of a request."""
    sent = []

    async def send(message):
        sent.append(message)

    app = OfflineGraph(kedro_vizs, "__default__", "12.5.0", hosts and list(hosts))
    scope = {"type": "http", "method": method, "path": path, "query_string": query}
    asyncio.run(app({**scope, "headers": [(b"Host", host.encode())]}, None, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def test_the_page_of_kedro_viz_asks_other_hosts_and_ours_does_not():
    assert re.search(rb"https://fonts", OWN_PAGE)
    for page in (without_external_links(OWN_PAGE), asked()[2], asked("/workflow", b"")[2]):
        assert b"//" not in re.sub(rb"<!--.*?-->", b"", page)
        assert page.count(b"assets/") == OWN_PAGE.count(b"assets/") == 2
        assert b"favicon.ico" in page


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="preconnect" href="https://a.example" crossorigin />',
        "<link rel=stylesheet href=//a.example/x.css>",
        "<LINK\n href='HTTP://a.example'\n rel=stylesheet>",
    ],
)
def test_links_to_other_hosts_are_taken_out_however_they_are_written(link):
    page = f'<head>{link}<link rel="stylesheet" href="./own.css"></head>'
    assert without_external_links(page.encode()) == b'<head><link rel="stylesheet" href="./own.css"></head>'


def test_a_script_of_another_host_is_taken_out_and_those_of_kedro_viz_may_run():
    html = Path(kedro_viz.__file__).parent / "html"
    reload, telemetry = ((html / name).read_bytes() for name in ("autoreload.html", "telemetry.html"))
    page = without_external_links(b"<head>" + telemetry + reload + b"</head>")
    assert b"heap" not in page
    assert b"checkReloadStatus" in page
    text = re.search(rb"<script[^>]*>(.*?)</script>", reload, re.DOTALL)[1]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'" in content_policy(page)


def test_a_page_for_a_server_of_files_states_its_policy_before_any_script():
    page = static_page(OWN_PAGE, "__default__").decode()
    assert "https:" not in page
    policy = page.index("Content-Security-Policy")
    script = page.index("<script>")
    assert policy < script < page.index("assets/")
    text = page[script + len("<script>") : page.index("</script>")]
    assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in page[policy:script]
    assert "?pid=__default__&types=nodes" in text
    assert "frame-ancestors" not in page  # a browser warns of it outside a header


@pytest.mark.parametrize("made", [calm_page, lambda page: static_page(page, "__default__")])
def test_a_page_of_another_form_is_refused_and_not_left_without_a_policy(made):
    other = re.sub(rb"<meta charset=[^>]*>", b"", OWN_PAGE)
    assert other != OWN_PAGE
    with pytest.raises(StudyError, match="does not state its character set"):
        made(other)
    # However the element is written.
    for meta in (b"<META charset='utf-8'>", b'<meta http-equiv="content-type" content="text/html; charset=utf-8"/>'):
        assert b"<script>" in made(other.replace(b"<head>", b"<head>" + meta))


def test_a_whole_study_begins_with_its_boxes():
    status, headers, _ = asked(query=b"")
    assert (status, headers["location"]) == (307, "/?pid=__default__&types=nodes")
    assert asked(query=b"pid=__default__&types=nodes")[0] == 200


def test_nothing_asks_whether_there_is_a_later_version():
    status, _, content = asked("/api/version", b"")
    assert status == 200
    assert json.loads(content) == {"installed": "12.5.0", "is_outdated": False, "latest": "12.5.0"}


@pytest.mark.parametrize("path", ["/", "/workflow", "/api/main", "/assets/index.js", "/api/version"])
def test_every_answer_keeps_the_browser_with_this_server(path):
    _, headers, _ = asked(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert "*" not in policy
    assert headers["cache-control"] == "no-store"


def test_only_this_machine_may_ask_and_only_read():
    assert asked(host="evil.example")[0] == 400
    assert asked(host="127.0.0.1.evil.example:4141")[0] == 400
    assert asked(host="localhost")[0] == 200
    assert asked(host="[::1]:4141")[0] == 200
    # A server for other machines may have any name.
    assert asked(host="graphs.example", hosts=None)[0] == 200
    assert asked("/api/deploy", b"", method="POST")[0] == 405
    assert asked(method="HEAD")[0] == 200


def test_run_and_build_of_kedro_viz_are_ours_and_deploy_is_not():
    kedro = KedroCLI(ROOT)
    viz = kedro.get_command(click.Context(kedro), "viz")
    run, build, deploy = (viz.get_command(click.Context(viz), name) for name in ("run", "build", "deploy"))
    assert "loads nothing from other hosts" in run.help
    assert "loads nothing from other hosts" in build.help
    assert deploy.callback.__module__ == "kedro_viz.launchers.cli.deploy"
    assert {"host", "port", "browser", "pipeline", "env", "params", "autoreload"} <= {each.name for each in run.params}
    # Without the name of a command, Kedro-Viz runs `run`.
    assert viz.resolve_command(click.Context(viz), ["run"])[1].help == run.help


@pytest.mark.parametrize("port", [-1, 65536, 70000])
def test_a_port_that_does_not_exist_is_refused(port):
    with pytest.raises(StudyError, match=f"^--port must be from 0 to 65535, not {port}$"):
        _listener("127.0.0.1", port)


def test_ports_are_tried_up_to_the_last_one(monkeypatch):
    tried = []

    def create_server(address, **more):
        tried.append(address[1])
        raise OSError(errno.EADDRINUSE, "in use")

    monkeypatch.setattr(socket, "create_server", create_server)
    with pytest.raises(StudyError, match="The ports 65530 to 65535 are in use"):
        _listener("127.0.0.1", 65530)
    assert tried == list(range(65530, 65536))


@pytest.mark.parametrize(
    ("words", "choice", "reloads"),
    [
        (["--env", "raf_emotion", "--pipeline", "loop"], {"env": "raf_emotion", "pipeline": "loop"}, False),
        (["--lite", "--include-hooks"], {"is_lite": True, "has_hooks": True}, False),
        (["--autoreload"], {}, True),
        (["--load-file", "build"], {"load_file": Path("build")}, False),
        (["--save-file", "."], {"save_file": Path()}, False),  # a folder that exists
    ],
)
def test_every_option_of_kedro_viz_reaches_the_page_without_the_network(monkeypatch, words, choice, reloads):
    called = []
    monkeypatch.setattr(
        "broken_telephone.commands.graph.view_graph", lambda *given, **more: called.append((given, more))
    )
    run = KedroCLI(ROOT).get_command(None, "viz").get_command(None, "run")
    with run.make_context("run", [*words, "--no-browser"]) as context:
        run.invoke(context)
    [(given, more)] = called
    assert given == (GraphChoice(Path.cwd(), **choice), "127.0.0.1", 4141)
    assert more == {"opens_browser": False, "reloads": reloads}


def test_a_folder_without_a_saved_graph_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"has no saved graph: `kedro viz run --save-file"):
        saved_graph_app(tmp_path)
