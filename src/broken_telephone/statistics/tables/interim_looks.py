"""Interim looks at the primary hypotheses of a study that grows, with a controlled overall error rate."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.clusters import cluster_sums
from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Panel
from broken_telephone.statistics.hypothesis_tests.interim_looks import interval_quantiles, sequential_sign_test
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Row, join_notes

LOOKS = (
    *(*GROUP, "category", "since", "iteration", "look", "starts_per_cell"),
    *(*INTERVAL, "net_change", "boundary", "level_spent", "answer", "n", "clusters", "note"),
)
RISE, FALL, SMALL, OPEN = "rise", "fall", "smaller than planned", "open"
"""Answers. `SMALL`: the repeated interval excludes the planned change in both directions."""


def look_sizes(count: int, looks: int) -> list[int]:
    """Spread looks evenly over the people of a cell: ascending numbers, of which the last is `count`."""
    return sorted({int(np.ceil(count * k / looks)) for k in range(1, looks + 1)})


def interim_looks_table(
    panels: Sequence[Panel],
    planned: pd.DataFrame,
    ranks: np.ndarray,
    sizes: Sequence[int],
    change: float,
    level: float = 0.05,
) -> pd.DataFrame:
    """Test each planned hypothesis at each look that the study has reached.

    A look holds the starts that a study with fewer people per cell would have, so it depends on the sample's seeded
    order and not on results. Each hypothesis has an equal part of the level (Bonferroni), which it spends over the
    looks. The intervals of all looks of a hypothesis hold together.

    Args:
        panels: one for each attribute, all of one annotator.
        planned: columns start, label, attribute, category, since, iteration; one row for each hypothesis.
        ranks: int (n,), rank of each chain's start within its cell, from 0; negative for chains that no look holds.
        sizes: people per cell at each look, ascending; the last is the planned number.
        change: planned change of a share, 0 to 1. Intervals within +-change answer that the change is smaller.
        level: overall level of all hypotheses and looks.

    Returns:
        Columns LOOKS. look: from 1; net_change: sum of the changes of all starts, entries less exits; boundary:
        smallest absolute net change that rejects; level_spent: see `sequential_sign_test`; answer: the first answer of
        the hypothesis up to this look. Chains without a category in both images are left out. A note explains a null.
    """
    by_attribute = {panel.attribute: panel for panel in panels}
    own_level = level / max(len(planned), 1)
    rows = [
        dict(zip(GROUP, (plan.start, plan.label, plan.attribute), strict=True)) | {"category": plan.category} | row
        for plan in planned.itertuples(index=False)
        for row in _looks(by_attribute.get(plan.attribute), plan, ranks, sizes, change, own_level)
    ]
    return pd.DataFrame(rows, columns=list(LOOKS))


def _looks(  # type: ignore[no-untyped-def]
    panel: Panel | None, plan, ranks: np.ndarray, sizes: Sequence[int], change: float, level: float
) -> Iterator[Row]:
    if panel is None or plan.category not in panel.categories or plan.iteration >= panel.codes.shape[1]:
        return
    code = panel.categories.index(plan.category)
    before, after = panel.codes[:, plan.since], panel.codes[:, plan.iteration]
    chosen = (panel.starts == plan.start) & ((panel.labels == plan.label) | (plan.label == ALL)) & (ranks >= 0)
    reached = [size for size in sizes if size <= ranks[chosen].max(initial=-1) + 1]
    chosen &= (before != ABSENT) & (after != ABSENT)
    changes = (after == code).astype(int) - (before == code).astype(int)
    stages = [chosen & (ranks < size) & (ranks >= start) for start, size in zip([0, *reached], reached, strict=False)]
    fractions = [size / sizes[-1] for size in reached]
    tests = sequential_sign_test(
        [cluster_sums(changes[stage], panel.clusters[stage]) for stage in stages], fractions, level
    )
    quantiles, answer = interval_quantiles(fractions, level), OPEN
    for index, (size, test, quantile) in enumerate(zip(reached, tests, quantiles, strict=True)):
        own = chosen & (ranks < size)
        sums = cluster_sums(np.stack([changes[own], np.ones(own.sum())], 1), panel.clusters[own])
        value, low, high = _repeated_interval(sums, quantile)
        if answer == OPEN and test.crossed:
            answer = RISE if test.total > 0 else FALL
        elif answer == OPEN and -change < low and high < change:
            answer = SMALL
        has_boundary = np.isfinite(test.boundary)
        yield {
            **{"since": plan.since, "iteration": plan.iteration, "look": index + 1, "starts_per_cell": size},
            **dict(zip(INTERVAL, (value, low, high), strict=True)),
            **{"net_change": test.total, "boundary": test.boundary if has_boundary else np.nan},
            **{"level_spent": test.spent, "answer": answer, "n": int(own.sum()), "clusters": len(sums)},
            "note": join_notes(
                "" if has_boundary else "too few starts have changed for a rejection",
                "" if len(sums) > 1 else "fewer than two starts: no interval",
            ),
        }


def _repeated_interval(sums: np.ndarray, quantile: float) -> tuple[float, float, float]:
    """Return the change of a share and its repeated interval.

    Two pseudo-starts change in both directions, as Bonett and Price (2012, JEBS 37) add. Student's t distribution gives
    the quantile its nominal level at this number of starts.

    Args:
        sums: (clusters, 2), the change and the number of chains of each start.
        quantile: of the normal distribution.
    """
    from scipy.stats import norm, t

    if len(sums) < 2:
        value = float(sums[:, 0].sum() / sums[:, 1].sum()) if len(sums) else np.nan
        return value, np.nan, np.nan
    change, chains = sums.sum(0)
    value, mean = change / chains, chains / len(sums)
    squares = ((sums[:, 0] - value * sums[:, 1]) ** 2).sum() + PSEUDO_CLUSTERS * mean**2
    error = np.sqrt(squares) / (chains + PSEUDO_CLUSTERS * mean)
    margin = t.isf(norm.sf(quantile), len(sums) - 1) * error
    return float(value), float(max(value - margin, -1)), float(min(value + margin, 1))
