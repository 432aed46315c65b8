"""Who may ask the rating page: no other site, under no other name, and nobody at any length. Refusals are sentences."""

from flask import Flask, Response, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response as AnyResponse

from broken_telephone.errors import StudyError
from broken_telephone.rating.address import BelowPrefix, PublicAddress

LONGEST_FORM = 64 * 1024
"""Bytes of a form; a comment of the longest kind takes 24,000 at most."""
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def protect(app: Flask, study: str, hosts: list[str] | None, public_address: str | None) -> None:
    """Let an application answer its own pages only.

    Headers such as X-Forwarded-Host are not read: what a proxy changes stands in the public address.

    Args:
        app: the application.
        study: its name.
        hosts: names under which it may be asked; None for all.
        public_address: where a proxy serves it, if one does.
    """
    public = None if public_address is None else PublicAddress.parse(public_address)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.config["MAX_FORM_MEMORY_SIZE"] = LONGEST_FORM
    if public and public.prefix:
        app.wsgi_app = BelowPrefix(app.wsgi_app, public.prefix)  # type: ignore[method-assign]

    @app.before_request
    def refuse_others() -> None:
        if hosts is not None and not host_is_trusted(request.host, hosts):
            abort(400, "The page is not served under this name. A name of its own stands in rating.public_address.")
        # A form on another site could answer in a rater's name.
        origin = request.headers.get("Origin")
        allowed = [public.origin] if public else []
        # Under its public name the page is asked through the proxy only, whose scheme is not that of this request.
        if public is None or not host_is_trusted(request.host, [public.host]):
            allowed.append(request.host_url.rstrip("/"))
        if request.method == "POST" and origin is not None and origin not in allowed:
            abort(403, "This form came from another site. Behind a proxy, rating.public_address names the page's own.")

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> AnyResponse | tuple[str, int]:
        if error.response is not None or error.code is None or error.code < 400:
            return error.get_response()
        sentence = error.description
        if error.code == 413:
            sentence = "What was sent is too long for a form of this page. A comment has at most 2,000 characters."
        return render_template("refusal.html", study=study, heading=error.name, sentence=sentence), error.code

    @app.errorhandler(StudyError)
    def name_the_trouble(error: StudyError) -> tuple[str, int]:
        app.logger.error("%s", error)
        return render_template("refusal.html", study=study, heading="Not possible now", sentence=str(error)), 503
