"""The size of a study: starts and ratings that hypotheses, labels and attributes need for a wished precision."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS, count_pairs
from broken_telephone.statistics.estimates.panel import Panel, first_picture
from broken_telephone.statistics.estimates.ratings_needed import ratings_needed
from broken_telephone.statistics.hypothesis_tests.interim_looks import interval_quantiles
from broken_telephone.statistics.hypothesis_tests.sample_size import starts_needed
from broken_telephone.statistics.tables.group_table import Row, join_notes

PLANNED, EXPLORATORY = "planned", "exploratory"
CELL = ["label", "attribute"]
ASSUMED = (*CELL, "category", "share", "share_changing", "source")
"""Columns of the assumptions: share of the category in the first pictures, share of starts that enter or leave it
(null if unknown), and where both come from."""
PLAN = (
    *("family", *CELL, "category", "share", "share_changing", "source", "tests", "level"),
    *("starts_needed", "starts", "ratings_needed", "note"),
)


def assumed_from_pilot(panels: Sequence[Panel]) -> pd.DataFrame:
    """Measure what a plan assumes in the chains from images of a pilot study.

    A start with replicates counts as one unit. The second moment of the mean change of its chains takes the place of
    the share of starts that change. Two pseudo-starts keep it above zero in a small pilot, as in
    `PairedCounts.resampled`.

    Args:
        panels: one for each attribute, all of one annotator.

    Returns:
        Columns ASSUMED; no rows without chains that have a category in the first and the last picture.
    """
    rows: list[Row] = []
    for panel in panels:
        for group in panel.groups():
            chains, size = panel.of(group.chosen), len(panel.categories)
            if group.start != "image" or chains.codes.shape[1] < 2:
                continue
            both = count_pairs(chains.codes[:, first_picture("image")], chains.codes[:, -1], chains.clusters, size)
            if not both.chains or size < 2:
                continue
            units = both.tables.sum((1, 2))
            moments = ((both.changes / units[:, None]) ** 2).sum(0) + PSEUDO_CLUSTERS * 2 / size
            shares = both.table.sum(1) / both.chains
            for code, category in enumerate(panel.categories):
                rows.append(
                    {"label": group.label, "attribute": panel.attribute, "category": category, "source": "pilot"}
                    | {"share": float(shares[code])}
                    | {"share_changing": float(moments[code] / (both.clusters + PSEUDO_CLUSTERS))}
                )
    return pd.DataFrame(rows, columns=list(ASSUMED))


def plan_table(
    assumed: pd.DataFrame,
    planned: pd.DataFrame,
    starts: pd.Series,
    change: float,
    power: float,
    half_width: float,
    errors: pd.Series,
    level: float = 0.05,
    looks: Sequence[float] = (1.0,),
    seed: int = 1,
) -> pd.DataFrame:
    """Compute the starts and ratings that each planned hypothesis needs, and each label and attribute.

    The row of a label and attribute is that of its most demanding category.

    Adjusted tests are assumed at the level divided by the number of tests of their family. This holds for Holm's first
    step, and for Benjamini and Hochberg if a single share changes; further changes need fewer starts. Without a pilot,
    first and last picture are assumed to be independent, which needs the most starts.

    Args:
        assumed: columns ASSUMED.
        planned: primary hypotheses, columns label, attribute, category; they form a family of their own.
        starts: label -> number of starts that the study has.
        change: wished detectable change of a share, above 0 and below 1.
        power: wished probability of detecting it.
        half_width: wished half-width of the corrected change's interval, as a difference of shares.
        errors: attribute -> share of pictures that the annotator gets wrong, 0 to 1.
        level: of each family.
        looks: fractions of the starts at which planned hypotheses are tested, see `interim_looks.spent_level`.
        seed: of the simulations.

    Returns:
        Columns PLAN. tests: number of tests in the family; level: of a single test; starts: those of the study;
        ratings_needed: rated pictures at the first and at the last iteration, each, if the study has the starts that it
        needs, or its own if these are more; a note explains a null.
    """
    from scipy.stats import norm

    wanted = planned[[*CELL, "category"]].drop_duplicates()
    primary = wanted.merge(assumed, on=[*CELL, "category"], how="left")
    families = [(PLANNED, primary, len(wanted)), (EXPLORATORY, assumed, len(assumed))]
    rows = []
    for family, table, tests in families:
        if not tests:
            continue
        own_level = level / tests
        inflation = 1.0
        if family == PLANNED and len(looks) > 1:
            # An upper bound: earlier looks add to the power of the last.
            last, single, y = interval_quantiles(looks, own_level)[-1], norm.isf(own_level / 2), norm.isf(1 - power)
            inflation = float(((last + y) / (single + y)) ** 2)
        keys = [*CELL, "category"] if family == PLANNED else CELL
        for row in _largest(table, keys, change, power, own_level, seed):
            number = starts.get(row["label"])
            known = None if number is None or pd.isna(number) else int(number)
            needed = None if pd.isna(row["starts_needed"]) else int(np.ceil(row["starts_needed"] * inflation))
            ratings, note = _ratings(
                row, max(known or 0, needed or 0), half_width, float(errors.get(row["attribute"], np.nan))
            )
            notes = {"note": join_notes(row["note"], note), "starts": np.nan if known is None else known}
            sizes = {"starts_needed": np.nan if needed is None else needed, "ratings_needed": ratings}
            rows.append({**row, **sizes, **notes, "family": family, "tests": tests, "level": own_level})
    return pd.DataFrame(rows, columns=list(PLAN))


def _largest(
    table: pd.DataFrame, keys: list[str], change: float, power: float, level: float, seed: int
) -> Iterator[Row]:
    """Yield the row that needs the most starts in each group."""
    for _, group in table.groupby(keys, sort=False, observed=True):
        candidates = [_with_changing(row, change) for row in group.to_dict("records")]
        # The number of starts increases with the share that changes.
        row = max(candidates, key=lambda row: -1 if np.isnan(row["share_changing"]) else row["share_changing"])
        moving = row["share_changing"]
        yield {**row, "starts_needed": np.nan if np.isnan(moving) else _starts(change, moving, level, power, seed)}


def _with_changing(row: Row, change: float) -> Row:
    """Add the share of starts that enter or leave the category if its share changes as wished."""
    share, note = float(row["share"]), ""
    if np.isnan(share):
        return {**row, "share_changing": np.nan, "note": "the share is unknown"}
    if change > max(share, 1 - share):
        return {**row, "share_changing": np.nan, "note": f"the share cannot change by {change:g}"}
    after = share + change if share <= 0.5 else share - change
    changing = row["share_changing"]
    if changing is None or pd.isna(changing):
        changing, note = share + after - 2 * share * after, "first and last image assumed to be independent"
    return {**row, "share_changing": max(float(changing), change), "note": note}


@lru_cache(maxsize=4096)
def _starts(change: float, changing: float, level: float, power: float, seed: int) -> float:
    return float(starts_needed(change, changing, level, power, seed))


def _ratings(row: Row, starts: int, half_width: float, error: float) -> tuple[float, str]:
    if not starts or pd.isna(row["share_changing"]) or np.isnan(error):
        return np.nan, "ratings need a number of starts"
    number = ratings_needed(half_width, starts, float(row["share"]), float(row["share_changing"]), error)
    if number is None:
        return np.nan, f"no number of ratings gives ±{half_width:g} with {starts:,} starts"
    return float(number), ""
