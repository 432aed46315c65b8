"""Missing answers as outcomes: how many images have no valid answer, and for whom.

An image has no valid answer if the annotator is unsure, refuses, answers outside the form or gives no answer at all, or
if the chain has no such image.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling
from broken_telephone.statistics.estimates.clusters import cluster_counts
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, ALL, Group, Panel, by_picture, first_picture
from broken_telephone.statistics.estimates.shares import Share, clustered_shares
from broken_telephone.statistics.hypothesis_tests.paired_tests import stuart_maxwell
from broken_telephone.statistics.hypothesis_tests.unpaired_tests import CHI_SQUARE, homogeneity_tests
from broken_telephone.statistics.tables.group_table import GROUP, INTERVAL, Map, Row, group_table

NO_IMAGE, NOT_ANSWERED, NO_ANSWER = "no image", "not answered", "no answer"
KINDS = ("unsure", "invalid", "refused", NOT_ANSWERED, NO_IMAGE)
"""Why an image has no valid answer."""
LEVEL, CHANGE, DIFFERENCE = "share", "change", "difference"
MISSING_ANSWERS = (
    *(*GROUP, "category", "kind", "since", "iteration", *INTERVAL, "p_value", "before", "after"),
    *("unsure", "invalid", "refused", "not_answered", "no_image", "n", "clusters", "note"),
)
_VALID, _MISSING = 0, 1


def answer_kinds(
    annotations: pd.DataFrame, chains: pd.DataFrame, attributes: Sequence[str], iterations: int, pictures: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Arrange the status of each answer by chain and iteration.

    Args:
        annotations: rows of one annotator and one reading.
        chains: the `chains` table.
        attributes: their names.
        iterations: number of iterations of the loop.
        pictures: columns chain_id and iteration of the pictures that exist.

    Returns:
        Attribute -> object (n, iterations + 1): the status. Without a row, NOT_ANSWERED if the picture exists, else
        NO_IMAGE.
    """
    names = annotations["attribute"].astype(str)
    existing = np.full(len(pictures), NOT_ANSWERED, dtype=object)
    without = by_picture(pictures, existing, chains["chain_id"], iterations + 1, NO_IMAGE)
    kinds = {}
    for attribute in attributes:
        own = annotations[names == attribute]
        statuses = own["status"].astype(object).to_numpy(dtype=object)
        given = by_picture(own, statuses, chains["chain_id"], iterations + 1, None)
        kinds[attribute] = np.where(pd.isna(given), without, given)
    return kinds


def missing_answers_table(
    panels: Sequence[Panel], kinds: Mapping[str, np.ndarray], resampling: Resampling, each: Map = map
) -> pd.DataFrame:
    """Measure the share of images without a valid answer, and test whether it changed.

    Args:
        panels: one for each attribute, all of one annotator.
        kinds: see `answer_kinds`.
        resampling: of the intervals of changes, and of the tests.
        each: see `group_table`.

    Returns:
        Columns MISSING_ANSWERS, for each iteration. since: the first picture; category: that of the first picture, ALL
        for all chains, NO_ANSWER for chains without one. before, after: shares without a valid answer at both
        iterations, 0 to 1; unsure, invalid, refused, not_answered, no_image: the parts of `after`; n: chains. A note
        explains a null.

        - kind CHANGE, category ALL: change of the share since the first picture, with its interval and a paired test.
        - kind DIFFERENCE, other categories: share of the chains of this category less the share of the chains of all
          other categories, with the interval of Newcombe (1998, Statistics in Medicine 17) and a test of homogeneity.
        - kind LEVEL, for the first picture and for NO_ANSWER: the share itself, with its interval and without a test.
    """

    def rows_of(group: Group) -> Iterator[Row]:
        chains, since = group.panel.of(group.chosen), first_picture(group.start)
        own_kinds = kinds[group.panel.attribute][group.chosen]
        missing = np.where(chains.codes == ABSENT, _MISSING, _VALID)
        first = chains.codes[:, since]
        for iteration in chains.later(since - 1):
            where = {"since": since, "iteration": iteration}
            yield where | _all_row(chains, own_kinds, missing, since, iteration, resampling)
            if iteration == since:
                continue
            for code, category in [*enumerate(chains.categories), (ABSENT, NO_ANSWER)]:
                if (first == code).any():
                    row = _category_row(chains, own_kinds, missing[:, iteration], first, code, iteration)
                    yield where | row | {"category": category}

    return group_table(panels, MISSING_ANSWERS, rows_of, each)


