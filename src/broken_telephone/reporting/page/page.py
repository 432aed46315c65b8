"""Writes the report of a study: one HTML file that needs no network.

The page's policy allows the one script with a given hash and forbids all loading from elsewhere. The template makes all
values visible (`visible`) and escapes them. The chains are data that the script shows as text.
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
from broken_telephone.reporting.text.captions import of_table
from broken_telephone.reporting.text.limits import drawn_text_sentences, limits, shared_model_sentences
from broken_telephone.reporting.text.published import beside_published
from broken_telephone.reporting.text.verdicts import of_family
from broken_telephone.reporting.text.wording import capital, counted, spoken, with_minus
from broken_telephone.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_BYTES = 20_000_000
"""Upper limit of a page's size."""
_NOT_LISTED = ("agreement_sentences", "plan_sentences", "published_drift", "support_sentences")
"""Tables that the page shows in other parts."""
_NOT_COMPARED = "No two annotators were compared."


def report_page(
    study: str,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Files],
    chains: Browser,
    manifests: Mapping[str, Mapping[str, Any]],
    summary: Mapping[str, Sequence[str]],
    published_study: str = "",
    most_bytes: int = MOST_BYTES,
) -> str:
    """Write the page.

    Args:
        study: name of the study.
        tables: by name; those of `captions.TABLES` are explained.
        figures: by name, as `saved_figures` returns them; those of `captions.FIGURES` are explained.
        chains: as `chain_browser.chain_browser` returns it; the page shows fewer if it would become too large.
        manifests: records of the runs, by name.
        summary: topic -> sentences, as `summary.summary` returns it.
        published_study: the study for comparison, see `published.beside_published`.
        most_bytes: upper limit of the page's size.

    Raises:
        StudyError: if the page is too large even without chains.
    """
    changes = of_family(tables.get("findings"))
    published = beside_published(published_study, tables)
    drawn = shown_figures(figures)
    listed_tables = {name: table for name, table in tables.items() if name not in _NOT_LISTED}
    content: dict[str, Any] = {
        "study": study,
        "summary": summary,
        "figures": drawn,
        "tables": [shown_table(name, table) for name, table in listed_tables.items() if len(table)],
        "tables_without_rows": [of_table(name).title for name, table in listed_tables.items() if table.empty],
        "limits": _limits(changes, tables, manifests),
        "published": shown_table("published_beside_ours", published),
        "manifests": manifests,
    }
    # The page is rendered twice, because the size without chains determines the room for them.
    empty = _rendered(content, chains.within(0))
    room = most_bytes - len(empty.encode()) - 10_000
    if room < 0:
        sizes = {table.name: len(table.csv) for table in content["tables"]}
        sizes |= {figure.name: len(figure.image.source) for kind in drawn for figure in kind.figures}
        largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
        raise StudyError(
            f"the report would be larger than {most_bytes:,} bytes without a single chain; "
            f"the largest parts are {', '.join(f'{name} ({sizes[name]:,})' for name in largest)}"
        )
    return _rendered(content, chains.within(room))


def _limits(
    changes: pd.DataFrame, tables: Mapping[str, pd.DataFrame], manifests: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    by_topic = limits(changes, tables, manifests)
    agreement = tables.get("agreement_sentences", pd.DataFrame())
    reliability = [str(sentence) for sentence in agreement["sentence"]] if len(agreement) else [_NOT_COMPARED]
    return {
        "Power": by_topic.pop("Power"),
        "Reliability of the annotator": [*reliability, *shared_model_sentences(manifests)],
        **by_topic,
        **({"Drawn texts": drawn_texts} if (drawn_texts := drawn_text_sentences(manifests)) else {}),
    }


def _rendered(content: Mapping[str, Any], chains: Browser) -> str:
    from markupsafe import Markup

    environment = _environment()
    style, script = (_source(environment, name) for name in ("report.css", "report.js"))
    data = as_json({"chains": chains.chains, "total": chains.total})
    return environment.get_template("report.html").render(
        content,
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
        # `finalize` runs before the escaping.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"spoken": spoken, "slug": _slug, "number": _number, "capital": capital}
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


def _slug(name: object) -> str:
    """Return a name for ids and files, with ASCII letters and digits only."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(name)) or "table"


def _number(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return with_minus(f"{value:.4g}" if isinstance(value, float) and abs(value) < 1e4 else str(value))
