"""Reads the picture in an endpoint's answer: base64, a data address, or an address on a host that the study names."""

import base64
import binascii
import io
import time
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from PIL import Image

from broken_telephone.errors import StudyError, UnreadableError
from broken_telephone.models.endpoints.headers import own_headers
from broken_telephone.models.endpoints.settings import ImageEndpointSettings
from broken_telephone.pictures import open_picture

_LONGEST = 256 * 2**20
"""Bytes of a picture that is fetched."""
_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
"""Seconds before the first repetition of a download, which then doubles, and its limit."""


_PORTS = {"http": 80, "https": 443}
"""Ports of addresses that state none."""


class _Server(NamedTuple):
    scheme: str
    host: str
    """In lower case."""
    port: int


class NoPictureError(Exception):
    """The answer holds no picture that can be read."""


def picture_of(item: Any, settings: ImageEndpointSettings, setting: str, http: Any) -> Image.Image | None:
    """Return the RGB picture of an answer, without the metadata of its file; None if there is none.

    Args:
        item: an entry of the answer's `data`.
        settings: of the generator.
        setting: their name in the study, for errors.
        http: an httpx client.

    Raises:
        NoPictureError: if the picture cannot be decoded or fetched.
        StudyError: if the picture is on a host that the study does not name.
    """
    encoded, url = getattr(item, "b64_json", None), getattr(item, "url", None)
    if not encoded and not url:
        return None
    if encoded or str(url).startswith("data:"):
        content = _decoded(str(encoded or url).rpartition("base64,")[2])
    else:
        content = _fetched(str(url), settings, setting, http)
    try:
        picture = open_picture(io.BytesIO(content), "The picture in the answer")
    except UnreadableError as error:
        raise NoPictureError(f"answered with a broken picture: {error}") from None
    picture.info.clear()
    return picture


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise NoPictureError(f"answered with a picture that is no base64 ({error})") from None


def _fetched(url: str, settings: ImageEndpointSettings, setting: str, http: Any) -> bytes:
    """Fetch a picture. The key goes to the endpoint's own server only, and redirects are not followed."""
    address = urlsplit(urljoin(settings.endpoint, url))
    server = _server_of(address)
    is_own = server is not None and server == _server_of(urlsplit(settings.endpoint))
    if server is None or not (is_own or _names_of(server) & {host.lower() for host in settings.picture_hosts}):
        raise StudyError(
            f"The endpoint {settings.endpoint} ({settings.model}) answers with the address of a picture on "
            f"{address.hostname or 'no host'}, which the study does not name, so that nothing is fetched from there. "
            f"Ask for pictures in the answer, {setting}.call: {{response_format: b64_json}}, or name the host: "
            f"{setting}.picture_hosts: [{address.hostname or '…'}]"
        )
    headers = own_headers(settings, setting) if is_own else {}
    pause = _PAUSE
    for left in range(settings.retries, -1, -1):
        fault = "cannot be reached"
        try:
            with http.stream("GET", address.geturl(), headers=headers, follow_redirects=False) as response:
                if response.status_code == 200:
                    return _body(response)
                fault = f"answered {response.status_code}"
                if response.status_code < 500 and response.status_code not in (408, 409, 425, 429):
                    break
        except NoPictureError:
            raise
        # The transport has many errors of its own for a lost connection.
        except Exception as error:
            fault = f"cannot be reached ({type(error).__name__})"
        if left:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    raise NoPictureError(f"drew a picture that cannot be fetched: {address.hostname} {fault}")


def _body(response: Any) -> bytes:
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if len(content) > _LONGEST:
            raise NoPictureError(f"answered with a picture of more than {_LONGEST // 2**20} MB")
    return bytes(content)


def _server_of(address: SplitResult) -> _Server | None:
    """Return the server of an address; None if it is no web address."""
    try:
        port = address.port or _PORTS[address.scheme]
    except (KeyError, ValueError):
        return None
    return None if address.hostname is None else _Server(address.scheme, address.hostname, port)


def _names_of(server: _Server) -> set[str]:
    """Return the names that a study may give a server."""
    return {server.host, f"{server.host}:{server.port}"}
