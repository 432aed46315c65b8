"""Changes a page of Kedro-Viz so that a browser asks no other host for anything.

Kedro-Viz's own page asks Google for a font, and with the consent of Kedro's telemetry also a service of analytics.
"""

import base64
import hashlib
import re
from urllib.parse import urlencode

from broken_telephone.errors import StudyError

_EXTERNAL = re.compile(r"<link\b[^>]*\bhref\s*=\s*[\"']?(?:https?:)?//[^>]*>\s*", re.IGNORECASE)
_INLINE = re.compile(r"<script\b(?![^>]*\bsrc\s*=)[^>]*>(.*?)</script\s*>\s*", re.IGNORECASE | re.DOTALL)
# The hints of Kedro-Viz cover the graph, and explain the states of runs, which this project does not record. A click in
# the settings of the page shows them again.
_WITHOUT_HINTS = """
try {
  const kept = {showFeatureHints: false, ...JSON.parse(localStorage.getItem("KedroViz"))};
  localStorage.setItem("KedroViz", JSON.stringify(kept));
} catch {}
"""
_CHARSET = re.compile(r"<meta\b[^>]*\bcharset\s*=[^>]*>", re.IGNORECASE)
"""The element of the head behind which our own elements stand."""
_OTHER_HOST = re.compile(r"[\"'`](?:https?:)?//[^/\s]", re.IGNORECASE)


def without_external_links(page: bytes) -> bytes:
    """Return a page without links to other hosts in its head, and without scripts that load from other hosts."""
    text = _EXTERNAL.sub("", page.decode())
    return _INLINE.sub(lambda script: "" if _OTHER_HOST.search(script[1]) else script[0], text).encode()


def content_policy(page: bytes, *, is_served: bool = True) -> str:
    """Return a content security policy: the browser asks only the server of the page.

    Args:
        page: the page; its own inline scripts may run.
        is_served: whether the policy is a header. A policy inside a page cannot forbid frames.
    """
    scripts = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _INLINE.findall(page.decode())
    )
    allowed = "".join(f" 'sha256-{digest}'" for digest in scripts)
    # Kedro-Viz compiles JSON schemas of charts, which needs eval.
    return (
        f"default-src 'self'; script-src 'self' 'unsafe-eval'{allowed}; img-src 'self' data: blob:; "
        "font-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
        f"{'frame-ancestors ' if is_served else 'frame-src '}'none'; base-uri 'none'; form-action 'none'"
    )


def first_view(pipeline: str) -> str:
    """Return the query of the page that is shown first.

    Without its data sets, a whole study is a handful of boxes. The sidebar adds the data sets.
    """
    return urlencode({"pid": pipeline, "types": "nodes"})


def calm_page(page: bytes) -> bytes:
    """Return a page that asks no other host, and begins without Kedro-Viz's hints.

    Raises:
        StudyError: if the page has another form than Kedro-Viz's.
    """
    return _begun_by("", _WITHOUT_HINTS, page)


def static_page(page: bytes, pipeline: str) -> bytes:
    """Return a page for a server of files: it also chooses its first view, and states its policy itself.

    Raises:
        StudyError: if the page has another form than Kedro-Viz's.
    """
    view = f"if (!location.search) history.replaceState(null, '', '?{first_view(pipeline)}');\n"
    script = view + _WITHOUT_HINTS
    policy = content_policy(_begun_by("", script, page), is_served=False).replace('"', "&quot;")
    return _begun_by(f'<meta http-equiv="Content-Security-Policy" content="{policy}" />\n', script, page)


def _begun_by(policy: str, script: str, page: bytes) -> bytes:
    """Return a page that asks no other host and begins with a policy and a script.

    The scripts of Kedro-Viz read address and local storage once, when they start.
    """
    text = without_external_links(page).decode()
    begun, count = _CHARSET.subn(lambda meta: f"{meta[0]}\n{policy}<script>{script}</script>", text, count=1)
    if not count:
        raise StudyError(
            "The page of this version of Kedro-Viz does not state its character set in its head, so that it cannot be "
            "made to ask no other host. Install the version of kedro-viz that requirements-dev.txt names"
        )
    return begun.encode()
