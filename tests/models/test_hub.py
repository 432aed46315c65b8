"""What the hub may have against a model, said by a small local server that answers as the hub does."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from broken_telephone.errors import StudyError
from broken_telephone.models import make_describer, make_generator


class Handler(BaseHTTPRequestHandler):
    status, code = 401, ""

    def do_HEAD(self) -> None:
        self.send_response(self.status)
        self.send_header("X-Error-Code", self.code)
        self.send_header("X-Error-Message", self.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    from huggingface_hub import constants, hf_api

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(hf_api.api, "endpoint", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("make", [make_generator, make_describer])
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "GatedRepo", r"gated\. Accept its licence at https://huggingface\.co/some/model .*hf auth login"),
        (401, "GatedRepo", r"gated\. Accept its licence at https://huggingface\.co/some/model .*hf auth login"),
        (404, "RepoNotFound", r"nothing at https://huggingface\.co/some/model.*hf auth login"),
        (404, "RevisionNotFound", "no revision 'old'.*revision"),
    ],
)
def test_what_the_hub_refuses_is_said_in_one_line(make, status, code, message, hub, monkeypatch):
    monkeypatch.setattr(Handler, "status", status)
    monkeypatch.setattr(Handler, "code", code)
    with pytest.raises(StudyError, match=message) as raised:
        make({"hub": "some/model", "revision": "old"}).load()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("make", [make_generator, make_describer])
def test_a_hub_that_cannot_be_reached_is_told(make, hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StudyError, match=r"not in the local cache.*hf download some/model"):
        make({"hub": "some/model"}).load()
    told = r"hf download some/model --revision abc .*https://huggingface\.co/some/model and `hf auth login`"
    with pytest.raises(StudyError, match=told):
        make({"hub": "some/model", "revision": "abc"}).load()


def test_a_hub_without_a_route_to_it_is_told(hub, monkeypatch):
    """Only for the generator: for a describer, the library tries for half a minute."""
    from huggingface_hub import constants, hf_api

    nowhere = "http://127.0.0.1:9"
    monkeypatch.setattr(constants, "ENDPOINT", nowhere)
    monkeypatch.setattr(hf_api.api, "endpoint", nowhere)
    with pytest.raises(StudyError, match="the hub cannot be reached"):
        make_generator({"hub": "some/model"}).load()


def test_what_has_a_path_never_touches_the_network(pipelines, describers, tmp_path, monkeypatch):
    from tiny_describers import save_adapter
    from tiny_generators import save_lora

    save_lora(tmp_path / "lora")
    save_adapter(describers["llava"], tmp_path / "adapter")

    def connect(*args: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    make_generator({**pipelines["sd15"], "lora": {"path": str(tmp_path / "lora")}}).load()
    make_describer({"path": describers["llava"], "adapter": {"path": str(tmp_path / "adapter")}}).load()


def test_the_commit_that_a_revision_stands_for_is_told(pipelines, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    model, commit = tmp_path / "models--some--model", "c0ffee" * 6 + "beef"
    (model / "refs").mkdir(parents=True)
    (model / "refs/main").write_text(commit)
    (model / "snapshots" / commit).mkdir(parents=True)
    (model / "snapshots" / commit / "model_index.json").write_text("{}")
    assert make_generator({"hub": "some/model", "dtype": "float16"}).resolved() == {
        "dtype": "float16",
        "commit": commit,
    }
    assert make_generator({"hub": "some/other", "device": "cpu", "dtype": "float32"}).resolved() == {
        "dtype": "float32",
        "commit": None,
    }
    assert make_generator({**pipelines["sd15"], "device": "cpu"}).resolved()["commit"] is None
