"""Trajectories of the loop: transitions between categories, their fixed point, half-life and predictions.

The predicted shares beside the observed ones show how well a Markov chain describes the loop.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates import transitions
from broken_telephone.statistics.estimates.bootstrap import (
    Estimate,
    Resampling,
    bootstrap_interval,
    bootstrap_intervals,
)
from broken_telephone.statistics.estimates.paired_counts import PairedCounts, count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, first_picture
from broken_telephone.statistics.estimates.selective_intervals import equivalence_p_values, standard_errors
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together
from broken_telephone.statistics.hypothesis_tests.paired_tests import stuart_maxwell
from broken_telephone.statistics.tables.group_table import ESTIMATE, GROUP, Map, Row, group_table
from broken_telephone.statistics.tables.share_bounds import change_bounds

LEVEL = 0.05
"""Adjusted p-values below it are significant."""
SETTLED, MOVING, UNKNOWN = "settled", "moving", "cannot tell"
HIDDEN = "cannot tell because of missing answers"
TRAJECTORIES = (*GROUP, "kind", "category", "to_category", "iteration", *ESTIMATE)
_TEST = ("p_value", "smallest_p_value", "largest_hidden")


def trajectories_table(
    panels: Sequence[Panel], resampling: Resampling, equivalence_margin: float, each: Map = map
) -> pd.DataFrame:
    """Estimate transitions, fixed points, half-lives and predictions, and whether the drift has settled.

    Args:
        panels: one for each attribute.
        resampling: of the intervals.
        equivalence_margin: largest change of a share that does not matter, 0 to 1. It applies to the last step, and to
            the total variation between the first picture and the fixed point.
        each: see `group_table`.

    Returns:
        Columns TRAJECTORIES, by `kind`:

        - transition: probability of the category `to_category` after `category`; n counts steps
        - fixed point: share of `category`
        - half-life: in iterations
        - predicted: share of `category` at `iteration`
        - last step: change of the share of `category` in the last iteration. The note is MOVING if McNemar's test is
          significant; otherwise SETTLED if an equivalence test shows that the change is within the margin; otherwise
          UNKNOWN. It is HIDDEN instead of SETTLED if the limits of `change_bounds` reach beyond the margin because
          of missing answers. Each kind of test is adjusted for all shares.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains, first = group.panel.of(group.chosen), first_picture(group.start)
        last, size = chains.codes.shape[1] - 1, len(chains.categories)
        nothing = {"kind": "transition", "n": 0, "clusters": 0}
        if last <= first:
            yield nothing | {"note": "a single picture: there is no step"}
            return
        before, after = chains.codes[:, first:-1].ravel(), chains.codes[:, first + 1 :].ravel()
        steps = count_pairs(before, after, np.repeat(chains.clusters, last - first), size)
        if not steps.chains:
            yield nothing | {"note": "no chain has categories in two pictures in a row"}
            return
        yield from _markov_rows(chains, first, steps, resampling, equivalence_margin)
        yield from _last_step_rows(chains, last, resampling)

    table = group_table(panels, (*TRAJECTORIES, *_TEST), rows_of, each)
    steps = table[(table["kind"] == "last step") & table["value"].notna()]
    table.loc[steps.index, "note"] = _last_step_verdicts(steps, equivalence_margin)
    return table[list(TRAJECTORIES)]


