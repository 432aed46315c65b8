"""Parses and restricts the addresses of the rating page, on this machine and behind a proxy."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

LOCAL = ("localhost", "127.0.0.1", "[::1]")
_PORTS = {"http": 80, "https": 443}


class PublicAddress(NamedTuple):
    """The address that raters open."""

    scheme: str
    host: str
    """Host as browsers write it, without the port."""
    port: int | None
    """Port; None for the default of the scheme."""
    prefix: str
    """Path prefix of the page, such as /faces; may be empty."""

    @classmethod
    def parse(cls, address: str) -> "PublicAddress":
        """Parse an address such as https://rate.example.org/faces.

        Raises:
            ValueError: if the address is invalid, with the expected form.
        """
        try:
            parts = urlsplit(address.strip())
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            host, port = "", None
        else:
            if parts.scheme in _PORTS and host and not (parts.username or parts.query or parts.fragment):
                host = f"[{host}]" if ":" in host else host
                return cls(parts.scheme, host, None if port == _PORTS[parts.scheme] else port, parts.path.rstrip("/"))
        raise ValueError("must be the address that raters open, such as https://rate.example.org/faces")

    @property
    def origin(self) -> str:
        """The origin that a browser sends with a form of the page."""
        return f"{self.scheme}://{self.host}{f':{self.port}' if self.port else ''}"


def trusted_hosts(host: str, public_address: str | None) -> list[str] | None:
    """Return the host names that requests may use, as a defence against DNS rebinding; None for all.

    Args:
        host: network address of the server.
        public_address: address of a proxy, if any.
    """
    if public_address is not None:
        return [*LOCAL, f"[{host}]" if ":" in host else host, PublicAddress.parse(public_address).host]
    # A server that is open to other machines may have any name there.
    return list(LOCAL) if host in ("::1", *LOCAL) else None


class BelowPrefix:
    """Serves an application below a path prefix, behind a proxy."""

    def __init__(self, app: Callable[..., Iterable[bytes]], prefix: str) -> None:
        """Wrap an application for a path prefix such as /faces."""
        self._app, self._prefix = app, prefix

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request. Links begin with the prefix, even if the proxy removed it from the path."""
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            path = path[len(self._prefix) :] or "/"
        return self._app({**environ, "SCRIPT_NAME": self._prefix, "PATH_INFO": path}, start_response)
