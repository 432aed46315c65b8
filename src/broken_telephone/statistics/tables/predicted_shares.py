"""Shares of later images, predicted from the first steps of a loop, beside those that are observed."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, first_picture
from broken_telephone.statistics.estimates.predicted_shares import Basis, Predictor
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, group_table, join_notes
from broken_telephone.statistics.tables.markov_tests import rejected_kinds

BASIS = 3
"""The last image that predictions are made from."""
HORIZONS = (5, 10, 20, 50, 100)
"""Images to predict, up to the last one and at least up to image 20."""
LATER, FIXED_POINT = "later image", "fixed point"
OBSERVED = ("observed", "observed_low", "observed_high")
PREDICTED_SHARES = (
    *(*GROUP, "kind", "category", "predicted_from", "iteration", *INTERVAL, *OBSERVED),
    *("passed", "n", "clusters", "note"),
)

_SOON = 20


def predicted_shares_table(
    panels: Sequence[Panel], shares: pd.DataFrame, markov_tests: pd.DataFrame, resampling: Resampling, each: Map = map
) -> pd.DataFrame:
    """Predict the shares of later images and of the fixed point from the steps up to image BASIS.

    Args:
        panels: one for each attribute, of the annotator.
        shares: the `shares` table of the same annotator.
        markov_tests: the `markov_tests` table.
        resampling: of the intervals.
        each: see `group_table`.

    Returns:
        Columns PREDICTED_SHARES, by `kind`: LATER (the share of `category` in image `iteration`, with a 95 % prediction
        interval) and FIXED_POINT (with a 95 % confidence interval). `predicted_from` is the last image that is used.
        `observed` and its interval are null unless the loop has the image. `passed` tells whether no Markov test of the
        group rejects; null if there is none.
    """
    keys = [*GROUP, "category", "iteration"]
    known = shares.assign(**{name: shares[name].astype(str) for name in keys[:-1]}).set_index(keys)
    columns = dict(zip(("share", "ci_low", "ci_high"), OBSERVED, strict=True))
    observed = known[list(columns)].astype(float).rename(columns=columns).to_dict("index")

    def rows_of(group: Group) -> Iterator[Row]:
        key = {"start": group.start, "label": group.label, "attribute": group.panel.attribute}
        rejected = rejected_kinds(markov_tests, **key)
        passed = None if rejected is None else not rejected
        warning = f"Markov assumption rejected: {', '.join(rejected)}" if rejected else ""
        for row in _predictions(group, resampling):
            cell = (*key.values(), row.get("category"), row.get("iteration"))
            observation = observed.get(cell, dict.fromkeys(OBSERVED, np.nan))
            has_interval = np.isfinite(observation["observed_low"])
            gap = "" if has_interval else _why_not_observed(row, observation["observed"])
            yield row | observation | {"passed": passed, "note": join_notes(row["note"], warning, gap)}

    return group_table(panels, PREDICTED_SHARES, rows_of, each)


def _why_not_observed(row: Row, observed: float) -> str:
    if np.isfinite(observed):
        return "no interval of the observed share"
    return "" if row["kind"] == FIXED_POINT and row["note"] else "not observed"


def _predictions(group: Group, resampling: Resampling) -> Iterator[Row]:
    chains, first = group.panel.of(group.chosen), first_picture(group.start)
    last, size = chains.codes.shape[1] - 1, len(chains.categories)
    end = min(BASIS, last)
    nothing = {"kind": FIXED_POINT, "predicted_from": end, "n": 0, "clusters": 0}
    if end <= first:
        yield nothing | {"note": "a single picture: there is no step"}
        return
    before, after = chains.codes[:, first:end].ravel(), chains.codes[:, first + 1 : end + 1].ravel()
    steps = count_pairs(before, after, np.repeat(chains.clusters, end - first), size)
    codes = chains.codes[:, end][chains.codes[:, end] != ABSENT]
    if not steps.chains or not len(codes):
        yield nothing | {"note": f"too few answers up to image {end}"}
        return
    predictor = Predictor(Basis(steps, np.bincount(codes, minlength=size)), resampling)
    sizes = {"n": len(codes), "clusters": steps.clusters}
    for iteration in sorted({*(k for k in HORIZONS if k <= max(last, _SOON)), last}):
        if iteration > end:
            # Later images, and those that were not kept, count as answered by the chains of the last used image.
            answered = int((chains.codes[:, iteration] != ABSENT).sum()) if iteration <= last else 0
            answered = answered or len(codes)
            estimates = predictor.shares(iteration - end, answered)
            yield from _rows(LATER, chains, end, estimates, sizes, iteration)
    yield from _rows(FIXED_POINT, chains, end, predictor.fixed_point(), sizes, None)


def _rows(
    kind: str, chains: Panel, end: int, estimates: list[Estimate], sizes: dict[str, int], iteration: int | None
) -> Iterator[Row]:
    for category, estimate in zip(chains.categories, estimates, strict=True):
        key = {"kind": kind, "category": category, "predicted_from": end, "iteration": iteration}
        yield key | estimate.columns() | sizes | {"note": estimate.why_no_interval(sizes["clusters"])}
