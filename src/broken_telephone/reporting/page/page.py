"""The report of a study: one HTML file that asks nothing of the network.

The browser is told to run the one script whose hash stands in the page's policy, and to load nothing from anywhere.
All values are made visible (`visible`) and escaped by the template; the chains are data that the script shows as text.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.execution.library_versions import versions
from broken_telephone.reporting.figures.saved_figures import Files
from broken_telephone.reporting.page.chain_browser import Browser, as_json
from broken_telephone.reporting.page.shown_figures import shown_figures
from broken_telephone.reporting.page.shown_tables import shown_table
from broken_telephone.reporting.text.limits import limits, same_model
from broken_telephone.reporting.text.published import beside_published
from broken_telephone.reporting.text.verdicts import LEVEL, verdicts
from broken_telephone.reporting.text.wording import capital, counted
from broken_telephone.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_BYTES = 20_000_000
"""A page is smaller than that."""
_ELSEWHERE = ("agreement_sentences", "published_drift", "support_sentences")
"""Tables that other parts of the page show."""


def report_page(
    study: str,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Files],
    chains: Browser,
    manifests: Mapping[str, Mapping[str, Any]],
    summary: Mapping[str, Sequence[str]],
    published_study: str = "",
    level: float = LEVEL,
    most_bytes: int = MOST_BYTES,
) -> str:
    """Write the page.

    Args:
        study: its name.
        tables: by name; those of `captions.TABLES` are explained. Empty ones are said to be so.
        figures: by name, as `saved_figures` returns them; those of `captions.FIGURES` are explained.
        chains: what can be looked through, as `browser.chain_browser` returns it; fewer are shown where the page would
            become too large.
        manifests: records of what was run, by name.
        summary: topic -> sentences, as `summary.summary` returns it.
        published_study: whose results stand beside ours, see `published.beside_published`.
        level: adjusted p-values below it count.
        most_bytes: the page is smaller.

    Raises:
        StudyError: if the page is too large without a single chain.
    """
    nothing = pd.DataFrame()
    changes = verdicts(tables.get("drift", nothing), tables.get("power", nothing), tables.get("shares"), level)
    published = beside_published(published_study, tables)
    drawn = shown_figures(figures)
    rest: dict[str, Any] = {
        "study": study,
        "summary": summary,
        "figures": drawn,
        "tables": [
            shown_table(name, table) for name, table in {"changes": changes, **tables}.items() if name not in _ELSEWHERE
        ],
        "limits": _limits(changes, tables, manifests),
        "published": shown_table("published_beside_ours", published),
        "manifests": manifests,
    }
    # Twice, because only the page without chains tells how much room there is for them.
    empty = _rendered(rest, chains.within(0))
    room = most_bytes - len(empty.encode()) - 10_000
    if room < 0:
        sizes = {table.name: len(table.csv) for table in rest["tables"]}
        sizes |= {figure.name: len(figure.image.source) for kind in drawn for figure in kind.figures}
        largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
        raise StudyError(
            f"the report would be larger than {most_bytes:,} bytes without a single chain; "
            f"the largest parts are {', '.join(f'{name} ({sizes[name]:,})' for name in largest)}"
        )
    return _rendered(rest, chains.within(room))


def _limits(
    changes: pd.DataFrame, tables: Mapping[str, pd.DataFrame], manifests: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    found = limits(changes, tables, manifests)
    words = tables.get("agreement_sentences", pd.DataFrame())
    trust = [str(sentence) for sentence in words["sentence"]] if len(words) else ["No two annotators were compared."]
    return {"Power": found.pop("Power"), "Trust in the annotator": [*trust, *same_model(manifests)], **found}


def _rendered(rest: Mapping[str, Any], chains: Browser) -> str:
    from markupsafe import Markup

    environment = _environment()
    style, script = (_source(environment, name) for name in ("report.css", "report.js"))
    data = as_json({"chains": chains.chains, "total": chains.total})
    return environment.get_template("report.html").render(
        rest,
        chains=chains,
        sampled=counted(len(chains.chains), "chain"),
        policy=_policy(script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(data),
        version=versions()["broken-telephone"],
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("broken_telephone.reporting.page"),
        autoescape=True,
        undefined=StrictUndefined,
        # Before it is escaped.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"spoken": _spoken, "slug": _slug, "number": _number, "capital": capital}
    return environment


def _source(environment: "Environment", name: str) -> str:
    """A file of ours as it is, which must not end the element that it stands in."""
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


def _spoken(name: object) -> str:
    return str(name).replace("_", " ")


def _slug(name: object) -> str:
    """A name for ids and files: letters and digits only."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(name)) or "table"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) and abs(value) < 1e4 else str(value)
