"""Drift of each attribute between two pictures of the same chains: effect sizes, intervals and tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.estimates.bootstrap import MIN_CLUSTERS, Estimate, Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.paired_counts import PairedCounts, count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, first_picture
from broken_telephone.statistics.hypothesis_tests import paired_tests
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, group_table, join_notes

DRIFT = (
    *(*GROUP, "category", "since", "iteration", "measure"),
    *(*INTERVAL, "degrees_of_freedom", "p_value", "n", "clusters", "note"),
)
LEVEL = 0.05
"""Level of the test that has to reject before the interval of a distance may exclude 'no drift'."""
_AGE_SHIFT = "mean shift in years"
JACCARD_OF_COUNTS = "weighted Jaccard of counts"
"""As published: it also falls when pictures have no category."""


class Measure(NamedTuple):
    """A measure of drift, computed from contingency tables, and its properties."""

    compute: Callable[[np.ndarray], np.ndarray]
    bounds: tuple[float, float]
    min_clusters: int = 2
    """Number of starts that the interval requires."""
    no_drift: float | None = None
    """The value without drift, if it is an end of the range."""


WHOLE: Mapping[str, Measure] = {
    "total variation": Measure(distances.total_variation, (0, 1), no_drift=0),
    "Jensen-Shannon distance": Measure(distances.jensen_shannon, (0, 1), MIN_CLUSTERS, no_drift=0),
    "weighted Jaccard": Measure(distances.jaccard, (0, 1), MIN_CLUSTERS, no_drift=1),
    "Cramer's V": Measure(distances.cramers_v, (0, 1), MIN_CLUSTERS, no_drift=0),
    "kappa": Measure(distances.kappa, (-1, 1), MIN_CLUSTERS),
}
"""Measures of a whole attribute."""
EACH: Mapping[str, Measure] = {
    "share difference": Measure(distances.share_differences, (-1, 1)),
    "Cohen's h": Measure(distances.cohens_h, (-np.pi, np.pi)),
}
"""Measures of each category."""


def drift_table(
    panels: Sequence[Panel],
    iteration_pairs: Sequence[tuple[int | None, int]],
    resampling: Resampling,
    years: Mapping[str, np.ndarray] | None = None,
    each: Map = map,
    shares_only: bool = False,
) -> pd.DataFrame:
    """Measure and test the drift of each label and attribute.

    Args:
        panels: one for each attribute, all of one annotator.
        iteration_pairs: earlier and later iteration; None stands for a chain's first picture.
        resampling: of intervals and permutation tests.
        years: attribute -> value of each category, such as the midpoint of an age range. Chains with a null category
            are left out of the shift of the mean, and the note names these categories.
        each: see `group_table`.
        shares_only: measure only the share differences, which takes a fraction of the time.

    Returns:
        Columns DRIFT, without adjusted p-values and without duplicate pairs. since: the earlier iteration; category:
        null for measures of a whole attribute; n: chains with a category at both iterations; clusters: their
        independent starts. A note explains a null.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        first, chains = first_picture(group.start), group.panel.of(group.chosen)
        values = (years or {}).get(group.panel.attribute)
        for since, last in dict.fromkeys((first if begin is None else begin, end) for begin, end in iteration_pairs):
            if first <= since < last < chains.codes.shape[1] and not {since, last} & chains.thinned:
                pair = {"since": since, "iteration": last}
                yield from (pair | row for row in _rows(chains, since, last, resampling, values, shares_only))

    return group_table(panels, DRIFT, rows_of, each)


def _rows(
    chains: Panel, since: int, last: int, resampling: Resampling, years: np.ndarray | None, shares_only: bool
) -> Iterator[Row]:
    both = count_pairs(chains.codes[:, since], chains.codes[:, last], chains.clusters, len(chains.categories))
    if not both.chains:
        why = f"no chain has a category at both {since} and {last}"
        yield both.sizes | _row("total variation", Estimate(), note=why)
        for category in chains.categories:
            yield both.sizes | _row("share difference", Estimate(), note=why) | {"category": category}
        return
    samples = both.resampled(*resampling)
    if shares_only:
        yield from _category_rows("share difference", both, samples, chains.categories, resampling)
        return
    test = paired_tests.stuart_maxwell(both.changes, *resampling)
    for name, measure in WHOLE.items():
        estimate, note = _estimate(float(measure.compute(both.table)), measure.compute(samples), both, measure)
        yield both.sizes | _row(name, _include_no_drift(estimate, measure, test), note=note)
    if years is not None:
        yield _age_shift_row(chains, since, last, resampling, years)
    for name, statistic in (("Stuart-Maxwell", test), ("Bhapkar", paired_tests.bhapkar(test, both.clusters))):
        is_infinite = np.isnan(statistic.statistic)
        note = "all starts changed alike: no bound" if is_infinite else "a statistic: no interval"
        yield both.sizes | _row(name, Estimate(statistic.statistic), statistic, note)
    for name in EACH:
        yield from _category_rows(name, both, samples, chains.categories, resampling)
    yield _published_row(chains, since, last)