def _all_row(
    chains: Panel, kinds: np.ndarray, missing: np.ndarray, since: int, iteration: int, resampling: Resampling
) -> Row:
    share = clustered_shares(missing[:, iteration], chains.clusters, 2)[_MISSING]
    row = _parts(kinds[:, iteration], missing[:, iteration], share) | {"category": ALL}
    if iteration == since:
        level = dict(zip(INTERVAL, (share.share, share.ci_low, share.ci_high), strict=True))
        return row | level | {"kind": LEVEL, "p_value": np.nan, "before": share.share, "note": "a share: no test"}
    both = count_pairs(missing[:, since], missing[:, iteration], chains.clusters, 2)
    test = stuart_maxwell(both.changes[:, [_MISSING]], *resampling)
    change = both.share_changes(resampling)[_MISSING]
    note = change.why_no_interval(both.clusters)
    changed = {"before": float(missing[:, since].mean()), "p_value": test.p_value, "note": note}
    return row | change.columns() | {"kind": CHANGE} | changed


def _category_row(
    chains: Panel, kinds: np.ndarray, missing: np.ndarray, first: np.ndarray, code: int, iteration: int
) -> Row:
    own, others = first == code, (first != code) & (first != ABSENT)
    share = clustered_shares(missing[own], chains.clusters[own], 2)[_MISSING]
    row = _parts(kinds[own, iteration], missing[own], share)
    row["before"] = float(code == ABSENT)
    if code == ABSENT or not others.any():
        level = dict(zip(INTERVAL, (share.share, share.ci_low, share.ci_high), strict=True))
        note = "a share: no test" if code == ABSENT else "no chain of another category: no test"
        return row | level | {"kind": LEVEL, "p_value": np.nan, "note": note}
    other = clustered_shares(missing[others], chains.clusters[others], 2)[_MISSING]
    groups = [cluster_counts(missing[some], chains.clusters[some], 2) for some in (own, others)]
    test = homogeneity_tests(groups, 0, 0)[CHI_SQUARE]
    estimate = _difference(share, other)
    note = "starts differ in their number of chains: no test" if np.isnan(test.p_value) else ""
    return row | estimate.columns() | {"kind": DIFFERENCE, "p_value": test.p_value, "note": note}


def _difference(one: Share, other: Share) -> Estimate:
    """Return the difference of two shares of different chains with Newcombe's interval, made of both intervals."""
    value = one.share - other.share
    low = value - np.hypot(one.share - one.ci_low, other.ci_high - other.share)
    high = value + np.hypot(one.ci_high - one.share, other.share - other.ci_low)
    return Estimate(value, float(max(low, -1)), float(min(high, 1)))


def _parts(kinds: np.ndarray, missing: np.ndarray, share: Share) -> Row:
    parts = {kind.replace(" ", "_"): float(((kinds == kind) & (missing == _MISSING)).mean()) for kind in KINDS}
    return {"after": share.share, "n": share.n, "clusters": share.clusters} | parts


def missing_changes(missing_answers: pd.DataFrame) -> pd.DataFrame:
    """Return the tested changes of the share of missing answers, which are a family of comparisons."""
    return missing_answers[missing_answers["kind"].astype(str) == CHANGE] if len(missing_answers) else missing_answers
