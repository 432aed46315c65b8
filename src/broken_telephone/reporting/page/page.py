"""Writes the report of a study: one HTML file that needs no network.

The chains are data that the page's script shows as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from broken_telephone.reporting.figures.saved_figures import Files
from broken_telephone.reporting.first_screen import FirstScreen
from broken_telephone.reporting.page.chain_browser import Browser, as_json
from broken_telephone.reporting.page.motif_pictures import ShownMotif
from broken_telephone.reporting.page.rendering import MOST_BYTES, rendered, too_large
from broken_telephone.reporting.page.shown_figures import shown_figures
from broken_telephone.reporting.page.shown_tables import shown_table, some_iterations
from broken_telephone.reporting.text.captions import of_table
from broken_telephone.reporting.text.imported_results import imported_sentences
from broken_telephone.reporting.text.limits import drawn_text_sentences, limits, shared_model_sentences
from broken_telephone.reporting.text.published import beside_published
from broken_telephone.reporting.text.summary import HEADING
from broken_telephone.reporting.text.verdicts import of_family
from broken_telephone.reporting.text.wording import counted

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
    motifs: Sequence[ShownMotif] = (),
    most_bytes: int = MOST_BYTES,
    first_screen: FirstScreen | None = None,
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
        motifs: as `motif_pictures.shown_motifs` returns them; without images if the page would become too large.
        most_bytes: upper limit of the page's size.
        first_screen: what the page shows before everything else; None for nothing.

    Raises:
        StudyError: if the page is too large even without chains.
    """
    changes = of_family(tables.get("findings"))
    published = beside_published(published_study, tables)
    drawn = shown_figures(figures)
    listed_tables = {name: table for name, table in tables.items() if name not in _NOT_LISTED}
    content: dict[str, Any] = {
        "study": study,
        "first_screen": first_screen,
        "summary": summary,
        "figures": drawn,
        "tables": [shown_table(name, *some_iterations(table)) for name, table in listed_tables.items() if len(table)],
        "tables_without_rows": [of_table(name).title for name, table in listed_tables.items() if table.empty],
        "limits": _limits(changes, tables, manifests),
        "published": shown_table("published_beside_ours", published),
        "manifests": manifests,
    }
    for shown in (motifs, [motif.without_images() for motif in motifs]):
        content["motifs"] = {HEADING: shown}
        # The page is rendered twice, because the size without chains determines the room for them.
        empty = _rendered(content, chains.within(0))
        room = most_bytes - len(empty.encode()) - 10_000
        if room >= 0:
            return _rendered(content, chains.within(room))
    raise too_large(most_bytes, content["tables"], drawn)


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
        **({"Imported results": imported} if (imported := imported_sentences(manifests)) else {}),
    }


def _rendered(content: Mapping[str, Any], chains: Browser) -> str:
    return rendered(
        "report.html",
        content,
        chains=chains,
        sampled=counted(len(chains.chains), "chain"),
        data=as_json({"chains": chains.chains, "total": chains.total}),
    )