def _markov_rows(
    chains: Panel, first: int, steps: PairedCounts, resampling: Resampling, equivalence_margin: float
) -> Iterator[Row]:
    table, samples = steps.table, steps.resampled(*resampling)
    matrix, matrices = transitions.transition_matrix(table), transitions.transition_matrix(samples)
    row = partial(_row, sizes=steps.sizes)
    for code, category in enumerate(chains.categories):
        leaving = int(table[code].sum())
        values = matrix[code] if leaving else np.full(len(matrix), np.nan)
        occurs = samples[:, code].sum(-1, keepdims=True) > 0
        estimates = bootstrap_intervals(values, np.where(occurs, matrices[:, code], np.nan), steps.clusters, (0, 1))
        note = "" if leaving else "never seen before a step"
        for to_category, estimate in zip(chains.categories, estimates, strict=True):
            yield row("transition", estimate, note=note, category=category, to_category=to_category) | {"n": leaving}
    codes = chains.codes[:, first][chains.codes[:, first] != ABSENT]
    initial = np.bincount(codes, minlength=len(chains.categories)) / max(len(codes), 1)
    absorbing = [name for name, counts in zip(chains.categories, table, strict=True) if not counts.sum()]
    occurs_first = initial[table.sum(1) == 0].any()
    note = f"no way out of {', '.join(absorbing)} was ever seen" if absorbing and occurs_first else ""
    limit, limits = transitions.fixed_point(matrix, initial), transitions.fixed_point(matrices, initial)
    estimates = bootstrap_intervals(limit, limits, steps.clusters, (0, 1))
    for category, estimate in zip(chains.categories, estimates, strict=True):
        yield row("fixed point", estimate, note=note, category=category)
    if float(np.abs(limit - initial).sum() / 2) < equivalence_margin:
        where = f"shares begin within {equivalence_margin:.2g} of where they are heading"
        yield row("half-life", Estimate(), note=f"{where}: there is no way to halve")
    else:
        last = chains.codes.shape[1] - 1 - first
        factors = transitions.contraction_factor(matrices, initial, limits, last)
        yield _half_life_row(float(transitions.contraction_factor(matrix, initial, limit, last)), factors, steps.sizes)
    shares = initial
    for iteration in range(first + 1, chains.codes.shape[1]):
        shares = shares @ matrix
        for category, share in zip(chains.categories, shares.tolist(), strict=True):
            yield row("predicted", Estimate(share), note="no interval", category=category, iteration=iteration)


def _half_life_row(factor: float, samples: np.ndarray, sizes: dict[str, int]) -> Row:
    """Return the half-life of a contraction factor.

    The limits are half-lives of the factor's limits, because the sampling distribution of a half-life is skewed.
    """
    limits = bootstrap_interval(factor, samples, sizes["clusters"], (0, 1))
    estimate = Estimate(*(transitions.half_life(limit) if np.isfinite(limit) else np.nan for limit in limits))
    note = ""
    if np.isnan(estimate.value):
        estimate, note = Estimate(), "nothing of the way is gone: no half-life"
    elif np.isfinite(limits.high) and np.isnan(estimate.high):
        note = "no upper end: it may be that nothing of the way is gone"
    return _row("half-life", estimate, sizes, note)


def _last_step_rows(chains: Panel, last: int, resampling: Resampling) -> Iterator[Row]:
    step = count_pairs(chains.codes[:, last - 1], chains.codes[:, last], chains.clusters, len(chains.categories))
    if not step.chains:
        yield {"kind": "last step", **step.sizes, "note": "no chain has categories in the last two pictures"}
        return
    estimates = zip(
        chains.categories, step.share_changes(resampling), change_bounds(chains, last - 1, last), strict=True
    )
    for code, (category, estimate, bounds) in enumerate(estimates):
        limits = [-bounds["ci_low"], bounds["ci_high"], -bounds["change_low"], bounds["change_high"]]
        changes = step.changes[:, [code]]
        test = {
            "p_value": stuart_maxwell(changes, *resampling).p_value,
            "smallest_p_value": min(2.0 ** (1 - np.count_nonzero(changes)), 1.0),
            "largest_hidden": np.fmax.reduce(limits) if bounds["missing_before"] or bounds["missing_after"] else 0.0,
        }
        yield _row("last step", estimate, step.sizes, UNKNOWN, category=category, iteration=last) | test


def _last_step_verdicts(steps: pd.DataFrame, margin: float) -> np.ndarray:
    """Judge the last steps of all shares: first whether they move, then whether they are equivalent to no change."""
    columns = ("value", "ci_low", "ci_high", "clusters", "p_value", "smallest_p_value")
    value, low, high, clusters, p_value, smallest = (steps[name].to_numpy(float) for name in columns)
    p_equivalent = equivalence_p_values(value, standard_errors(value, low, high, clusters), clusters, margin)
    moves = adjusted_together(p_value, smallest, LEVEL)[0] < LEVEL
    settles = adjusted_together(p_equivalent, np.zeros(len(steps)), LEVEL)[0] < LEVEL
    is_hidden = steps["largest_hidden"].to_numpy(float) > margin
    return np.where(moves, MOVING, np.where(settles, np.where(is_hidden, HIDDEN, SETTLED), UNKNOWN))


def _row(kind: str, estimate: Estimate, sizes: dict[str, int], note: str, **keys: Any) -> Row:
    note = note or estimate.why_no_interval(sizes["clusters"])
    return {"kind": kind, **estimate.columns(), **sizes, "note": note, **keys}
