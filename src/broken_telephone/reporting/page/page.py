"""Writes the report of a study: one HTML file that needs no network.

The chains are data that the page's script shows as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from broken_telephone.reporting.figures.saved_figures import Files
from broken_telephone.reporting.figures.style import OwnColours
from broken_telephone.reporting.figures.undecided_labels import undecided_sentence
from broken_telephone.reporting.first_screen import FirstScreen
from broken_telephone.reporting.page.chain_browser import Browser, as_json
from broken_telephone.reporting.page.explorer import explorer_changes, explorer_colours
from broken_telephone.reporting.page.motif_pictures import ShownMotif
from broken_telephone.reporting.page.rendering import MOST_BYTES, rendered, too_large
from broken_telephone.reporting.page.sections import sections, uninformative_starts
from broken_telephone.reporting.page.shown_figures import shown_figures
from broken_telephone.reporting.page.shown_tables import ShownTable, shown_table, some_iterations
from broken_telephone.reporting.text.imported_results import imported_sentences
from broken_telephone.reporting.text.limits import drawn_text_sentences, limits, shared_model_sentences
from broken_telephone.reporting.text.planned_verdicts import with_planned_verdicts
from broken_telephone.reporting.text.published import beside_published
from broken_telephone.reporting.text.questions import (
    CHAINS,
    CHANGED,
    COMPARED,
    LIMITS_OF_ANNOTATOR,
    METHODS,
    PUBLISHED,
    REPORT,
)
from broken_telephone.reporting.text.summary import HEADING, UNKNOWN
from broken_telephone.reporting.text.table_captions import of_table
from broken_telephone.reporting.text.verdicts import of_family
from broken_telephone.reporting.text.wording import counted

_NOT_LISTED = ("agreement_sentences", "plan_sentences", "published_drift", "support_sentences")
"""Tables that the page shows in other parts."""
_NOT_COMPARED = "No two annotators were compared."
_ALWAYS = (CHANGED, COMPARED, CHAINS, METHODS)
"""Sections that say so if they are empty."""


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
    own_colours: Mapping[str, OwnColours] | None = None,
    first_screen: FirstScreen | None = None,
) -> str:
    """Write the page.

    Args:
        study: name of the study.
        tables: by name; those of `table_captions.TABLES` are explained.
        figures: by name, as `saved_figures` returns them; those of `captions.FIGURES` are explained.
        chains: as `chain_browser.chain_browser` returns it; the page shows fewer if it would become too large.
        manifests: records of the runs, by name.
        summary: topic -> sentences, as `summary.summary` returns it.
        published_study: the study for comparison, see `published.beside_published`.
        motifs: as `motif_pictures.shown_motifs` returns them; without images if the page would become too large.
        most_bytes: upper limit of the page's size.
        own_colours: attribute of the study's own -> its colours.
        first_screen: what the page shows before everything else; None for nothing.

    Raises:
        StudyError: if the page is too large even without chains.
    """
    changes = with_planned_verdicts(of_family(tables.get("findings")), tables.get("planned_changes", pd.DataFrame()))
    words = [str(word) for column in ("attribute", "label") if len(changes) for word in changes[column].unique()]
    drawn = shown_figures(figures, uninformative_starts(changes), words)
    shown = _tables(tables, beside_published(published_study, tables))
    sentences = {**summary, **_limits(changes, tables, manifests, summary)}
    explorer = {
        "colours": explorer_colours(tables.get("shares", pd.DataFrame()), own_colours),
        "changes": explorer_changes(changes),
    }
    content: dict[str, Any] = {
        "study": study,
        "tables_without_rows": [
            of_table(name).title for name, table in tables.items() if name not in _NOT_LISTED and table.empty
        ],
        "is_compared": any(table.name == PUBLISHED for table in shown),
        "left_out": undecided_sentence(tables.get("findings")),
        "first_screen": first_screen,
        "manifests": manifests,
        "has_explorer": bool(explorer["colours"]) and len(changes) > 0,
    }
    for own_motifs in (motifs, [motif.without_images() for motif in motifs]):
        arranged = sections(REPORT, sentences, drawn, shown, {HEADING: own_motifs})
        content["sections"] = {name: one for name, one in arranged.items() if one.has_answers or name in _ALWAYS}
        content["absent"] = [one.title for name, one in arranged.items() if name not in content["sections"]]
        # The page is rendered twice, because the size without chains determines the room for them.
        empty = _rendered(content, chains.within(0), explorer)
        room = most_bytes - len(empty.encode()) - 10_000
        if room >= 0:
            return _rendered(content, chains.within(room), explorer)
    raise too_large(most_bytes, shown, drawn)


def _tables(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame) -> list[ShownTable]:
    listed = {name: table for name, table in tables.items() if name not in _NOT_LISTED} | {PUBLISHED: published}
    return [shown_table(name, *some_iterations(table)) for name, table in listed.items() if len(table)]


def _limits(
    changes: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    manifests: Mapping[str, Mapping[str, Any]],
    summary: Mapping[str, Sequence[str]],
) -> dict[str, list[str]]:
    """Return the topics to which the limits add sentences that the summary does not have yet."""
    by_topic = limits(changes, tables, manifests)
    agreement = tables.get("agreement_sentences", pd.DataFrame())
    reliability = [str(sentence) for sentence in agreement["sentence"]] if len(agreement) else [_NOT_COMPARED]
    every = {
        UNKNOWN: by_topic.pop("Power"),
        LIMITS_OF_ANNOTATOR: [*reliability, *shared_model_sentences(manifests)],
        **by_topic,
        "Drawn texts": drawn_text_sentences(manifests),
        "Imported results": imported_sentences(manifests),
    }
    known = {sentence for sentences in summary.values() for sentence in sentences}
    new = {topic: [sentence for sentence in sentences if sentence not in known] for topic, sentences in every.items()}
    return {topic: [*summary.get(topic, ()), *sentences] for topic, sentences in new.items() if sentences}


def _rendered(content: Mapping[str, Any], chains: Browser, explorer: Mapping[str, Any]) -> str:
    return rendered(
        "report.html",
        content,
        chains=chains,
        sampled=counted(len(chains.chains), "chain"),
        data=as_json({"chains": chains.chains, "total": chains.total, **explorer}),
    )
