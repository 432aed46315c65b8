"""Drift of every attribute between two pictures of the same chains: how large, how sure, and whether by chance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.estimates.estimate import NONE, Estimate, spread, why_no_interval
from broken_telephone.statistics.estimates.paired_counts import Pairs, pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Map, Panel, first_picture, groups_of
from broken_telephone.statistics.hypothesis_tests.paired_tests import EXPECTED, Tested, bhapkar, stuart_maxwell

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
    "degrees",
    "p_value",
    "n",
    "clusters",
    "note",
)
ENOUGH = 30
"""Starts from which on the interval of a curved measure covers what it should (docs/measures.md)."""

_YEARS = "mean shift in years"
LEVEL = 0.05
"""Of the test without which no interval excludes that there is no drift."""


class Measure(NamedTuple):
    """What is computed of tables, and what is known of it."""

    compute: Callable[[np.ndarray], np.ndarray]
    bounds: tuple[float, float]
    enough: int = 2
    """Starts that its interval needs."""
    none: float | None = None
    """The value of no drift, if none is beyond it."""


WHOLE: Mapping[str, Measure] = {
    "total variation": Measure(distances.total_variation, (0, 1), none=0),
    "Jensen-Shannon distance": Measure(distances.jensen_shannon, (0, 1), ENOUGH, none=0),
    "weighted Jaccard": Measure(distances.jaccard, (0, 1), ENOUGH, none=1),
    "Cramer's V": Measure(distances.cramers_v, (0, 1), ENOUGH, none=0),
    "kappa": Measure(distances.kappa, (-1, 1), ENOUGH),
}
EACH: Mapping[str, Measure] = {
    "share difference": Measure(distances.share_differences, (-1, 1)),
    "Cohen's h": Measure(distances.cohens_h, (-np.pi, np.pi)),
}


class Resampling(NamedTuple):
    """How measures are resampled and statistics permuted."""

    n_bootstrap: int
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
        years: of attributes whose categories stand for numbers, the number of each category, null where it has none:
            chains with such a category are left out of the mean's shift, and the note says so.
        each: as `map`; another one may work in threads, or show how far it is.

    Returns:
        Columns DRIFT, without the adjusted p-values; each pair is there once. `since`: the earlier iteration; category:
        of measures of one category; n: chains with a category at both; clusters: independent starts among them. A null
        has a note.
    """

    def measured(group: tuple[Panel, str, str, Panel]) -> list[dict[str, Any]]:
        panel, start, label, some = group
        begin = first_picture(start)
        rows = []
        for since, last in dict.fromkeys((begin if first is None else first, last) for first, last in between):
            if begin <= since < last < some.codes.shape[1]:
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
        why = f"no chain has a category at both {since} and {last}"
        yield count | _row("total variation", NONE, note=why)
        yield from (
            count | _row("share difference", NONE, note=why) | {"category": category} for category in some.categories
        )
        return
    samples = both.resampled(*resampling)
    test = stuart_maxwell(both.changes, *resampling)
    for name, measure in WHOLE.items():
        found, note = _estimate(float(measure.compute(both.table)), measure.compute(samples), both, measure)
        yield count | _row(name, _open(found, measure, test), note=note)
    if years is not None:
        yield _shift(some, since, last, resampling, years)
    yield from (count | row for row in _tests(test, both.clusters))
    for name, measure in EACH.items():
        values, resampled = measure.compute(both.table), measure.compute(samples)
        for place, category in enumerate(some.categories):
            found, note = _estimate(float(values[place]), resampled[:, place], both, measure)
            changed = stuart_maxwell(both.changes[:, [place]], *resampling) if name == "share difference" else None
            yield count | _row(name, found, changed, note) | {"category": category}
    yield _published(some, since, last)


def _open(found: Estimate, measure: Measure, test: Tested) -> Estimate:
    """Let the interval of a distance begin at no drift, unless the test excludes it.

    A distance cannot be less than none, and chance alone makes it more: the spread about its value would exclude that
    there is no drift in every second study that has none.
    """
    if measure.none is None or test.p_value < LEVEL or np.isnan(found.low):
        return found
    return found._replace(low=0.0) if measure.none == 0 else found._replace(high=1.0)


def _shift(some: Panel, since: int, last: int, resampling: Resampling, years: np.ndarray) -> dict[str, Any]:
    """The shift of the mean of years, of chains that have such a category at both times."""
    known = np.isfinite(years)
    places = np.append(np.where(known, known.cumsum() - 1, ABSENT), ABSENT)
    before, after = places[some.codes[:, since]], places[some.codes[:, last]]
    both = pairs(before, after, some.clusters, int(known.sum()))
    count = {"n": both.chains, "clusters": both.clusters}
    left_out = ", ".join(name for name, one in zip(some.categories, known, strict=True) if not one)
    notes = [f"{left_out} left out"] if left_out else []
    if not both.chains:
        return count | _row(_YEARS, NONE, note="; ".join(["no chain has such a category at both", *notes]))
    numbers = years[known]
    measure = Measure(lambda tables: distances.mean_shift(tables, numbers), (-np.ptp(numbers), np.ptp(numbers)))
    value, samples = measure.compute(both.table), measure.compute(both.resampled(*resampling))
    found, note = _estimate(float(value), samples, both, measure)
    return count | _row(_YEARS, found, note="; ".join(filter(None, [note, *notes])))


def _estimate(value: float, samples: np.ndarray, both: Pairs, measure: Measure) -> tuple[Estimate, str]:
    if np.isnan(value):
        return NONE, "only one category occurs: not defined"
    if both.clusters < measure.enough:
        return Estimate(value, np.nan, np.nan), f"fewer than {measure.enough} starts: no interval"
    found = spread(value, samples, both.clusters, measure.bounds)
    return found, why_no_interval(found, both.clusters)


def _tests(test: Tested, clusters: int) -> Iterator[dict[str, Any]]:
    for name, one in (("Stuart-Maxwell", test), ("Bhapkar", bhapkar(test, clusters))):
        alike = "all starts changed alike: no bound" if np.isnan(one.statistic) else "a statistic: no interval"
        yield _row(name, Estimate(one.statistic, np.nan, np.nan), one, note=alike)


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
        "degrees": None if test is None else test.degrees,
        "p_value": np.nan if test is None else test.p_value,
        "note": "; ".join(text for text in notes if text),
    }