def _category_rows(
    name: str, both: PairedCounts, samples: np.ndarray, categories: Sequence[str], resampling: Resampling
) -> Iterator[Row]:
    measure, is_tested = EACH[name], name == "share difference"
    values, resampled = measure.compute(both.table), measure.compute(samples)
    for code, category in enumerate(categories):
        estimate, note = _estimate(float(values[code]), resampled[:, code], both, measure)
        mcnemar = paired_tests.stuart_maxwell(both.changes[:, [code]], *resampling) if is_tested else None
        yield both.sizes | _row(name, estimate, mcnemar, note) | {"category": category}


def _include_no_drift(estimate: Estimate, measure: Measure, test: paired_tests.HypothesisTest) -> Estimate:
    """Extend the interval of a distance to 'no drift', unless the test rejects it.

    Distances are at least zero, and sampling noise biases them upwards. Without this rule, the interval would exclude
    'no drift' in every second study without drift.
    """
    if measure.no_drift is None or test.p_value < LEVEL or np.isnan(estimate.low):
        return estimate
    return estimate._replace(low=0.0) if measure.no_drift == 0 else estimate._replace(high=1.0)


def _age_shift_row(chains: Panel, since: int, last: int, resampling: Resampling, years: np.ndarray) -> Row:
    """Return the shift of the mean age of the chains with an age range at both iterations."""
    known = np.isfinite(years)
    index = np.append(np.where(known, known.cumsum() - 1, ABSENT), ABSENT)
    before, after = index[chains.codes[:, since]], index[chains.codes[:, last]]
    both = count_pairs(before, after, chains.clusters, int(known.sum()))
    omitted = ", ".join(name for name, is_known in zip(chains.categories, known, strict=True) if not is_known)
    omitted_note = f"{omitted} left out" if omitted else ""
    if not both.chains:
        note = join_notes("no chain has such a category at both", omitted_note)
        return both.sizes | _row(_AGE_SHIFT, Estimate(), note=note)
    values = years[known]
    measure = Measure(lambda tables: distances.mean_shift(tables, values), (-np.ptp(values), np.ptp(values)))
    value, samples = measure.compute(both.table), measure.compute(both.resampled(*resampling))
    estimate, note = _estimate(float(value), samples, both, measure)
    return both.sizes | _row(_AGE_SHIFT, estimate, note=join_notes(note, omitted_note))


def _estimate(value: float, samples: np.ndarray, both: PairedCounts, measure: Measure) -> tuple[Estimate, str]:
    if np.isnan(value):
        return Estimate(), "only one category occurs: not defined"
    if both.clusters < measure.min_clusters:
        return Estimate(value), f"fewer than {measure.min_clusters} starts: no interval"
    estimate = bootstrap_interval(value, samples, both.clusters, measure.bounds)
    return estimate, estimate.why_no_interval(both.clusters)


def _published_row(chains: Panel, since: int, last: int) -> Row:
    """Return the weighted Jaccard similarity of the counts, as published. Pictures without a category reduce it."""
    codes = chains.codes[:, [since, last]]
    counts = [np.bincount(column[column != ABSENT], minlength=len(chains.categories)) for column in codes.T]
    value = np.minimum(*counts).sum() / max(np.maximum(*counts).sum(), 1)
    both = (codes != ABSENT).all(1)
    note = "as published: counts, unpaired, no interval"
    sizes = {"n": int(both.sum()), "clusters": len(np.unique(chains.clusters[both]))}
    return sizes | _row(JACCARD_OF_COUNTS, Estimate(float(value)), note=note)


def _row(measure: str, estimate: Estimate, test: paired_tests.HypothesisTest | None = None, note: str = "") -> Row:
    test_note = "no test"
    if test is not None:
        few = f"p by permutation: fewer than {paired_tests.MIN_EXPECTED} starts expected to leave a category"
        test_note = few if test.permuted else ""
    return {
        "measure": measure,
        **estimate.columns(),
        "degrees_of_freedom": None if test is None else test.degrees,
        "p_value": np.nan if test is None else test.p_value,
        "note": join_notes(note, test_note),
    }
