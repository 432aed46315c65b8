"""Where a loop is heading: moves between categories from picture to picture, their fixed point and half-life.

A Markov chain with the same probabilities at every step, estimated from all steps together. That is an assumption;
`predicted` beside the observed shares shows how well it holds.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.distances import share_differences
from broken_telephone.statistics.estimates.estimate import NONE, Estimate, spread, why_no_interval
from broken_telephone.statistics.estimates.paired_counts import Pairs, pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Map, Panel, first_picture, groups_of
from broken_telephone.statistics.tables.drift_table import Resampling

TRAJECTORIES = (
    "start",
    "label",
    "attribute",
    "kind",
    "category",
    "to",
    "iteration",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "clusters",
    "note",
)
_SQUARINGS = 30


def transition_matrix(tables: np.ndarray) -> np.ndarray:
    """Probability of each category (columns) after each (rows), of counts (..., C, C).

    A category that never occurs before a step is given no way out.
    """
    before = tables.sum(-1, keepdims=True)
    identity = np.broadcast_to(np.eye(tables.shape[-1]), tables.shape)
    return np.asarray(np.where(before > 0, tables / np.where(before > 0, before, 1), identity))


def fixed_point(matrices: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Shares (..., C) that steps of probabilities (..., C, C) lead to from `shares` (C,) or (..., C).

    By squaring the step that goes half the way, (P + 1) / 2, thirty times: it has the fixed points of P, and no cycles.
    """
    power = (matrices + np.eye(matrices.shape[-1])) / 2
    for _ in range(_SQUARINGS):
        power = power @ power
    return np.asarray((np.asarray(shares)[..., None, :] @ power)[..., 0, :])


def left_of_the_way(matrices: np.ndarray, shares: np.ndarray, ends: np.ndarray, steps: int) -> np.ndarray:
    """What a step leaves of the way to the fixed point, on average over the first steps: (...), 0 to 1.

    The way is the total variation between shares and fixed point. The second eigenvalue, by which half-lives are often
    told (Shorrocks 1978, Econometrica 46), is that of the slowest part of the way, however little of it that is, and
    far too large where it is estimated: the largest of several that may be alike.

    Args:
        matrices: (..., C, C), as `transition_matrix` gives them.
        shares: (C,), at the beginning.
        ends: (..., C), as `fixed_point` gives them.
        steps: 1 or more.

    Returns:
        Null where there is no way to go.
    """
    later = np.broadcast_to(shares, ends.shape)
    for _ in range(steps):
        later = (later[..., None, :] @ matrices)[..., 0, :]
    whole, rest = (np.abs(one - ends).sum(-1) for one in (shares, later))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 1e-9, np.clip(rest / whole, 0, 1) ** (1 / steps), np.nan))


def half_life(left: float) -> float:
    """Steps after which half of the way is gone, of what a step leaves of it: log 1/2 over log of it.

    0 where one step goes all the way; null where a step leaves all of it.
    """
    if left < 1e-9:
        return 0.0
    return float(np.log(0.5) / np.log(left)) if left < 1 - 1e-9 else np.nan


def trajectories_table(
    panels: Sequence[Panel],
    resampling: Resampling,
    margin: float,
    each: Map = map,
) -> pd.DataFrame:
    """Return moves, fixed points, half-lives, predictions, and whether the drift has settled.

    Args:
        panels: one an attribute.
        resampling: of the intervals.
        margin: change of shares that does not matter: of one in the last step, or of all from the first picture to
            where they are heading.
        each: as for `drift_table`.

    Returns:
        Columns TRAJECTORIES, by `kind`: transition (probability of `to` after `category`; n counts steps), fixed point
        (share of `category`), half-life (in iterations), predicted (share of `category` at `iteration`), last step
        (change of a share in it; the note says settled, moving, or cannot tell).
    """

    def followed(group: tuple[Panel, str, str, Panel]) -> list[dict[str, Any]]:
        panel, start, label, some = group
        where = {"start": start, "label": label, "attribute": panel.attribute}
        return [where | row for row in _rows(some, first_picture(start), resampling, margin)]

    rows = [row for rows in each(followed, groups_of(panels)) for row in rows]
    return pd.DataFrame(rows, columns=list(TRAJECTORIES))


