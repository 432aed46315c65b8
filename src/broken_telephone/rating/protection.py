"""Protects the rating page against requests from other sites, with other host names, and of excessive size."""

from flask import Flask, Response, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response as AnyResponse

from broken_telephone.errors import StudyError
from broken_telephone.rating.address import BelowPrefix, PublicAddress

LONGEST_FORM = 64 * 1024
"""Maximum bytes of a form; the longest comment needs at most 24,000."""
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def protect(app: Flask, study: str, hosts: list[str] | None, public_address: str | None) -> None:
    """Restrict an application to requests from its own pages.

    The public address describes a proxy; headers such as X-Forwarded-Host are ignored.

    Args:
        app: the application to protect.
        study: name of the study.
        hosts: host names that requests may use; None for all.
        public_address: address of a proxy, if any.
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
        # A form on another site could submit answers in a rater's name.
        origin = request.headers.get("Origin")
        allowed = [public.origin] if public else []
        # Requests with the public name come through the proxy, whose scheme may differ from this request's.
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
