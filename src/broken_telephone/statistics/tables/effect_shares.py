"""The share of each factor in the differences between arms, its joint test, and the drift that its levels remove."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from broken_telephone.statistics.estimates.arm_drifts import (
    NO_CHANGE,
    ArmDrifts,
    arm_drifts,
    drift_left,
    quadratic,
    ratio_interval,
)
from broken_telephone.statistics.estimates.bootstrap import Estimate
from broken_telephone.statistics.estimates.crossed_panels import CROSS
from broken_telephone.statistics.estimates.factor_designs import FACTORIAL, Design, Term
from broken_telephone.statistics.estimates.panel import ALL, first_picture
from broken_telephone.statistics.hypothesis_tests.joint_sign_test import joint_sign_test
from broken_telephone.statistics.outcomes import SHARES
from broken_telephone.statistics.tables.effect_changes import (
    CommonChains,
    ShareChanges,
    bound_p_values,
    divisions,
    has_missing_answers,
    start_numbers,
)
from broken_telephone.statistics.tables.effect_verdicts import (
    COMPLETE,
    DRIFT_REMOVED,
    LEAST_SHARE,
    SHARE_OF_DRIFT,
    SMALLEST,
)
from broken_telephone.statistics.tables.group_table import Row, join_notes

_SEED = 1


def summary_rows(chains: CommonChains, shares: Sequence[ShareChanges], design: Design) -> Iterator[Row]:
    """Yield the rows of each kind of start for all labels and attributes together."""
    by_label = chains.divisions[0]
    for start in dict.fromkeys(start for start, _ in by_label.keys):
        chosen = [place for place, (own, _) in enumerate(by_label.keys) if own == start]
        sizes = [own.model.categories for own in shares]
        drifts = arm_drifts([own.complete for own in shares], sizes, by_label, chosen, _SEED)
        is_own = chains.starts == start
        counted = is_own & np.isfinite(np.stack([own.complete[:, 0] for own in shares], 1)).any(1)
        starts = len(np.unique(start_numbers(chains)[counted]))
        shared = {
            **{"start": start, "family": SHARES, "label": ALL, "attribute": ALL, "category": ALL},
            **{"since": first_picture(start), "iteration": chains.last, "n_pairs": int(counted.sum())},
            **{"clusters": starts, "method": design.method},
        }
        missing = _missing_note(chains, shares, is_own)
        for row in _shares_of_differences(chains, shares, design, drifts, start):
            yield shared | row | {"note": join_notes(row["note"], design.note, missing)}
        if design.method == FACTORIAL:
            yield from (shared | row for row in _removed_rows(design, drifts))


def _missing_note(chains: CommonChains, shares: Sequence[ShareChanges], is_own: np.ndarray) -> str:
    """Tell the largest share of missing last answers of each arm, over attributes."""
    gaps = []
    for own in shares:
        # The bounds of a known answer differ by the missing first one only, which all arms share.
        gaps.append(((own.highest - own.lowest) > 0)[is_own].mean(0))
    largest = np.max(gaps, axis=0) if is_own.any() else np.zeros(len(chains.arms))
    if not (largest > 0).any():
        return ""
    arms = ", ".join(f"{arm.name} {100 * one:.0f} %" for arm, one in zip(chains.arms, largest, strict=True))
    return f"answers missing: {arms}; the share is that of chains with all answers"


def _shares_of_differences(
    chains: CommonChains,
    shares: Sequence[ShareChanges],
    design: Design,
    drifts: ArmDrifts,
    start: str,
) -> Iterator[Row]:
    parts = [quadratic(drifts, term.form) for term in design.terms]
    # Sums of squares are not negative; their estimates without noise may be.
    values = np.maximum(np.array([part.value for part in parts]), 0)
    draws = np.maximum(np.stack([part.draws for part in parts]), 0)
    total, totals = values.sum(), draws.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(totals > 0, draws / totals, np.nan)
    for place, term in enumerate(design.terms):
        test = _joint_test(chains, shares, term, start)
        estimate, note = Estimate(), "the sums of squares do not exceed their sampling noise: no share"
        if np.isnan(total):
            note = NO_CHANGE
        elif total > 0:
            estimate = ratio_interval(float(values[place] / total), ratios[place], (0.0, 1.0))
            note = "" if np.isfinite(estimate.low) else "hardly any difference: no interval"
        yield {
            **{"kind": SHARE_OF_DRIFT, "factor": term.factor, "levels": "; ".join(term.levels)},
            **{"p_value": test.p_value, COMPLETE: test.complete, SMALLEST: test.smallest},
            **estimate.columns(),
            "note": join_notes(note, "no test" if np.isnan(test.p_value) else ""),
        }


class _JointTest(NamedTuple):
    p_value: float
    """The larger one of `complete` and the p-value of the bounds."""
    complete: float
    """The p-value of the chains with all answers."""
    smallest: float
    """The smallest p-value that so many starts can have: those that differ, or a tenth of all if fewer do."""


def _joint_test(chains: CommonChains, shares: Sequence[ShareChanges], term: Term, start: str) -> _JointTest:
    """Test all effects of a term on all shares, of each label and of all labels together."""
    columns, of_bounds, starts = [], [], int(start_numbers(chains).max(initial=-1)) + 1
    has_answers, has_missing = np.zeros(starts, bool), False
    for groups, chosen in divisions(chains):
        own_groups = [place for place in chosen if groups.keys[place][0] == start]
        for own in shares:
            has_missing |= bool(has_missing_answers(own, groups)[own_groups].any())
            answered = groups.counted(np.isfinite(own.complete[:, 0]).astype(float)) > 0
            for weights in term.contrasts:
                scale = float((weights**2).sum() / 2)
                of_bounds.append(bound_p_values(own, groups, weights, scale)[own_groups])
                sums = groups.counted(np.nan_to_num(own.complete @ weights))
                for place in own_groups:
                    cells = groups.of_group(place)
                    column = np.zeros(starts)
                    column[groups.starts[cells]] = sums[cells]
                    has_answers[groups.starts[cells]] |= answered[cells]
                    columns.append(column)
    count = int(has_answers.sum())
    if not columns or not count:
        return _JointTest(np.nan, np.nan, 1.0)
    sums = np.stack(columns, 1)
    complete = joint_sign_test(sums, _SEED)
    # Only starts with a difference count in the test. If hardly any differs, a tenth of all counts: many equal starts
    # show that an effect is small.
    count = max(int((sums != 0).any(1).sum()), int(LEAST_SHARE * count), 1)
    p_values = np.concatenate(of_bounds)
    # Any effect that holds for every completion of missing answers is an effect (Bonferroni).
    bound = min(float(np.nanmin(p_values, initial=1.0)) * len(p_values), 1.0)
    return _JointTest(max(complete, bound) if has_missing else complete, complete, 2.0 ** (1 - count))


def _removed_rows(design: Design, drifts: ArmDrifts) -> Iterator[Row]:
    """Yield how much less the arms with each level drift than those with the reference's level."""
    for term in design.terms:
        if CROSS in term.factor:
            continue
        # Arms with the reference's level have negative weights in all contrasts of the factor.
        is_first = (term.contrasts < 0).all(0)
        before = quadratic(drifts, np.diag(is_first / is_first.sum()))
        for levels, weights in zip(term.levels, term.contrasts, strict=True):
            after = quadratic(drifts, np.diag((weights > 0) / (weights > 0).sum()))
            estimate, note = drift_left(before, after)
            removed = Estimate(1 - estimate.value, 1 - estimate.high, 1 - estimate.low)
            columns = {"kind": DRIFT_REMOVED, "factor": term.factor, "levels": levels, **removed.columns()}
            yield columns | {"p_value": np.nan, "note": join_notes(note, "no test")}
