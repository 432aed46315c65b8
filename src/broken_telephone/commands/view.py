"""The command `kedro view`: shows one page of a study in a browser, from a server that only this machine reaches."""

import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from kedro.framework.session import KedroSession
from kedro.io import AbstractDataset, CatalogProtocol

from broken_telephone.console import say, study_option
from broken_telephone.errors import StudyError
from broken_telephone.web_server import serve_until_stopped

HOST = "127.0.0.1"
LIVE = "live"
_PAGES = {"report": "report", "comparison": "comparison_page", "validation": "validation_page", LIVE: "loop_live"}
"""Page -> catalog entry."""
_MADE_BY = {"report": "reporting", "comparison": "comparison", "validation": "validation", LIVE: "loop"}
_LONGEST_REQUEST = 1024
_HEADERS = [
    # The report loads nothing, and its scripts are in the page.
    ("Content-Security-Policy", "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline' data:; "
     "script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]  # fmt: skip

Page = Callable[[], str | None]
"""Returns the present text of a page; None if it does not exist."""


def view_page(env: str | None, page: str | None, port: int, opens_browser: bool) -> None:
    """Serve a page of a study until Ctrl-C; print its address.

    Args:
        env: folder of the study; None is conf/base with conf/local.
        page: one of _PAGES; None for the first one that exists.
        port: 0 takes a free one.
        opens_browser: whether the page is opened in a browser.

    Raises:
        StudyError: if the page does not exist yet, or the port is in use.
    """
    with KedroSession.create(Path.cwd(), env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
        study = str(catalog.load("params:study"))
        name, read = _chosen(catalog, page, study_option(env))

    def tell(address: str) -> None:
        say(f"{name.capitalize()} page of {study}: {address} (Ctrl-C ends the server)")
        if opens_browser and not webbrowser.open(address):
            say("No browser was found: open the address yourself.")

    serve_until_stopped(page_app(read), HOST, port, tell, _LONGEST_REQUEST)


def page_app(read: Page) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return the application that serves one page, which is read again for each request.

    Requests with other host names are refused, as a defence against DNS rebinding.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, text = _response(environ, read)
        kind = "text/html" if status.startswith("200") else "text/plain"
        start_response(status, [("Content-Type", f"{kind}; charset=utf-8"), *_HEADERS])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [text.encode()]

    return answer


def _response(environ: WSGIEnvironment, read: Page) -> tuple[str, str]:
    if str(environ.get("HTTP_HOST", "")).partition(":")[0] not in (HOST, "localhost"):
        return "400 Bad Request", "The page is not served under this name."
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return "405 Method Not Allowed", "This page can only be read."
    text = read() if environ["PATH_INFO"] in ("", "/") else None
    return ("404 Not Found", "There is no such page.") if text is None else ("200 OK", text)


def _chosen(catalog: CatalogProtocol, page: str | None, study: str) -> tuple[str, Page]:
    """Return the name of the page to show, and the function that reads it.

    Raises:
        StudyError: if it does not exist, with the command that makes it.
    """
    candidates = list(_PAGES) if page is None else [page]
    for name in candidates:
        read = _reader(cast(AbstractDataset[Any, Any], catalog.get(_PAGES[name])), name)
        if read() is not None:
            return name, read
    makes = "kedro run" if page is None else f"kedro run --pipeline {_MADE_BY[page]}"
    waiting = " The live page exists when a run of the loop has lasted for 15 s." if page in (None, LIVE) else ""
    raise StudyError(f"There is no {page or 'report'} page yet: run `{makes}{study}` first.{waiting}")


def _reader(dataset: AbstractDataset[Any, Any], name: str) -> Page:
    def read() -> str | None:
        # A later run adds a version, which the entry would not look for again.
        dataset.release()
        if not dataset.exists():
            return None
        content = dataset.load()
        if name != LIVE:
            return str(content)
        # One page, or one for each shard: the first one.
        pages = sorted(content)
        return str(content[pages[0]]()) if pages else None

    return read
