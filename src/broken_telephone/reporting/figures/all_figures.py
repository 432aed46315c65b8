"""Plans all figures that the tables of a study allow."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.agreement import agreement_figure
from broken_telephone.reporting.figures.annotators import annotators_figure
from broken_telephone.reporting.figures.attractors import attractors_figure
from broken_telephone.reporting.figures.decomposition import decomposition_figure
from broken_telephone.reporting.figures.diversity import diversity_figure
from broken_telephone.reporting.figures.forest import forest_figure
from broken_telephone.reporting.figures.intersections import has_cells, intersections_figure
from broken_telephone.reporting.figures.mentions import mentions_figure
from broken_telephone.reporting.figures.missing_answers import missing_answers_figure
from broken_telephone.reporting.figures.predicted_shares import predicted_figure
from broken_telephone.reporting.figures.reliability import reliability_figure
from broken_telephone.reporting.figures.shares import shares_figure
from broken_telephone.reporting.figures.similarity import similarity_figure
from broken_telephone.reporting.figures.style import OwnColours, categories_of, category_colours
from broken_telephone.reporting.figures.success import success_figure
from broken_telephone.reporting.figures.trajectories import trajectories_figure
from broken_telephone.reporting.figures.transitions import transitions_figure
from broken_telephone.reporting.figures.undecided_labels import undecided_labels, undecided_note, without_undecided
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.reporting.selection import select
from broken_telephone.reporting.text.captions import SUFFIXES
from broken_telephone.reporting.text.verdicts import judged_together, of_family
from broken_telephone.statistics.tables.findings import INTERSECTIONS
from broken_telephone.statistics.tables.mentions import MENTIONED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MIXED = ("findings", "missing_answers", "share_bounds")
"""Tables whose column `category` also has crossed categories or groups of chains."""


def figures(
    tables: Mapping[str, pd.DataFrame], own: Mapping[str, OwnColours] | None = None
) -> "dict[str, Callable[[], Figure]]":
    """Plan a figure for every table with something to draw.

    Args:
        tables: by name: shares, findings, decomposition, trajectories, predicted_shares, diversity, attractors,
            similarity_curves, success, intersection_changes, missing_answers, mention_shares, agreement,
            agreement_confusions and annotator_agreement. Missing and empty tables get no figure, nor do crossed
            categories that all have too few starts, nor attributes that no description mentions. Figures of shares
            leave out labels that have too few independent starts for any share, and say so.
        own: attribute of the study's own -> its colours.

    Returns:
        Name -> function that draws the figure: shares_<attribute>, trajectories_, transitions_, predicted_,
        decomposition_, success_, missing_ and intersections_<attribute>, forest, mentions, diversity, motifs,
        similarity, reliability, agreement and annotators; figures of chains from prompts end in `_prompt`.
        `saved_figures.saved_figures` draws and saves them.
    """
    crossed = tables.get("intersection_changes", pd.DataFrame())
    crossed = judged_together(crossed, tables.get("findings"), INTERSECTIONS)
    left_out = undecided_labels(tables.get("findings"))
    notes = {start: undecided_note(left_out, start) for start in SUFFIXES}
    tables = without_undecided(tables)
    # The other figures have no room for crossed categories.
    tables = {name: table for name, table in tables.items() if not name.startswith("intersection_")}
    drawable = {name: drawable_table(table) for name, table in tables.items() if len(table)}
    shares, trajectories, decomposition, success, curves, findings = (
        drawable.get(name, pd.DataFrame())
        for name in ("shares", "trajectories", "decomposition", "success", "similarity_curves", "findings")
    )
    missing_answers = drawable.get("missing_answers", pd.DataFrame())
    predicted = drawable.get("predicted_shares", pd.DataFrame())
    diversity, attractors = (drawable.get(name, pd.DataFrame()) for name in ("diversity", "attractors"))
    with_categories = [
        table for name, table in drawable.items() if {"attribute", "category"} <= set(table) and name not in _MIXED
    ]
    attributes = list(dict.fromkeys(str(name) for table in with_categories for name in table["attribute"].dropna()))
    plans: dict[str, Callable[[], Figure]] = {}
    for attribute in attributes:
        # All tables together give a category its colour, even if it has no answers in one of them.
        colours = category_colours(attribute, categories_of(attribute, *with_categories), (own or {}).get(attribute))
        for start, suffix in SUFFIXES.items():
            cell, name = {"attribute": attribute, "start": start}, f"{attribute}{suffix}"
            if len(select(shares, **cell)):
                plans[f"shares_{name}"] = partial(shares_figure, shares, attribute, start, colours, notes[start])
                lines = partial(trajectories_figure, shares, trajectories, attribute, start, colours, notes[start])
                plans[f"trajectories_{name}"] = lines
            if len(select(trajectories, **cell)):
                plans[f"transitions_{name}"] = partial(transitions_figure, trajectories, attribute, start, notes[start])
            if select(predicted, **cell).get("value", pd.Series(dtype=float)).notna().any():
                own_lines = partial(predicted_figure, predicted, attribute, start, colours, notes[start])
                plans[f"predicted_{name}"] = own_lines
            if len(select(success, **cell)):
                plans[f"success_{name}"] = partial(success_figure, success, attribute, start, colours)
            if select(missing_answers, **cell).get("after", pd.Series()).gt(0).any():
                plans[f"missing_{name}"] = partial(missing_answers_figure, missing_answers, attribute, start, colours)
        if len(select(decomposition, attribute=attribute)):
            plans[f"decomposition_{attribute}"] = partial(decomposition_figure, decomposition, attribute)
    for start, suffix in SUFFIXES.items():
        if len(select(of_family(findings), start=start)):
            plans[f"forest{suffix}"] = partial(forest_figure, findings, start, notes[start])
        if len(select(curves, start=start)):
            plans[f"similarity{suffix}"] = partial(similarity_figure, curves, start)
        if len(select(diversity, start=start)):
            plans[f"diversity{suffix}"] = partial(diversity_figure, diversity, start)
        if len(select(attractors, start=start)):
            plans[f"motifs{suffix}"] = partial(attractors_figure, attractors, start)
        mentioned = select(drawable.get("mention_shares", pd.DataFrame()), start=start)
        if len(mentioned) and (select(mentioned, measure=MENTIONED)["value"] > 0).any():
            plans[f"mentions{suffix}"] = partial(mentions_figure, drawable["mention_shares"], start)
    if len(crossed):
        crossed = drawable_table(crossed)
        for attribute, start in crossed[["attribute", "start"]].astype(str).drop_duplicates().itertuples(index=False):
            if not has_cells(select(crossed, attribute=attribute, start=start)):
                continue
            name = f"intersections_{attribute.replace(' ', '_')}{SUFFIXES[start]}"
            plans[name] = partial(intersections_figure, crossed, attribute, start)
    if "reliability" in drawable:
        plans["reliability"] = partial(reliability_figure, drawable["reliability"])
    if "agreement" in drawable:
        plans["agreement"] = partial(agreement_figure, tables["agreement"], tables["agreement_confusions"])
    if "annotator_agreement" in drawable:
        plans["annotators"] = partial(annotators_figure, tables["annotator_agreement"])
    return plans
