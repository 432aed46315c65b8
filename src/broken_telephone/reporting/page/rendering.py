"""Renders the templates of pages: one HTML file each, which needs no network.

The page's policy allows the one script with a given hash and forbids all loading from elsewhere. The templates make all
values visible (`visible`) and escape them.

Plotting libraries for browsers were weighed for the interactive figure. The smallest bundle of Plotly (4.1, MIT) adds
1.2 MB to every page, Vega with Vega-Lite (6.4, BSD) 0.8 MB. Vega also turns text into code, which the policy forbids,
unless an interpreter is added. The page already holds the numbers as CSV. `explorer.js` draws them as SVG in 13 kB. The
other figures are the ones that papers use.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from broken_telephone.errors import StudyError
from broken_telephone.execution.library_versions import versions
from broken_telephone.reporting.page.shown_figures import Kind
from broken_telephone.reporting.page.shown_tables import ShownTable
from broken_telephone.reporting.text.wording import capital, spoken, with_minus
from broken_telephone.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

MOST_BYTES = 10_000_000
"""Upper limit of a page's size."""
_STYLES = ("report.css", "sections.css", "first_screen.css", "comparison.css", "print.css")
_SCRIPTS = ("common.js", "tables.js", "chains.js", "explorer.js", "navigation.js")
"""Parts of the page's one style and one script, in this order."""


def rendered(template: str, content: Mapping[str, Any], data: str = "{}", **further: Any) -> str:
    """Render a page.

    Args:
        template: name of its file.
        content: values of the template.
        data: for the page's script, as `chain_browser.as_json` writes it.
        further: more values of the template.
    """
    from markupsafe import Markup

    environment = _environment()
    style, script = ("\n".join(_source(environment, name) for name in names) for names in (_STYLES, _SCRIPTS))
    return environment.get_template(template).render(
        content,
        **further,
        policy=_policy(script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(data),
        version=versions()["broken-telephone"],
    )


def too_large(most_bytes: int, tables: Sequence[ShownTable], figures: Sequence[Kind]) -> StudyError:
    """Return the error of a page that is too large without a single chain. It names the largest parts."""
    sizes = {table.name: len(table.csv) for table in tables}
    sizes |= {figure.name: len(figure.image.source) for kind in figures for figure in (*kind.figures, *kind.folded)}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    return StudyError(
        f"the report would be larger than {most_bytes:,} bytes without a single chain; "
        f"the largest parts are {', '.join(f'{name} ({sizes[name]:,})' for name in largest)}"
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("broken_telephone.reporting.page"),
        autoescape=True,
        undefined=StrictUndefined,
        # `finalize` runs before the escaping.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"spoken": spoken, "slug": _slug, "number": _number, "capital": capital}
    environment.filters["unbroken"] = _unbroken
    return environment


def _source(environment: "Environment", name: str) -> str:
    """Return a file of the page, which must not end the element that contains it."""
    assert environment.loader is not None
    text = environment.loader.get_source(environment, name)[0]
    assert not any(sign in text for sign in ("</", "<!--")), name
    return text


def _policy(script: str) -> str:
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )


def _unbroken(text: str) -> "Markup":
    """Escape a text, and keep ranges such as 40-69 on one line. Copies and searches find the plain hyphen."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"\b\d+-\d+\b", r'<span class="range">\g<0></span>', str(escape(visible(text)))))


def _slug(name: object) -> str:
    """Return a name for ids and files, with ASCII letters and digits only."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(name)) or "table"


def _number(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return with_minus(f"{value:.4g}" if isinstance(value, float) and abs(value) < 1e4 else str(value))
