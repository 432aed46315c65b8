"""`kedro view`: one page on this machine only, always as it is now."""

import re
import threading
import urllib.error
import urllib.request
from wsgiref.util import setup_testing_defaults

import pytest
from click.testing import CliRunner

from broken_telephone.cli import cli
from broken_telephone.commands import view
from broken_telephone.errors import StudyError


def asked(text, **environ):
    """Return status, headers and content of a request."""
    found = {}
    environ = {"HTTP_HOST": "127.0.0.1:8000", **environ}
    setup_testing_defaults(environ)
    app = view.page_app(lambda: text)
    content = b"".join(app(environ, lambda status, headers: found.update(status=status, headers=dict(headers))))
    return found["status"], found["headers"], content.decode()


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({}, "200 OK"),
        ({"HTTP_HOST": "localhost:1"}, "200 OK"),
        ({"HTTP_HOST": "evil.example"}, "400 Bad Request"),
        ({"HTTP_HOST": "127.0.0.1.evil.example:8000"}, "400 Bad Request"),
        ({"PATH_INFO": "/../../etc/passwd"}, "404 Not Found"),
        ({"PATH_INFO": "/favicon.ico"}, "404 Not Found"),
        ({"REQUEST_METHOD": "POST"}, "405 Method Not Allowed"),
    ],
)
def test_only_the_page_is_served_and_only_to_this_machine(environ, status):
    found, headers, content = asked("<p>é", **environ)
    assert found == status
    assert (content == "<p>é") == (status == "200 OK")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_a_page_that_is_gone_is_not_found():
    assert asked(None)[0] == "404 Not Found"


def write(project, path, text):
    file = project.path / "data/08_reporting/miniature" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def served(monkeypatch):
    """What would be served: the application, host and port, in place of a server."""
    calls = []

    def serve(app, host, port, tell, longest_request):
        tell("http://127.0.0.1:1/")
        environ = {"HTTP_HOST": host}
        setup_testing_defaults(environ)
        calls.append((b"".join(app(environ, lambda *_: None)).decode(), host, port))

    monkeypatch.setattr(view, "serve_until_stopped", serve)
    return calls


def viewed(*arguments, rc=0):
    result = CliRunner().invoke(cli, ["view", *arguments])
    assert result.exit_code == rc, result.output
    return result.output


def test_the_newest_report_is_shown_else_the_live_page(project, served, monkeypatch):
    opened = []
    monkeypatch.setattr(view.webbrowser, "open", lambda address: opened.append(address) or True)
    assert "There is no report page yet: run `kedro run` first" in viewed(rc=1)
    write(project, "loop_live/miniature.html", "live page")
    assert "Live page of miniature: http://127.0.0.1:1/" in viewed("--no-browser")
    assert not opened
    for version in ("2024-01-01T00.00.00.000Z", "2024-01-03T00.00.00.000Z", "2024-01-02T00.00.00.000Z"):
        write(project, f"report.html/{version}/report.html", f"report of {version}")
    assert "Report page" in viewed("--port", "1234")
    viewed("--page", "live", "--no-browser")
    assert opened == ["http://127.0.0.1:1/"]
    assert served == [
        ("live page", "127.0.0.1", 0),
        ("report of 2024-01-03T00.00.00.000Z", "127.0.0.1", 1234),
        ("live page", "127.0.0.1", 0),
    ]
    assert "There is no comparison page yet: run `kedro run --pipeline comparison`" in viewed(
        "--page", "comparison", rc=1
    )
    assert "There is no study 'nope'" in viewed("--env", "nope", rc=1)


def test_a_real_server_shows_a_later_version_and_ends(project, monkeypatch):
    write(project, "report.html/2024-01-01T00.00.00.000Z/report.html", "first")
    address, found = [], []

    def browse(url):
        address.append(url)
        return True

    def read():
        with urllib.request.urlopen(address[0]) as response:
            return response.read().decode()

    def requests():
        found.append(read())
        write(project, "report.html/2024-01-02T00.00.00.000Z/report.html", "second")
        found.append(read())
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(address[0], headers={"Host": "evil.example"}))

    import waitress

    create, servers = waitress.create_server, []

    def created(*args, **kwargs):
        servers.append(create(*args, **kwargs))
        return servers[0]

    monkeypatch.setattr(waitress, "create_server", created)
    monkeypatch.setattr(view.webbrowser, "open", browse)
    thread = threading.Thread(target=view.view_page, args=(None, None, 0, True), daemon=True)
    thread.start()
    for _ in range(600):
        if address or not thread.is_alive():
            break
        thread.join(0.1)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address[0])
    requests()
    assert found == ["first", "second"]
    servers[0].close()


def test_a_port_in_use_is_refused(project):
    import socket

    write(project, "report.html/2024-01-01T00.00.00.000Z/report.html", "first")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StudyError, match="something else is served there already"):
            view.view_page(None, "report", taken.getsockname()[1], opens_browser=False)
