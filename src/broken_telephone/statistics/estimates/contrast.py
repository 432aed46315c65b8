"""The difference between two studies, for the chains of each label, with errors and tests over starts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.grouped_means import GroupMeans, Groups, grouped_means
from broken_telephone.statistics.estimates.label_weights import chain_weights, label_shares
from broken_telephone.statistics.hypothesis_tests.paired_tests import (
    MIN_EXPECTED,
    PERMUTATIONS,
    sign_flip_test,
    stuart_maxwell,
)

MIN_SUMS = 30
"""Starts from which numbers other than indicators are tested by Student's t instead of by permutation of signs."""
_SEED, _ROUNDING = 1, 1e-9


class Contrast(NamedTuple):
    """The difference between an arm and the reference in each group of chains; all arrays have a row for each group."""

    keys: list[tuple[str, str]]
    """Kind of start, and label or ALL."""
    n: np.ndarray
    """Compared chains. If they are unpaired, the number in the study that has fewer."""
    clusters: np.ndarray
    """Their starts. If they are unpaired, the number in the study that has fewer."""
    value: np.ndarray
    error: np.ndarray
    """Standard errors, with clusters - 1 degrees of freedom; null below two starts."""
    arm: np.ndarray
    """Mean of the arm; the value is this mean less the next one."""
    reference: np.ndarray
    p_value: np.ndarray
    smallest_p_value: np.ndarray
    """The smallest p-value that the test can have; 0 if it has none."""
    notes: list[str]


def paired_contrast(arm: np.ndarray, reference: np.ndarray, groups: Groups, categories: int) -> Contrast:
    """Compare the same chains in two studies. Chains without both numbers are left out.

    Args:
        arm, reference: (n,), null where not measured.
        groups: of the n chains.
        categories: see `Outcome.categories`. Indicators are tested by McNemar's test over starts, other numbers by
            Student's t or by permutation of signs.
    """
    differences = arm - reference
    means, p_values, smallest, notes = means_with_tests(differences, groups, categories, 1, 1.0)
    is_pair = np.isfinite(differences)
    own_arm, own_reference = (
        grouped_means(np.where(is_pair, one, np.nan), groups, 0).value for one in (arm, reference)
    )
    return Contrast(
        groups.keys,
        means.n,
        means.clusters,
        means.value,
        means.error,
        own_arm,
        own_reference,
        p_values,
        smallest,
        notes,
    )


def means_with_tests(
    values: np.ndarray, groups: Groups, categories: int, whole: int, scale: float
) -> tuple[GroupMeans, np.ndarray, np.ndarray, list[str]]:
    """Average weighted sums of indicators, or of other numbers, and test whether the mean of each group is 0.

    Args:
        values: (n,), null where not measured.
        groups: of the n chains.
        categories: see `Outcome.categories`.
        whole: sums of indicators times this number are whole, as the exact test requires.
        scale: see `grouped_means`.

    Returns:
        Means; p-values and smallest possible p-values (groups,); notes.
    """
    means = grouped_means(values, groups, categories, scale)
    tests = [
        _paired_test(
            means.sums[groups.of_group(group)] * (whole if categories else 1),
            float(means.value[group]),
            float(means.error[group]),
            int(means.clusters[group]),
            categories,
        )
        for group in range(len(groups.keys))
    ]
    p_values, smallest = (np.array([test[place] for test in tests], float) for place in range(2))
    return means, p_values, smallest, [test[2] for test in tests]


