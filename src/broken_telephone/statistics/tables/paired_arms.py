"""Chains that several studies of a comparison share, and the groups that they form."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.estimates.grouped_means import Groups, label_and_all_groups
from broken_telephone.statistics.estimates.panel import start_keys
from broken_telephone.statistics.outcomes import Arm

PAIRED, UNPAIRED = "paired", "unpaired"


class Pair(NamedTuple):
    """An arm and the reference, with the chains that are compared."""

    arms: tuple[Arm, Arm]
    """The arm and the reference."""
    is_paired: bool
    rows: list[np.ndarray]
    """Rows of the compared chains in each of the two. If paired, both have the same length and order."""
    divisions: list[list[Groups]]
    """For each of the two: the compared chains by label, then all of them."""


def pair_of(arm: Arm, reference: Arm, is_paired: bool) -> Pair:
    """Find the chains of an arm that are compared with those of the reference.

    Raises:
        StudyError: see `pair_rows`.
    """
    both = (arm, reference)
    # In the order of the reference, which is the same for all arms.
    rows = pair_rows((reference, arm))[::-1] if is_paired else [np.arange(len(one.chains)) for one in both]
    keys = [start_keys(one.chains)[own] for one, own in zip(both, rows, strict=True)]
    starts = np.split(pd.factorize(np.concatenate(keys))[0], [len(rows[0])])
    divisions = []
    for one, own_rows, own_starts in zip(both, rows, starts, strict=True):
        kinds, labels = (one.chains[name].astype(str).to_numpy(dtype=object)[own_rows] for name in ("start", "label"))
        divisions.append(label_and_all_groups(kinds, labels, own_starts))
    if is_paired:
        divisions[1] = divisions[0]
    return Pair(both, is_paired, rows, divisions)


def pair_rows(arms: Sequence[Arm]) -> list[np.ndarray]:
    """Return for each arm the rows of the chains that all arms have, in the order of the first arm.

    Raises:
        StudyError: if an arm has a chain twice, or if there is no common chain.
    """
    ids = [pd.Index(arm.chains["chain_id"].astype(str)) for arm in arms]
    for arm, own in zip(arms, ids, strict=True):
        if own.has_duplicates:
            raise StudyError(f"arm {arm.name}: chain {own[own.duplicated()][0]} stands in its table twice")
    common = ids[0]
    for own in ids[1:]:
        common = common[common.isin(own)]
    if not len(common):
        raise StudyError(
            f"The arms {', '.join(arm.name for arm in arms)} have no chain in common. Chains pair if the studies have "
            "the same starts and seeds; compare other studies unpaired"
        )
    return [np.asarray(own.get_indexer(common)) for own in ids]
