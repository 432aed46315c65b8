"""Serves the pages of Kedro-Viz so that they ask nothing of other hosts, and change nothing.

The server of Kedro-Viz asks PyPI for the latest version whenever its page is opened.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from broken_telephone.commands.offline_page import calm_page, content_policy, first_view

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PAGES = ("/", "/workflow")
_HEADERS = {
    # Whatever a later version of the page asks for, the browser asks this server only.
    "content-security-policy": content_policy(b""),
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class OfflineGraph:
    """An ASGI application around that of Kedro-Viz."""

    def __init__(self, app: App, pipeline: str, version: str, hosts: list[str] | None) -> None:
        """Wrap the application.

        Args:
            app: the application of Kedro-Viz.
            pipeline: the pipeline that is shown first.
            version: of Kedro-Viz.
            hosts: names that requests may use, as a defence against DNS rebinding; None for all.
        """
        self._app, self._version, self._hosts = app, version, hosts
        self._first_view = f"/?{first_view(pipeline)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = re.sub(r":\d+$", "", headers.get("host", ""))
        if self._hosts is not None and host not in self._hosts:
            await _answer(send, 400, "text/plain", b"The graph is not served under this name.")
        elif scope["method"] not in ("GET", "HEAD"):
            # Kedro-Viz would publish the graph at a cloud store.
            await _answer(send, 405, "text/plain", b"The graph can only be read.")
        elif scope["path"] == "/" and not scope["query_string"]:
            await _answer(send, 307, "text/plain", b"", location=self._first_view)
        elif scope["path"] in _PAGES:
            status, content = await self._content(scope, receive)
            page = calm_page(content) if status == 200 else content
            policy = {"content-security-policy": content_policy(page)}
            await _answer(send, status, "text/html; charset=utf-8", page, **policy)
        elif scope["path"] == "/api/version":
            state = {"installed": self._version, "is_outdated": False, "latest": self._version}
            await _answer(send, 200, "application/json", json.dumps(state).encode())
        else:
            await self._app(scope, receive, _with_headers(send))

    async def _content(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Return status and content of what Kedro-Viz answers."""
        status, parts = 500, []

        async def keep(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        return status, b"".join(parts)


def _with_headers(send: Send) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [*message.get("headers", ())]
            stated = {name.lower() for name, _ in own}
            added = [(name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in stated]
            message = {**message, "headers": [*own, *added]}
        await send(message)

    return sent


async def _answer(send: Send, status: int, kind: str, content: bytes, **headers: str) -> None:
    own = {"content-type": kind, "content-length": str(len(content)), **headers}
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in own.items()],
    }
    await _with_headers(send)(start)
    await send({"type": "http.response.body", "body": content})
