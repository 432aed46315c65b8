"""The changes of shares that effects of factors are measured in, with bounds for missing answers."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.changes import (
    at_first_image,
    bounds_of_changes,
    changes_since_first,
    first_images,
)
from broken_telephone.statistics.estimates.grouped_means import Groups, grouped_means, label_and_all_groups
from broken_telephone.statistics.estimates.panel import start_keys
from broken_telephone.statistics.outcomes import SHARES, Arm, Outcome
from broken_telephone.statistics.tables.paired_arms import pair_rows


class CommonChains(NamedTuple):
    """The chains that all arms have."""

    arms: list[Arm]
    rows: list[np.ndarray]
    starts: np.ndarray
    """object (n,), image or prompt."""
    divisions: list[Groups]
    """The chains of each label, and all chains together."""
    last: int
    """The last iteration that all arms have."""


def common_chains(arms: list[Arm]) -> CommonChains:
    """Return the chains that all arms have."""
    rows, first = pair_rows(arms), arms[0]
    own = first.chains.iloc[rows[0]]
    kinds, labels = (own[name].astype(str).to_numpy(dtype=object) for name in ("start", "label"))
    starts = pd.factorize(start_keys(own))[0]
    last = min(outcome.values.shape[1] for arm in arms for outcome in arm.outcomes) - 1
    return CommonChains(arms, rows, kinds, label_and_all_groups(kinds, labels, starts), last)


def shared_outcomes(arms: list[Arm]) -> list[Outcome]:
    """Return the shares that all arms have."""
    keys = [{one[:3] for one in arm.outcomes} for arm in arms]
    return [one for one in arms[0].outcomes if one.family == SHARES and all(one[:3] in own for own in keys)]


class ShareChanges(NamedTuple):
    """The changes of one share since the first image."""

    model: Outcome
    complete: np.ndarray
    """(n, A), null for chains without both answers in any arm."""
    lowest: np.ndarray
    """(n, A), the least changes that missing answers allow; null if the first image is the last one."""
    highest: np.ndarray

    def bounds(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the least and the largest weighted sum of each chain, (n,)."""
        up, down = np.maximum(weights, 0), np.minimum(weights, 0)
        return self.lowest @ up + self.highest @ down, self.highest @ up + self.lowest @ down


def share_changes(chains: CommonChains, model: Outcome) -> ShareChanges:
    """Return the changes of one share in all arms, up to their last common iteration."""
    first = first_images(chains.starts)
    now, before, changes = [], [], []
    for arm, rows in zip(chains.arms, chains.rows, strict=True):
        values = next(one for one in arm.outcomes if one[:3] == model[:3]).values[rows]
        now.append(values[:, chains.last])
        before.append(at_first_image(values, first))
        changes.append(changes_since_first(values, first, chains.last))
    complete = np.stack(changes, 1)
    # Whether a chain has a change is the same for all shares of an attribute.
    complete[np.isnan(complete).any(1)] = np.nan
    # The first image, which chains from images share, cancels in effects, even if its answer is missing.
    origins = np.stack(before, 1)
    is_shared = (chains.starts == "image") & (
        np.nan_to_num(origins, nan=-1) == np.nan_to_num(origins[:, :1], nan=-1)
    ).all(1)
    bounds = [bounds_of_changes(one, np.where(is_shared, 0.0, other)) for one, other in zip(now, before, strict=True)]
    lowest, highest = (
        np.where((first < chains.last)[:, None], np.stack(own, 1), np.nan) for own in zip(*bounds, strict=True)
    )
    return ShareChanges(model, complete, lowest, highest)


def divisions(chains: CommonChains) -> Iterator[tuple[Groups, list[int]]]:
    """Yield groups by label, then all labels together for kinds of start with several labels."""
    by_label, together = chains.divisions
    yield by_label, list(range(len(by_label.keys)))
    starts = [start for start, _ in by_label.keys]
    several = [place for place, (start, _) in enumerate(together.keys) if starts.count(start) > 1]
    if several:
        yield together, several


def has_missing_answers(changes: ShareChanges, groups: Groups) -> np.ndarray:
    """Return whether answers of a group are missing in any arm, bool (groups,)."""
    is_missing = np.isfinite(changes.lowest).all(1) & np.isnan(changes.complete).any(1)
    return groups.summed(groups.counted(is_missing)) > 0


def bound_p_values(changes: ShareChanges, groups: Groups, weights: np.ndarray, scale: float) -> np.ndarray:
    """Test whether an effect is above 0, or below 0, for every completion of missing answers; (groups,)."""
    from scipy.stats import t

    one_sided = []
    for bound, sign in zip(changes.bounds(weights), (1, -1), strict=True):
        means = grouped_means(bound, groups, changes.model.categories, scale)
        with np.errstate(invalid="ignore", divide="ignore"):
            one_sided.append(t.sf(sign * means.value / means.error, np.maximum(means.clusters, 2) - 1))
    return np.asarray(np.minimum(2 * np.minimum(*one_sided), 1))


def start_numbers(chains: CommonChains) -> np.ndarray:
    """Return the number of each chain's start, (n,)."""
    together = chains.divisions[1]
    return together.starts[together.cells]
