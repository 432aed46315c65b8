"""All figures that can be drawn from the tables of a study, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.agreement import agreement_figure
from broken_telephone.reporting.figures.decomposition import decomposition_figure
from broken_telephone.reporting.figures.forest import forest_figure
from broken_telephone.reporting.figures.multiples import some
from broken_telephone.reporting.figures.shares import shares_figure
from broken_telephone.reporting.figures.similarity import similarity_figure
from broken_telephone.reporting.figures.style import categories_of, category_colours
from broken_telephone.reporting.figures.success import success_figure
from broken_telephone.reporting.figures.trajectories import trajectories_figure
from broken_telephone.reporting.figures.transitions import transitions_figure
from broken_telephone.reporting.fonts import drawable_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BEHIND = {"image": "", "prompt": "_prompt"}
"""What stands behind the name of a figure of chains with this start."""


def figures(tables: Mapping[str, pd.DataFrame]) -> "dict[str, Callable[[], Figure]]":
    """Plan to draw whatever there are rows for.

    Args:
        tables: by name: shares, drift, power, decomposition, trajectories, similarity_curves, success, agreement and
            agreement_confusions. One that is missing or empty is not drawn.

    Returns:
        What draws each figure, by name: shares_<attribute>, trajectories_, transitions_, decomposition_ and
        success_<attribute>, forest, similarity and agreement; of chains that start from a prompt with `_prompt` behind.
        `saved_figures.saved_figures` draws and saves them.
    """
    there = {name: drawable_table(table) for name, table in tables.items() if len(table)}
    nothing = pd.DataFrame()
    shares, moves = there.get("shares", nothing), there.get("trajectories", nothing)
    split, success = there.get("decomposition", nothing), there.get("success", nothing)
    curves, drift = there.get("similarity_curves", nothing), there.get("drift", nothing)
    known = [table for table in there.values() if {"attribute", "category"} <= set(table)]
    attributes = list(dict.fromkeys(str(name) for table in known for name in table["attribute"].dropna()))
    drawn: dict[str, Callable[[], Figure]] = {}
    for attribute in attributes:
        # Of all tables together: a category without answers, say, has its colour nevertheless.
        colours = category_colours(attribute, categories_of(attribute, *known))
        for start, behind in _BEHIND.items():
            where, name = {"attribute": attribute, "start": start}, f"{attribute}{behind}"
            if len(some(shares, **where)):
                drawn[f"shares_{name}"] = partial(shares_figure, shares, attribute, start, colours)
                drawn[f"trajectories_{name}"] = partial(trajectories_figure, shares, moves, attribute, start, colours)
            if len(some(moves, **where)):
                drawn[f"transitions_{name}"] = partial(transitions_figure, moves, attribute, start)
            if len(some(success, **where)):
                drawn[f"success_{name}"] = partial(success_figure, success, attribute, start, colours)
        if len(some(split, attribute=attribute)):
            drawn[f"decomposition_{attribute}"] = partial(decomposition_figure, split, attribute)
    for start, behind in _BEHIND.items():
        if len(some(drift, start=start)):
            drawn[f"forest{behind}"] = partial(forest_figure, drift, there.get("power"), start)
        if len(some(curves, start=start)):
            drawn[f"similarity{behind}"] = partial(similarity_figure, curves, start)
    if "agreement" in there:
        drawn["agreement"] = partial(agreement_figure, tables["agreement"], tables["agreement_confusions"])
    return drawn