def _paired_test(
    sums: np.ndarray, value: float, error: float, clusters: int, categories: int
) -> tuple[float, float, str]:
    """Return p-value, smallest possible p-value and note."""
    if np.isnan(value):
        return np.nan, 0.0, "no pair of chains has both numbers; no test"
    moved = sums[np.abs(sums) > _ROUNDING]
    exact = min(2.0 ** (1 - len(moved)), 1.0)
    no_interval = "" if error > 0 else "a single start, or all starts alike: no interval"
    if categories:
        test = stuart_maxwell(np.rint(sums)[:, None], PERMUTATIONS, _SEED)
        few = f"exact p: fewer than {MIN_EXPECTED} starts expected to differ" if test.permuted else ""
        return test.p_value, exact, no_interval or few
    if clusters < MIN_SUMS:
        p_value = sign_flip_test(moved, PERMUTATIONS, _SEED).p_value if len(moved) else 1.0
        return p_value, exact, no_interval or f"p by permutation: fewer than {MIN_SUMS} starts"
    if not error > 0:
        return np.nan, 0.0, f"{no_interval}; no test"
    return _t_test(value, error, clusters), 0.0, ""


def unpaired_contrast(
    arm: np.ndarray,
    reference: np.ndarray,
    groups: tuple[Groups, Groups],
    categories: int,
    by_label: Sequence[Groups] | None = None,
) -> Contrast:
    """Compare the chains of two studies, for groups that both have.

    The variances of the two means add, less twice their covariance over starts that both studies have.

    Args:
        arm: (n,), null where not measured.
        reference: (m,).
        groups: of the n chains and of the m chains. Equal starts have equal numbers.
        categories: see `Outcome.categories`.
        by_label: the division of both by label, if `groups` join labels. Both studies then get one mix of labels, see
            `label_weights`, because different mixes differ even if no label does.
    """
    usable = [np.isfinite(values) for values in (arm, reference)]
    weights = (None, None) if by_label is None else chain_weights(by_label, usable)
    means = [
        grouped_means(values, own, categories, weights=weight)
        for values, own, weight in zip((arm, reference), groups, weights, strict=True)
    ]
    keys = [key for key in groups[0].keys if key in groups[1].keys]
    rows = []
    for key in keys:
        one, other = (own.keys.index(key) for own in groups)
        parts = [own.of_group(group) for own, group in zip(groups, (one, other), strict=True)]
        starts = [own.starts[part] for own, part in zip(groups, parts, strict=True)]
        _, of_arm, of_reference = np.intersect1d(starts[0], starts[1], assume_unique=True, return_indices=True)
        shared = (means[0].influence[parts[0]][of_arm] * means[1].influence[parts[1]][of_reference]).sum()
        n = min(means[0].n[one], means[1].n[other])
        starts_used = int(min(means[0].clusters[one], means[1].clusters[other]))
        own_values = means[0].value[one], means[1].value[other]
        error = np.sqrt(max(means[0].error[one] ** 2 + means[1].error[other] ** 2 - 2 * shared, 0.0))
        value = own_values[0] - own_values[1]
        p_value = _t_test(value, error, starts_used) if error > 0 else np.nan
        rows.append((n, starts_used, value, error, *own_values, p_value))
    n_pairs, clusters, values, errors, own_arm, own_reference, p_values = np.array(rows, float).reshape(-1, 7).T
    notes = [
        "a study has no such number; no test" if not n else "" if error > 0 else "a single start: no interval; no test"
        for n, error in zip(n_pairs, errors, strict=True)
    ]
    if by_label is not None:
        left_out = [_left_out(by_label, usable, start) for start, _ in keys]
        notes = ["; ".join(filter(None, both)) for both in zip(notes, left_out, strict=True)]
    return Contrast(
        keys, n_pairs, clusters, values, errors, own_arm, own_reference, p_values, np.zeros(len(keys)), notes
    )


def _left_out(by_label: Sequence[Groups], usable: Sequence[np.ndarray], start: str) -> str:
    """Name the labels that only one study has."""
    used = label_shares(by_label, start, usable)
    labels = dict.fromkeys(label for groups in by_label for kind, label in groups.keys if kind == start)
    lacking = [label for label in labels if label not in used]
    return f"without labels that only one study has numbers of: {', '.join(lacking)}" if lacking and used else ""


def _t_test(value: float, error: float, clusters: int) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(value) / error, clusters - 1))
