"""The endpoint generator: how pictures in answers are read and fetched."""

import base64
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from image_endpoints import KEY, generator, same
from PIL import Image
from stand_in_servers import ImageServer, as_base64, picture_for, serving

from broken_telephone.errors import StudyError
from broken_telephone.models.endpoints.settings import ImageEndpointSettings
from broken_telephone.models.generators.endpoint_pictures import NoPictureError, picture_of


def test_a_black_picture_is_a_failure(image_server):
    model = generator(image_server)
    model.draw(["a"], [0])
    image_server.item = {"b64_json": as_base64(Image.new("RGB", (8, 8)))}
    (failure,) = model.draw(["a"], [0])
    assert failure.kind == "black picture"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_any_format_is_read_and_transparency_is_white(form, image_server):
    model = generator(image_server)
    model.draw(["a"], [0])
    picture = Image.new("RGB", (8, 8), (200, 100, 50))
    image_server.item = {"b64_json": as_base64(picture, form)}
    (drawn,) = model.draw(["a"], [0])
    assert np.abs(np.asarray(drawn, int) - np.asarray(picture, int)).max() < 6
    image_server.item = {"b64_json": as_base64(Image.new("RGBA", (8, 8), (9, 9, 9, 0)))}
    assert model.draw(["a"], [0])[0].getpixel((0, 0)) == (255, 255, 255)


def as_png(picture: Image.Image) -> bytes:
    return base64.b64decode(as_base64(picture))


@pytest.mark.parametrize("form", ["{base}/files/a.png", "/v1/files/a.png"])
def test_a_picture_on_the_endpoints_own_host_is_fetched_with_the_key(form, image_server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    picture = picture_for("elsewhere", 1)
    image_server.files["/v1/files/a.png"] = as_png(picture)
    model = generator(image_server, key_variable="MY_KEY")
    model.draw(["a"], [0])
    model.take_costs()
    image_server.item = {"url": form.format(base=image_server.url)}
    image_server.queued = [(200, {"data": [image_server.item]}), (503, {})]
    (drawn,) = model.draw(["a"], [0])
    assert same(drawn, picture)
    assert image_server.paths[-2:] == ["/v1/files/a.png"] * 2
    assert set(image_server.keys) == {f"Bearer {KEY}"}
    assert model.take_costs()["requests"] == 1


def test_a_picture_on_another_host_is_refused_unless_the_study_names_the_host(image_server, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    picture = picture_for("elsewhere", 1)
    with serving(ImageServer()) as other:
        other.files["/a.png"] = as_png(picture)
        host = other.url.removeprefix("http://").removesuffix("/v1")
        image_server.item = {"url": f"http://{host}/a.png?sig=hidden-of-the-test"}
        with pytest.raises(StudyError, match=r"picture_hosts: \[127\.0\.0\.1\]") as raised:
            generator(image_server, key_variable="MY_KEY").draw(["a"], [0])
        assert "hidden-of-the-test" not in str(raised.value)
        assert other.paths == []
        other.files["/a.png?sig=hidden-of-the-test"] = other.files["/a.png"]
        model = generator(image_server, key_variable="MY_KEY", picture_hosts=[host])
        assert same(model.draw(["a"], [0])[0], picture)
        assert set(other.keys) == {None}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a.png"])
def test_only_web_addresses_are_fetched(url, image_server):
    image_server.item = {"url": url}
    with pytest.raises(StudyError, match="picture_hosts"):
        generator(image_server, picture_hosts=["127.0.0.1"]).draw(["a"], [0])


def test_data_addresses_are_read(image_server):
    picture = picture_for("here", 1)
    image_server.item = {"url": f"data:image/png;base64,{as_base64(picture)}"}
    assert same(generator(image_server).draw(["a"], [0])[0], picture)


class Web:
    """Notes the headers of requests, and has no picture."""

    def __init__(self) -> None:
        self.headers = []

    @contextmanager
    def stream(self, method, url, headers, follow_redirects):
        self.headers.append(headers)
        yield SimpleNamespace(status_code=404)


@pytest.mark.parametrize(
    ("endpoint", "url", "is_own"),
    [
        ("https://api.example/v1", "https://API.example:443/a.png", True),
        ("http://api.example:80/v1", "http://api.example/a.png", True),
        ("https://api.example/v1", "https://api.example:8443/a.png", None),
        ("https://api.example/v1", "http://api.example/a.png", None),
        ("https://api.example/v1", "https://Pictures.Example/a.png", False),
        ("https://api.example/v1", "https://other.example/a.png", False),
        ("https://api.example/v1", "https://third.example/a.png", None),
        ("https://api.example/v1", "https://api.example:x/a.png", None),
    ],
)
def test_hosts_are_compared_without_case_and_with_their_ports(endpoint, url, is_own, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    hosts = ["pictures.example", "Other.example:443", "third.example:8000"]
    settings = ImageEndpointSettings(endpoint=endpoint, model="m", retries=0, picture_hosts=hosts)
    web = Web()
    with pytest.raises(StudyError if is_own is None else NoPictureError):
        picture_of(SimpleNamespace(url=url), settings, "generator", web)
    assert [("Authorization" in headers) for headers in web.headers] == ([] if is_own is None else [is_own])
