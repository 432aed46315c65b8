"""Which sums of arms measure the effect of a factor, such as the generator: factorial contrasts, or Shapley values.

Full grids have every combination of levels. The drift of their arms is the grand mean plus main effects plus
interactions, as in a factorial analysis of variance (Yates 1937, The Design and Analysis of Factorial Experiments).

Other sets of arms get Shapley values (Shapley 1953, Contributions to the Theory of Games II): the mean effect of
exchanging one factor after another, over all orders in which the factors can be exchanged. Only orders whose arms exist
can be averaged.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.estimates.crossed_panels import CROSS

FACTORIAL, SHAPLEY = "factorial", "Shapley"
MAX_FACTORS = 6
"""Factors that may change at once. Their orders, 6 factorial, are all tried."""


class Term(NamedTuple):
    """A main effect, an interaction, or the Shapley value of a factor."""

    factor: str
    """The factor, or several joined by CROSS."""
    levels: list[str]
    """What each contrast compares, such as "b against a"."""
    contrasts: np.ndarray
    """(m, A), weights of the arms in each contrast; every row sums to 0."""
    form: np.ndarray
    """(A, A), symmetric. y' form y, at least 0, is the term's sum of squares for the drifts y: as in an analysis of
    variance for FACTORIAL, and the sum of the squared Shapley values for SHAPLEY."""


class Design(NamedTuple):
    """The terms that a set of arms identifies."""

    method: str
    """FACTORIAL or SHAPLEY."""
    terms: list[Term]
    note: str
    """Names the combinations of levels that no arm has."""


def factor_design(factors: pd.DataFrame) -> Design:
    """Find out what a set of arms identifies.

    Args:
        factors: index: names of the A arms, the reference first. Columns: factors. Values: names of levels.

    Returns:
        For a full grid, every main effect and interaction. A contrast of two levels is the mean of the arms with the
        level less that of the arms with the reference's level. A contrast of an interaction is the difference of such
        differences. For other sets, the Shapley value of each changed factor of every arm that no other arm extends.

    Raises:
        StudyError: if no factor varies, if two arms have the same levels, or if the effects cannot be told apart.
    """
    levels = {str(name): [str(level) for level in dict.fromkeys(factors[name])] for name in factors}
    varying = {name: own for name, own in levels.items() if len(own) > 1}
    if not varying:
        raise StudyError("comparison.factors: no factor has two levels, so there is no effect to measure")
    rows = [tuple(str(level) for level in row) for row in factors[list(varying)].to_numpy(dtype=object)]
    arms = dict(zip(rows, factors.index.astype(str), strict=True))
    if len(arms) < len(rows):
        twice = next(row for row in rows if rows.count(row) > 1)
        names = [str(name) for name, row in zip(factors.index, rows, strict=True) if row == twice]
        raise StudyError(f"comparison.factors: the arms {', '.join(names)} have the same levels; leave one out")
    missing = [row for row in itertools.product(*varying.values()) if row not in arms]
    if not missing:
        return Design(FACTORIAL, _factorial_terms(varying, rows), "")
    note = f"no study with {'; '.join(map(CROSS.join, missing))}"
    return Design(SHAPLEY, _shapley_terms(list(varying), rows, arms), note)


def _factorial_terms(varying: Mapping[str, Sequence[str]], rows: Sequence[tuple[str, ...]]) -> list[Term]:
    order = [rows.index(row) for row in itertools.product(*varying.values())]
    terms = []
    for size in range(1, len(varying) + 1):
        for chosen in itertools.combinations(varying, size):
            # One factor after another: a contrast with the first level if the factor is in the term, else the mean.
            contrasts, form = np.ones((1, 1)), np.ones((1, 1))
            for name, own in varying.items():
                count = len(own)
                mean = np.full((count, count), 1 / count)
                against_first = np.column_stack([-np.ones(count - 1), np.eye(count - 1)])
                contrasts = np.kron(contrasts, against_first if name in chosen else mean[:1])
                form = np.kron(form, np.eye(count) - mean if name in chosen else mean)
            firsts = CROSS.join(varying[name][0] for name in chosen)
            names = itertools.product(*(varying[name][1:] for name in chosen))
            texts = [f"{CROSS.join(own)} against {firsts}" for own in names]
            own_contrasts, own_form = np.zeros(contrasts.shape), np.zeros(form.shape)
            own_contrasts[:, order], own_form[np.ix_(order, order)] = contrasts, form
            terms.append(Term(CROSS.join(chosen), texts, own_contrasts, own_form))
    return terms


def _shapley_terms(
    names: Sequence[str], rows: Sequence[tuple[str, ...]], arms: Mapping[tuple[str, ...], str]
) -> list[Term]:
    base, place = rows[0], {row: index for index, row in enumerate(rows)}
    changes = {row: {k: level for k, level in enumerate(row) if level != base[k]} for row in rows}
    targets = [
        row
        for row in rows[1:]
        if not any(changes[row].items() < changes[other].items() for other in rows if other != row)
    ]
    values: dict[str, list[tuple[str, np.ndarray]]] = {}
    for target in targets:
        changed = list(changes[target])
        if len(changed) > MAX_FACTORS:
            raise StudyError(f"arm {arms[target]}: more than {MAX_FACTORS} factors differ from the reference")
        orders = [path for order in itertools.permutations(changed) if (path := _path(order, base, target, place))]
        if not orders:
            raise StudyError(_not_identified(names, base, target, changed, arms))
        weights = np.zeros((len(changed), len(rows)))
        for path in orders:
            for factor, without, with_it in path:
                weights[changed.index(factor), [with_it, without]] += np.array([1.0, -1.0]) / len(orders)
        for factor, own in zip(changed, weights, strict=True):
            text = f"{target[factor]} against {base[factor]}, in {arms[target]}"
            values.setdefault(names[factor], []).append((text, own))
    terms = []
    for name in (name for name in names if name in values):
        contrasts = np.stack([own for _, own in values[name]])
        # Products of a value with the whole difference would sum to its square, but could be below 0 or above 1.
        terms.append(Term(name, [text for text, _ in values[name]], contrasts, contrasts.T @ contrasts))
    return terms


def _path(
    order: Sequence[int], base: tuple[str, ...], target: tuple[str, ...], place: Mapping[tuple[str, ...], int]
) -> list[tuple[int, int, int]]:
    """Return factor, arm without it and arm with it for each step of an order; empty if an arm is missing."""
    steps, row = [], base
    for factor in order:
        after = (*row[:factor], target[factor], *row[factor + 1 :])
        if after not in place:
            return []
        steps.append((factor, place[row], place[after]))
        row = after
    return steps


def _not_identified(
    names: Sequence[str],
    base: tuple[str, ...],
    target: tuple[str, ...],
    changed: Sequence[int],
    arms: Mapping[tuple[str, ...], str],
) -> str:
    needed = []
    for k in changed:
        row = (*base[:k], target[k], *base[k + 1 :])
        needed.append(f"{names[k]} {target[k]}{'' if row not in arms else f' (there is {arms[row]})'}")
    return (
        f"comparison.factors: the arm {arms[target]} differs from the reference {arms[base]} in "
        f"{', '.join(names[k] for k in changed)} at once, and the arms between them are missing, so their effects "
        f"cannot be told apart. Run the arms that change one factor of the reference: {'; '.join(needed)}"
    )


def whole_factor(weights: np.ndarray) -> int:
    """Return the smallest number that makes all weights (A,) whole when it multiplies them."""
    multiples = range(1, math.factorial(MAX_FACTORS + 1) + 1)
    return next(one for one in multiples if np.allclose(weights * one, np.rint(weights * one), atol=1e-9))
