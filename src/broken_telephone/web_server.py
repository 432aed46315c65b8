"""Serves a web application at an address of this machine until it is stopped."""

import errno
from collections.abc import Callable
from typing import Any

from broken_telephone.errors import StudyError


def serve_until_stopped(
    app: Callable[..., Any], host: str, port: int, tell: Callable[[str], None], longest_request: int
) -> None:
    """Serve a WSGI application until Ctrl-C.

    Args:
        app: the application.
        host: network address of the server.
        port: port of the server; 0 takes a free one.
        tell: gets the address once requests are accepted.
        longest_request: maximum bytes of the body of a request.

    Raises:
        StudyError: if the server cannot start at that address.
    """
    import waitress

    try:
        server: Any = waitress.create_server(
            app, host=host, port=port, threads=8, max_request_body_size=longest_request
        )
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason = "something else is served there already. Choose another --port (0 takes one that is free)"
        else:
            reason = f"{str(error).rstrip('.')}. Choose another --host or --port"
        raise StudyError(f"The page cannot be served at {host}, port {port}: {reason}.") from error
    tell(f"http://{f'[{host}]' if ':' in host else host}:{server.effective_port}/")
    try:
        server.run()
    finally:
        server.close()
