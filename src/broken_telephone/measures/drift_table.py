"""Drift of every attribute between two pictures of the same chains: how large, how sure, and whether by chance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.measures import distances
from broken_telephone.measures.estimate import NONE, Estimate, spread, why_no_interval
from broken_telephone.measures.paired import EXPECTED, Tested, bhapkar, stuart_maxwell
from broken_telephone.measures.pairs import Pairs, pairs
from broken_telephone.measures.panel import ABSENT, Map, Panel, first_picture, groups_of

DRIFT = (
    "start",
    "label",
    "attribute",
    "category",
    "since",
    "iteration",
    "measure",
    "value",
    "ci_low",
    "ci_high",
    "p_value",
    "n",
    "clusters",
    "note",
)
ENOUGH = 30
"""Starts from which on the interval of a curved measure covers what it should (docs/measures.md)."""

_Measure = tuple[Callable[[np.ndarray], np.ndarray], tuple[float, float], int]
"""What is computed, its bounds, and how many starts its interval needs."""
WHOLE: Mapping[str, _Measure] = {
    "total variation": (distances.total_variation, (0, 1), 2),
    "Jensen-Shannon distance": (distances.jensen_shannon, (0, 1), ENOUGH),
    "weighted Jaccard": (distances.jaccard, (0, 1), ENOUGH),
    "Cramer's V": (distances.cramers_v, (0, 1), ENOUGH),
    "kappa": (distances.kappa, (-1, 1), ENOUGH),
}
EACH: Mapping[str, _Measure] = {
    "share difference": (distances.share_differences, (-1, 1), 2),
    "Cohen's h": (distances.cohens_h, (-np.pi, np.pi), 2),
}


class Resampling(NamedTuple):
    """How measures are resampled and statistics permuted."""

    repeats: int
    seed: int


def drift_table(
    panels: Sequence[Panel],
    between: Sequence[tuple[int | None, int]],
    resampling: Resampling,
    years: Mapping[str, np.ndarray] | None = None,
    each: Map = map,
) -> pd.DataFrame:
    """Measure and test the drift of every label and attribute.

    Args:
        panels: one an attribute, all of one annotator.
        between: pairs of iterations; None stands for a chain's first picture, which is 1 where it starts from a prompt.
        resampling: of intervals and permutations.
        years: of attributes whose categories stand for numbers, the number of each category.
        each: as `map`; another one may work in threads, or show how far it is.

    Returns:
        Columns DRIFT, without the adjusted p-values. `since`: the earlier iteration; category: of measures of one
        category; n: chains with a category at both; clusters: independent starts among them. A null has a note.
    """

    def measured(group: tuple[Panel, str, str, Panel]) -> list[dict[str, Any]]:
        panel, start, label, some = group
        rows = []
        for first, last in between:
            since = first_picture(start) if first is None else first
            if first_picture(start) <= since < last < some.codes.shape[1]:
                where = {"start": start, "label": label, "attribute": panel.attribute, "since": since}
                found = _measured(some, since, last, resampling, (years or {}).get(panel.attribute))
                rows += [where | {"iteration": last} | row for row in found]
        return rows

    rows = [row for rows in each(measured, groups_of(panels)) for row in rows]
    return pd.DataFrame(rows, columns=list(DRIFT))


def _measured(
    some: Panel, since: int, last: int, resampling: Resampling, years: np.ndarray | None
) -> Iterator[dict[str, Any]]:
    size = len(some.categories)
    both = pairs(some.codes[:, since], some.codes[:, last], some.clusters, size)
    count = {"n": both.chains, "clusters": both.clusters}
    if not both.chains:
        yield count | _row("total variation", NONE, note=f"no chain has a category at both {since} and {last}")
        return
    samples = both.resampled(resampling.repeats, resampling.seed)
    numbers = {} if years is None else {"mean shift in years": _shift(years)}
    for name, measure in (*WHOLE.items(), *numbers.items()):
        found, note = _estimate(float(measure[0](both.table)), measure[0](samples), both, measure)
        yield count | _row(name, found, note=note)
    yield from (count | row for row in _tests(both, resampling))
    for name, measure in EACH.items():
        values, resampled = measure[0](both.table), measure[0](samples)
        for place, category in enumerate(some.categories):
            found, note = _estimate(float(values[place]), resampled[:, place], both, measure)
            test = _changed(both, place, resampling) if name == "share difference" else None
            yield count | _row(name, found, test, note) | {"category": category}
    yield _published(some, since, last)


def _shift(years: np.ndarray) -> _Measure:
    reach = float(np.ptp(years))
    return lambda tables: distances.mean_shift(tables, years), (-reach, reach), 2


def _estimate(value: float, samples: np.ndarray, both: Pairs, measure: _Measure) -> tuple[Estimate, str]:
    _, bounds, enough = measure
    if np.isnan(value):
        return NONE, "only one category occurs: not defined"
    if both.clusters < enough:
        return Estimate(value, np.nan, np.nan), f"fewer than {enough} starts: no interval"
    found = spread(value, samples, both.clusters, bounds)
    return found, why_no_interval(found, both.clusters)


def _tests(both: Pairs, resampling: Resampling) -> Iterator[dict[str, Any]]:
    test = stuart_maxwell(both.changes, resampling.repeats, resampling.seed)
    for name, one in (("Stuart-Maxwell", test), ("Bhapkar", bhapkar(test, both.clusters))):
        alike = "all starts changed alike: no bound" if np.isnan(one.statistic) else "a statistic: no interval"
        yield _row(name, Estimate(one.statistic, np.nan, np.nan), one, note=alike)


def _changed(both: Pairs, place: int, resampling: Resampling) -> Tested:
    return stuart_maxwell(both.changes[:, [place]], resampling.repeats, resampling.seed)


def _published(some: Panel, since: int, last: int) -> dict[str, Any]:
    """Weighted Jaccard of the counts, as published: it falls with every picture that has no category, too."""
    given = [some.codes[:, k][some.codes[:, k] != ABSENT] for k in (since, last)]
    counts = [np.bincount(codes, minlength=len(some.categories)) for codes in given]
    value = np.minimum(*counts).sum() / max(np.maximum(*counts).sum(), 1)
    found = Estimate(float(value), np.nan, np.nan)
    both = (some.codes[:, [since, last]] != ABSENT).all(1)
    return {"n": int(both.sum()), "clusters": len(np.unique(some.clusters[both]))} | _row(
        "weighted Jaccard of counts", found, note="as published: counts, unpaired, no interval"
    )


def _row(measure: str, found: Estimate, test: Tested | None = None, note: str = "") -> dict[str, Any]:
    permuted = f"p by permutation: fewer than {EXPECTED} starts expected to leave a category"
    notes = [note, permuted if test is not None and test.permuted else "", "" if test is not None else "no test"]
    return {
        "measure": measure,
        "value": found.value,
        "ci_low": found.low,
        "ci_high": found.high,
        "p_value": np.nan if test is None else test.p_value,
        "note": "; ".join(text for text in notes if text),
    }
