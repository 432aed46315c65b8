"""Shares of descriptions that mention a demographic attribute, and whether they still name the first image's category.

The generator draws only what the description carries, so a mention that disappears is a possible cause of drift.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Estimate, Resampling
from broken_telephone.statistics.estimates.paired_counts import count_pairs
from broken_telephone.statistics.estimates.panel import ABSENT, Group, Panel, by_picture, clusters_of, first_picture
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.hypothesis_tests import paired_tests
from broken_telephone.statistics.tables.group_table import ESTIMATE, GROUP, Map, Row, group_table, join_notes

MENTION_SHARES = (*GROUP, "measure", "since", "iteration", *ESTIMATE[:3], "p_value", *ESTIMATE[3:])
MENTIONED, AGREEMENT = "mentioned", "agreement"
CHANGE = "change of "
_OTHERWISE = {MENTIONED: "not mentioned", AGREEMENT: "disagreement"}


def mention_shares(
    mentions: pd.DataFrame,
    descriptions: pd.DataFrame,
    chains: pd.DataFrame,
    panels: Mapping[str, Panel],
    categories: Mapping[tuple[str, str, str], str],
    iterations: int,
    resampling: Resampling,
    each: Map = map,
) -> pd.DataFrame:
    """Measure which attributes the descriptions mention, image by image.

    Args:
        mentions: the `mentions` table. Row k of a chain belongs to description k, which describes image k - 1.
        descriptions: `loop_descriptions` and `last_descriptions`. Prompts that start a chain describe no image and do
            not count.
        chains: the `chains` table.
        panels: attribute -> the annotator's categories of the images of the chains.
        categories: (attribute, mentioned category, term) -> the annotator's category that it names. Terms without such
            a category, such as "they", are left out of the agreement.
        iterations: of the loop.
        resampling: of intervals and tests.
        each: calls a function for each group, see `group_table.Map`.

    Returns:
        Columns MENTION_SHARES, for every start, label (ALL last) and mentioned or annotated attribute:

        - measure `mentioned`: share of the descriptions of image `iteration` that mention the attribute, with Wilson's
          interval for clusters;
        - measure `agreement`: of the descriptions that name exactly one category of the annotator, the share that names
          the category that the annotator gave the chain's first image;
        - `change of mentioned` and `change of agreement` from the first image (`since`) to `iteration`, over chains
          with a value at both, with a cluster bootstrap interval and McNemar's test over starts.

        A note explains each missing number.
    """
    arranged = mention_panels(mentions, descriptions, chains, panels, categories, iterations)
    return group_table(arranged, MENTION_SHARES, lambda group: _rows(group, resampling), each)


def mention_panels(
    mentions: pd.DataFrame,
    descriptions: pd.DataFrame,
    chains: pd.DataFrame,
    panels: Mapping[str, Panel],
    categories: Mapping[tuple[str, str, str], str],
    iterations: int,
) -> list[Panel]:
    """Arrange mentions by chain and image.

    Args:
        mentions, descriptions, chains, panels, categories, iterations: see `mention_shares`.

    Returns:
        For every mentioned or annotated attribute a panel with the categories MENTIONED and "not mentioned". For every
        annotated attribute, a panel with AGREEMENT and "disagreement" follows.
    """
    width = iterations + 1
    own = descriptions[descriptions["describer"].astype(str) != "prompt"]
    described = _by_described(own, np.ones(len(own), np.int8), chains, width) == 1
    names = mentions["attribute"].astype(str)
    arranged = []
    for attribute in dict.fromkeys([*panels, *names]):
        rows = mentions[names == attribute]
        mentioned = _by_described(rows, np.ones(len(rows), np.int8), chains, width) == 1
        codes = np.where(described, np.where(mentioned, 0, 1), ABSENT)
        arranged.append(_panel(attribute, MENTIONED, codes, chains))
        if attribute in panels:
            agreement = _agreement(rows, panels[attribute], categories, chains, width)
            arranged.append(_panel(attribute, AGREEMENT, np.where(described, agreement, ABSENT), chains))
    return arranged


def _panel(attribute: str, measure: str, codes: np.ndarray, chains: pd.DataFrame) -> Panel:
    labels, starts = (chains[name].astype(str).to_numpy(dtype=object) for name in ("label", "start"))
    absent = np.full(len(chains), ABSENT, np.int8)
    values = (measure, _OTHERWISE[measure])
    return Panel(attribute, values, codes.astype(np.int8), absent, clusters_of(chains), labels, starts)


def _by_described(table: pd.DataFrame, values: np.ndarray, chains: pd.DataFrame, width: int) -> np.ndarray:
    """Arrange rows about descriptions by the image that they describe: (n, width)."""
    shifted = table[["chain_id"]].assign(iteration=table["iteration"].astype(np.int64) - 1)
    known = (shifted["iteration"] >= 0).to_numpy(bool)
    return by_picture(shifted[known], values[known], chains["chain_id"], width)


def _agreement(
    rows: pd.DataFrame, panel: Panel, categories: Mapping[tuple[str, str, str], str], chains: pd.DataFrame, width: int
) -> np.ndarray:
    """Return 0 where the only named category is that of the first image, 1 where it is another: (n, width)."""
    code_of = {category: code for code, category in enumerate(panel.categories)}
    keys = zip(*(rows[name].astype(str) for name in ("attribute", "category", "term")), strict=True)
    codes = np.array([code_of.get(categories.get(key, ""), ABSENT) for key in keys], np.int8)
    named = np.full((len(panel.categories), len(chains), width), False)
    for code in np.unique(codes[codes >= 0]):
        chosen = codes == code
        named[code] = _by_described(rows[chosen], np.ones(chosen.sum(), np.int8), chains, width) == 1
    first = np.array([first_picture(start) for start in panel.starts], np.int64)
    reference = np.take_along_axis(panel.codes, first[:, None], 1)
    comparable = (named.sum(0) == 1) & (reference != ABSENT)
    return np.where(comparable, np.where(named.argmax(0) == reference, 0, 1), ABSENT)


def _rows(group: Group, resampling: Resampling) -> Iterator[Row]:
    first, panel = first_picture(group.start), group.panel.of(group.chosen)
    measure = panel.categories[0]
    for iteration in range(first, panel.codes.shape[1]):
        codes = panel.codes[:, iteration]
        valid = codes != ABSENT
        share = clustered_shares(codes[valid], panel.clusters[valid], 2)[0]
        estimate = Estimate(share.share, share.ci_low, share.ci_high)
        yield {
            **{"measure": measure, "iteration": iteration, "p_value": np.nan, "n": share.n},
            **{"clusters": share.clusters, "note": join_notes("" if share.n else _why_none(measure), "no test")},
            **estimate.columns(),
        }
        if iteration > first:
            yield {"measure": f"{CHANGE}{measure}", "since": first, "iteration": iteration} | _change(
                panel, first, iteration, resampling
            )


def _change(panel: Panel, since: int, iteration: int, resampling: Resampling) -> Row:
    both = count_pairs(panel.codes[:, since], panel.codes[:, iteration], panel.clusters, 2)
    if not both.chains:
        note = f"no chain has such a description of both images {since} and {iteration}"
        return both.sizes | Estimate().columns() | {"p_value": np.nan, "note": note}
    estimate = both.share_changes(resampling)[0]
    test = paired_tests.stuart_maxwell(both.changes[:, [0]], *resampling)
    permuted = f"p by permutation: fewer than {paired_tests.MIN_EXPECTED} starts expected to change"
    note = join_notes(estimate.why_no_interval(both.clusters), permuted if test.permuted else "")
    return both.sizes | estimate.columns() | {"p_value": test.p_value, "note": note}


def _why_none(measure: str) -> str:
    return (
        "no description" if measure == MENTIONED else "no description names exactly one of the annotator's categories"
    )