def _rows(some: Panel, first: int, resampling: Resampling, margin: float) -> Iterator[dict[str, Any]]:
    last, size = some.codes.shape[1] - 1, len(some.categories)
    if last <= first:
        yield {"kind": "transition", "n": 0, "clusters": 0, "note": "a single picture: there is no step"}
        return
    steps = pairs(
        some.codes[:, first:-1].ravel(),
        some.codes[:, first + 1 :].ravel(),
        np.repeat(some.clusters, last - first),
        size,
    )
    if not steps.chains:
        yield {"kind": "transition", "n": 0, "clusters": 0, "note": "no chain has categories in two pictures in a row"}
        return
    yield from _moves(some, first, steps, resampling, margin)
    yield from _last_step(some, last, resampling, margin)


def _moves(some: Panel, first: int, steps: Pairs, resampling: Resampling, margin: float) -> Iterator[dict[str, Any]]:
    table, samples = steps.table, steps.resampled(resampling.n_bootstrap, resampling.seed)
    matrix, matrices = transition_matrix(table), transition_matrix(samples)
    count = {"n": steps.chains, "clusters": steps.clusters}
    for place, category in enumerate(some.categories):
        leaving = int(table[place].sum())
        for other, to in enumerate(some.categories):
            seen = samples[:, place].sum(-1) > 0
            here = np.where(seen, matrices[:, place, other], np.nan)
            value = float(matrix[place, other]) if leaving else np.nan
            found = spread(value, here, steps.clusters, (0, 1))
            note = "" if leaving else "never seen before a step"
            yield _row("transition", found, count | {"n": leaving}, note, category=category, to=to)
    there = some.codes[:, first][some.codes[:, first] != ABSENT]
    begin = np.bincount(there, minlength=len(some.categories)) / max(len(there), 1)
    never = [c for c, row in zip(some.categories, table, strict=True) if not row.sum()]
    note = f"no way out of {', '.join(never)} was ever seen" if never and begin[table.sum(1) == 0].any() else ""
    ends, resampled = fixed_point(matrix, begin), fixed_point(matrices, begin)
    for place, category in enumerate(some.categories):
        found = spread(float(ends[place]), resampled[:, place], steps.clusters, (0, 1))
        yield _row("fixed point", found, count, note, category=category)
    way = float(np.abs(ends - begin).sum() / 2)
    if way < margin:
        note = f"shares begin within {margin:.2g} of where they are heading: there is no way to halve"
        yield _row("half-life", NONE, count, note)
    else:
        last = some.codes.shape[1] - 1 - first
        left = [left_of_the_way(*one, last) for one in ((matrix, begin, ends), (matrices, begin, resampled))]
        yield _half_life(float(left[0]), left[1], count)
    shares = begin
    for iteration in range(first + 1, some.codes.shape[1]):
        shares = shares @ matrix
        for place, category in enumerate(some.categories):
            alone = Estimate(float(shares[place]), np.nan, np.nan)
            yield _row("predicted", alone, count, "no interval", category=category, iteration=iteration)


def _half_life(left: float, samples: np.ndarray, count: dict[str, int]) -> dict[str, Any]:
    """The interval is of what is left, whose error is alike at both sides: that of the half-life is far from it."""
    ends = spread(left, samples, count["clusters"], (0, 1))
    found = Estimate(*(half_life(one) if np.isfinite(one) else np.nan for one in ends))
    note = ""
    if np.isnan(found.value):
        found, note = NONE, "nothing of the way is gone: no half-life"
    elif np.isfinite(ends.high) and np.isnan(found.high):
        note = "no upper end: it may be that nothing of the way is gone"
    return _row("half-life", found, count, note)


def _last_step(some: Panel, last: int, resampling: Resampling, margin: float) -> Iterator[dict[str, Any]]:
    step = pairs(some.codes[:, last - 1], some.codes[:, last], some.clusters, len(some.categories))
    count = {"n": step.chains, "clusters": step.clusters}
    if not step.chains:
        yield {"kind": "last step", **count, "note": "no chain has categories in the last two pictures"}
        return
    values, samples = share_differences(step.table), share_differences(step.resampled(*resampling))
    for place, category in enumerate(some.categories):
        found = spread(float(values[place]), samples[:, place], step.clusters, (-1, 1))
        yield _row(
            "last step", found, count, _settled(found.low, found.high, margin), category=category, iteration=last
        )


def _settled(low: float, high: float, margin: float) -> str:
    if -margin < low and high < margin:
        return "settled"
    return "moving" if low > 0 or high < 0 else "cannot tell"


def _row(kind: str, found: Estimate, count: dict[str, int], note: str, **where: Any) -> dict[str, Any]:
    note = note or why_no_interval(found, count["clusters"])
    return (
        {"kind": kind, "value": found.value, "ci_low": found.low, "ci_high": found.high, "note": note} | count | where
    )
