"""Statistical power: the smallest drift that the available chains can show."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.clusters import effective_sample_size
from broken_telephone.statistics.estimates.distances import shares
from broken_telephone.statistics.estimates.paired_counts import PSEUDO_CLUSTERS, PairedCounts, count_pairs
from broken_telephone.statistics.estimates.panel import Group, Panel, first_picture
from broken_telephone.statistics.hypothesis_tests.power import MIN_CHANGES, detectable_shift
from broken_telephone.statistics.tables.group_table import GROUP, Row, group_table, join_notes

_CHANGES = (
    *("share_changing", "effective_n", "smallest_p_value"),
    *("minimum_detectable_change", "maximum_possible_change"),
)
POWER = (*GROUP, "category", "since", "iteration", "n", "clusters", *_CHANGES, "is_detectable", "note")


def power_table(panels: Sequence[Panel]) -> pd.DataFrame:
    """Compute the smallest detectable shift of each category's share from the first to the last picture.

    The shift is that of one test. After an adjustment for many tests, the detectable shift is larger.

    Args:
        panels: one for each attribute, all of one annotator.

    Returns:
        Columns POWER. n: chains with a category at both iterations; share_changing: their share that enters or leaves
        the category, 0 to 1, with the pseudo-clusters of `PairedCounts.resampled`; effective_n: effective sample size
        of the n chains; smallest_p_value: of the exact test, if all starts that change did so in one direction;
        minimum_detectable_change: see `detectable_shift`, for the effective sample size; maximum_possible_change: the
        largest shift from the share before, 1/2 to 1; is_detectable: whether the minimum detectable change is at most
        the maximum possible one. A note explains a null.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains, since = group.panel.of(group.chosen), first_picture(group.start)
        last, size = chains.codes.shape[1] - 1, len(chains.categories)
        both = count_pairs(chains.codes[:, since], chains.codes[:, last], chains.clusters, size)
        why = ""
        if last <= since:
            why = "a single picture: there is no shift"
        elif size < 2:
            why = "a single category: its share cannot shift"
        elif not both.chains:
            why = f"no chain has a category at both {since} and {last}"
        undefined = dict.fromkeys(_CHANGES, np.nan) | {"is_detectable": False, "note": why}
        for code, category in enumerate(chains.categories):
            power = undefined if why else _power(both, code)
            yield {"category": category, "since": since, "iteration": last, **both.sizes, **power}

    return group_table(panels, POWER, rows_of)


def _power(both: PairedCounts, code: int) -> Row:
    n, table = both.chains, both.table
    moved = float(table[code].sum() + table[:, code].sum() - 2 * table[code, code])
    before = float(shares(table)[0][code])
    # The pseudo-clusters move chains like any other change.
    mean_chains = n / both.clusters
    pseudo_moved = 2 * PSEUDO_CLUSTERS / len(table) * mean_chains
    share_changing = (moved + pseudo_moved) / (n + PSEUDO_CLUSTERS * mean_chains)
    changes, units = both.changes[:, code], both.tables.sum((1, 2))
    shift = changes.sum() / n
    independent_variance = (moved / n - shift**2) / n
    effective = effective_sample_size(units, independent_variance, changes - shift * units)
    maximum_possible = max(before, 1 - before)
    # The test permutes starts, whatever the effective number of chains.
    minimum_detectable = float(detectable_shift(effective, share_changing)) if both.clusters >= MIN_CHANGES else np.nan
    unlikely = "detectable only if more chains change than do" if minimum_detectable > share_changing else ""
    note = join_notes(
        f"chains of a start change alike: worth {effective:.4g} independent ones" if effective < n else "",
        f"fewer than {MIN_CHANGES} starts: no shift is detectable" if np.isnan(minimum_detectable) else unlikely,
    )
    return {
        "share_changing": share_changing,
        "effective_n": effective,
        "smallest_p_value": min(2.0 ** (1 - np.count_nonzero(changes)), 1.0),
        "minimum_detectable_change": minimum_detectable,
        "maximum_possible_change": maximum_possible,
        "is_detectable": minimum_detectable <= maximum_possible,
        "note": note,
    }
