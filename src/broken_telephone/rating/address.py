"""Under which addresses the rating page may be asked: on this machine, and behind a proxy."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

LOCAL = ("localhost", "127.0.0.1", "[::1]")
_PORTS = {"http": 80, "https": 443}


class PublicAddress(NamedTuple):
    """The address that raters open."""

    scheme: str
    host: str
    """As browsers write it, without the port."""
    port: int | None
    """None for the usual one of the scheme."""
    prefix: str
    """The path below which the page lies, such as /faces; empty if there is none."""

    @classmethod
    def parse(cls, address: str) -> "PublicAddress":
        """Read an address such as https://rate.example.org/faces.

        Raises:
            ValueError: if it is none, with what is asked for.
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
        """What a browser states as the origin of a form on the page."""
        return f"{self.scheme}://{self.host}{f':{self.port}' if self.port else ''}"


def trusted_hosts(host: str, public_address: str | None) -> list[str] | None:
    """Return the names under which the page may be asked, against other sites that point to it; None for all.

    Args:
        host: where the page is served.
        public_address: where a proxy serves it, if one does.
    """
    if public_address is not None:
        return [*LOCAL, f"[{host}]" if ":" in host else host, PublicAddress.parse(public_address).host]
    # Whoever opens it to other machines knows by what names these call it.
    return list(LOCAL) if host in ("::1", *LOCAL) else None


class BelowPrefix:
    """Serves an application below a path, as a proxy passes it on."""

    def __init__(self, app: Callable[..., Iterable[bytes]], prefix: str) -> None:
        """Take the application and the path, such as /faces."""
        self._app, self._prefix = app, prefix

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request; links begin with the prefix, whether or not the proxy took it away."""
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            path = path[len(self._prefix) :] or "/"
        return self._app({**environ, "SCRIPT_NAME": self._prefix, "PATH_INFO": path}, start_response)
