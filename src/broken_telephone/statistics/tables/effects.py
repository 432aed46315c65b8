"""Effects of factors, such as generator and describer, on the drift of the arms."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.estimates.arm_drifts import (
    NO_CHANGE,
    ArmDrifts,
    arm_drifts,
    drift_left,
    quadratic,
    ratio_interval,
)
from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.changes import (
    at_first_image,
    bounds_of_changes,
    changes_since_first,
    first_images,
)
from broken_telephone.statistics.estimates.contrast import means_with_tests
from broken_telephone.statistics.estimates.crossed_panels import CROSS
from broken_telephone.statistics.estimates.factor_designs import FACTORIAL, Design, Term, factor_design, whole_factor
from broken_telephone.statistics.estimates.grouped_means import Groups, grouped_means, label_and_all_groups
from broken_telephone.statistics.estimates.panel import ALL, first_picture, start_keys
from broken_telephone.statistics.estimates.selective_intervals import intervals_at
from broken_telephone.statistics.hypothesis_tests.joint_sign_test import joint_sign_test
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together, holm
from broken_telephone.statistics.outcomes import SHARES, Arm, Outcome
from broken_telephone.statistics.tables.findings import LEVEL
from broken_telephone.statistics.tables.group_table import Map, Row, join_notes
from broken_telephone.statistics.tables.missing_verdicts import NOT_ENOUGH_DATA
from broken_telephone.statistics.tables.paired_arms import pair_rows

EFFECT, MEAN_DRIFT = "effect", "mean drift"
SHARE_OF_DRIFT, DRIFT_REMOVED = "share of the differences", "drift removed"
"""Kinds of rows."""
MEAN = "(mean)"
"""The factor of rows with the mean drift of all arms."""
BLAMED, MINOR, NOT_BLAMED = "blamed", "minor", "not blamed"
BLAME_LEVEL = 0.01
"""A factor is blamed if its adjusted p-value is below it. Blame is a strong claim, hence the strict level."""
LEAST_SHARE = 0.1
"""Share of the differences that a factor makes at least, if it is blamed and not minor."""
EFFECTS = (
    *("start", "family", "label", "attribute", "category", "since", "iteration", "kind", "factor", "levels"),
    *("value", "ci_low", "ci_high", "p_value", "p_adjusted", "verdict", "n_pairs", "clusters", "method", "note"),
)
_SEED = 1
_COMPLETE, _SMALLEST = "complete", "smallest"
"""Columns that verdicts need and the table does not have."""


class _Chains(NamedTuple):
    """The chains that all arms have."""

    arms: list[Arm]
    rows: list[np.ndarray]
    starts: np.ndarray
    """object (n,), image or prompt."""
    divisions: list[Groups]
    """By label, and all together."""
    last: int
    """The last iteration that all arms have."""


def effects_table(arms: Sequence[Arm], factors: pd.DataFrame, each: Map = map) -> pd.DataFrame:
    """Split the drift of the arms' shares, from first to last image, into the effects of factors.

    Only chains that all arms have are used, so that every effect is a difference within chains. Values and intervals
    use the chains with answers in all arms (complete cases).

    Args:
        arms: studies with common chains.
        factors: index: names of arms, the reference first; columns: factors; values: names of levels.
        each: calls a function for each outcome, see `group_table.Map`.

    Returns:
        Columns EFFECTS, with 95 % intervals. By `kind`:

        - EFFECT: see `factor_design`. value: -1 to 1 for a main effect. p_value as in `paired_contrast`; if answers are
          missing, the larger one of two tests: of the complete cases, and of the worst-case bounds. p_adjusted over
          all rows of this kind (Benjamini and Hochberg).
        - MEAN_DRIFT: the mean drift of all arms, tested likewise.
        - SHARE_OF_DRIFT: a row for each factor and kind of start. value: its share of the sums of squares of all
          terms, see `Term.form`, summed over categories and averaged over labels by their chains, without sampling
          noise; 0 to 1, and the shares sum to 1. Null if the sums are within sampling noise. p_value:
          `joint_sign_test` of the factor's effects on all shares; if answers are missing, the larger one of it and of
          the worst-case bounds (Bonferroni over the effects). p_adjusted over the factors of all kinds of start
          (Holm). verdict: BLAMED if it is below BLAME_LEVEL. MINOR if the share is below LEAST_SHARE, too, or has no
          interval because the arms hardly differ. The probability that any factor without an effect is blamed is at
          most BLAME_LEVEL. NOT_ENOUGH_DATA, with the reason in `note`, if there is no test or no share, if the test
          cannot reject with so few starts, or if only missing answers prevent that it rejects. Otherwise NOT_BLAMED.
        - DRIFT_REMOVED: for full grids, 1 less the ratio of two root mean squares of the drift: that of the arms with a
          level, and that of the arms with the reference's level of the factor; at most 1. No test.

    Raises:
        StudyError: if an arm is missing, if the arms share no chain, or if effects are not identified.
    """
    by_name = {arm.name: arm for arm in arms}
    _refuse_gaps(factors)
    if missing := [str(name) for name in factors.index if str(name) not in by_name]:
        raise StudyError(f"comparison.factors: {missing[0]} is none of the arms ({', '.join(by_name)})")
    design = factor_design(factors)
    chains = _common_chains([by_name[str(name)] for name in factors.index])
    shares = [_changes(chains, model) for model in _shared_outcomes(chains.arms)]
    tasks = [(chains, own, design) for own in shares]
    rows = [row for rows in each(_effect_rows, tasks) for row in rows]
    if shares:
        rows += _summary_rows(chains, shares, design)
    table = pd.DataFrame(rows, columns=[*EFFECTS, _COMPLETE, _SMALLEST])
    return _adjusted(table).astype(dict.fromkeys(("since", "iteration", "n_pairs", "clusters"), "Int64"))


def _refuse_gaps(factors: pd.DataFrame) -> None:
    gaps = factors.isna()
    if gaps.any(axis=None):
        arm = gaps.any(axis=1).idxmax()
        raise StudyError(f"comparison.factors: the arm {arm} has no {gaps.loc[arm].idxmax()}; give it a level")


def _common_chains(arms: list[Arm]) -> _Chains:
    rows, first = pair_rows(arms), arms[0]
    own = first.chains.iloc[rows[0]]
    kinds, labels = (own[name].astype(str).to_numpy(dtype=object) for name in ("start", "label"))
    starts = pd.factorize(start_keys(own))[0]
    last = min(outcome.values.shape[1] for arm in arms for outcome in arm.outcomes) - 1
    return _Chains(arms, rows, kinds, label_and_all_groups(kinds, labels, starts), last)


def _shared_outcomes(arms: list[Arm]) -> list[Outcome]:
    keys = [{one[:3] for one in arm.outcomes} for arm in arms]
    return [one for one in arms[0].outcomes if one.family == SHARES and all(one[:3] in own for own in keys)]


class _Changes(NamedTuple):
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


def _changes(chains: _Chains, model: Outcome) -> _Changes:
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
    return _Changes(model, complete, lowest, highest)


def _divisions(chains: _Chains) -> Iterator[tuple[Groups, list[int]]]:
    """Yield groups by label, then all labels together for kinds of start with several labels."""
    by_label, together = chains.divisions
    yield by_label, list(range(len(by_label.keys)))
    starts = [start for start, _ in by_label.keys]
    several = [place for place, (start, _) in enumerate(together.keys) if starts.count(start) > 1]
    if several:
        yield together, several


def _effect_rows(task: tuple[_Chains, _Changes, Design]) -> list[Row]:
    chains, changes, design = task
    model, arms = changes.model, len(chains.arms)
    asked = [(MEAN_DRIFT, MEAN, "", np.full(arms, 1 / arms))]
    for term in design.terms:
        asked += [
            (EFFECT, term.factor, levels, weights) for levels, weights in zip(term.levels, term.contrasts, strict=True)
        ]
    rows = []
    for groups, chosen in _divisions(chains):
        has_missing = _has_missing(changes, groups)
        for kind, factor, levels, weights in asked:
            # All arms share the first image, so the mean drift is as uncertain as that of one arm.
            scale = 1.0 if kind == MEAN_DRIFT else float((weights**2).sum() / 2)
            numbers = changes.complete @ weights
            means, p_values, _, notes = means_with_tests(
                numbers, groups, model.categories, whole_factor(weights), scale
            )
            if kind == EFFECT:
                # Missing answers of the first image do not cancel in a mean drift, which no verdict rests on.
                of_bounds = _bound_p_values(changes, groups, weights, scale)
                p_values = np.where(has_missing, np.fmax(p_values, of_bounds), p_values)
            possible = 1.0 if kind == MEAN_DRIFT else float(np.abs(weights).sum())
            # Chains from images share the first image in all arms, so that only the last one can differ.
            bound = np.array([possible / (1 + (kind == EFFECT and start == "image")) for start, _ in groups.keys])
            level = np.full(len(bound), 1 - CONFIDENCE)
            low, high = intervals_at(means.value, means.error, means.clusters, level, bound)
            for place in chosen:
                start, label = groups.keys[place]
                estimate = Estimate(float(means.value[place]), float(low[place]), float(high[place]))
                rows.append(
                    {
                        **{"start": start, "label": label, "kind": kind, "factor": factor, "levels": levels},
                        **{"family": model.family, "attribute": model.attribute, "category": model.category},
                        **{"since": first_picture(start), "iteration": chains.last, **estimate.columns()},
                        **{"p_value": p_values[place], "n_pairs": means.n[place], "clusters": means.clusters[place]},
                        **{"method": design.method, "note": join_notes(notes[place], design.note)},
                    }
                )
    return rows


def _has_missing(changes: _Changes, groups: Groups) -> np.ndarray:
    """Return whether answers of a group are missing in any arm, bool (groups,)."""
    is_missing = np.isfinite(changes.lowest).all(1) & np.isnan(changes.complete).any(1)
    return groups.summed(groups.counted(is_missing)) > 0


def _bound_p_values(changes: _Changes, groups: Groups, weights: np.ndarray, scale: float) -> np.ndarray:
    """Test whether an effect is above 0, or below 0, for every completion of missing answers; (groups,)."""
    from scipy.stats import t

    one_sided = []
    for bound, sign in zip(changes.bounds(weights), (1, -1), strict=True):
        means = grouped_means(bound, groups, changes.model.categories, scale)
        with np.errstate(invalid="ignore", divide="ignore"):
            one_sided.append(t.sf(sign * means.value / means.error, np.maximum(means.clusters, 2) - 1))
    return np.asarray(np.minimum(2 * np.minimum(*one_sided), 1))


def _summary_rows(chains: _Chains, shares: Sequence[_Changes], design: Design) -> Iterator[Row]:
    """Yield the rows of each kind of start for all labels and attributes together."""
    by_label = chains.divisions[0]
    for start in dict.fromkeys(start for start, _ in by_label.keys):
        chosen = [place for place, (own, _) in enumerate(by_label.keys) if own == start]
        sizes = [own.model.categories for own in shares]
        drifts = arm_drifts([own.complete for own in shares], sizes, by_label, chosen, _SEED)
        is_own = chains.starts == start
        counted = is_own & np.isfinite(np.stack([own.complete[:, 0] for own in shares], 1)).any(1)
        starts = len(np.unique(_start_numbers(chains)[counted]))
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


def _start_numbers(chains: _Chains) -> np.ndarray:
    together = chains.divisions[1]
    return together.starts[together.cells]


def _missing_note(chains: _Chains, shares: Sequence[_Changes], is_own: np.ndarray) -> str:
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
    chains: _Chains,
    shares: Sequence[_Changes],
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
            note = "" if np.isfinite(estimate.low) else "the arms hardly differ: no interval"
        yield {
            **{"kind": SHARE_OF_DRIFT, "factor": term.factor, "levels": "; ".join(term.levels)},
            **{"p_value": test.p_value, _COMPLETE: test.complete, _SMALLEST: test.smallest},
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


def _joint_test(chains: _Chains, shares: Sequence[_Changes], term: Term, start: str) -> _JointTest:
    """Test all effects of a term on all shares, of each label and of all labels together."""
    columns, of_bounds, starts = [], [], int(_start_numbers(chains).max(initial=-1)) + 1
    has_answers, has_missing = np.zeros(starts, bool), False
    for groups, chosen in _divisions(chains):
        own_groups = [place for place in chosen if groups.keys[place][0] == start]
        for own in shares:
            has_missing |= bool(_has_missing(own, groups)[own_groups].any())
            answered = groups.counted(np.isfinite(own.complete[:, 0]).astype(float)) > 0
            for weights in term.contrasts:
                scale = float((weights**2).sum() / 2)
                of_bounds.append(_bound_p_values(own, groups, weights, scale)[own_groups])
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


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Add adjusted p-values and verdicts. The factors are a family of their own."""
    p_values = table["p_value"].to_numpy(float)
    is_factor, is_effect = (table["kind"].isin(kinds).to_numpy() for kinds in ([SHARE_OF_DRIFT], [EFFECT, MEAN_DRIFT]))
    adjusted = np.full(len(table), np.nan)
    adjusted[is_factor] = holm(p_values[is_factor])
    for kind in (EFFECT, MEAN_DRIFT):
        own = (table["kind"] == kind).to_numpy()
        adjusted[own] = adjusted_together(p_values[own], np.zeros(own.sum()), LEVEL)[0]
    table = table.assign(p_value=p_values, p_adjusted=adjusted, verdict="")
    complete = holm(table.loc[is_factor, _COMPLETE].to_numpy(float))
    least = table.loc[is_factor, _SMALLEST].to_numpy(float) * np.isfinite(p_values[is_factor]).sum()
    rows = table.loc[is_factor, ["value", "ci_low", "p_adjusted", "note"]].astype({"value": float, "ci_low": float})
    judged = [
        _verdict(value, low, p_adjusted, own_complete, own_least, note)
        for (value, low, p_adjusted, note), own_complete, own_least in zip(
            rows.itertuples(index=False), complete, least, strict=True
        )
    ]
    table.loc[is_factor, "verdict"] = [verdict for verdict, _ in judged]
    table.loc[is_factor, "note"] = [note for _, note in judged]
    no_test = is_effect & np.isnan(adjusted)
    table.loc[no_test, "note"] = [join_notes(one, "no test") for one in table.loc[no_test, "note"]]
    return table[list(EFFECTS)]


def _verdict(value: float, low: float, p_adjusted: float, complete: float, least: float, note: str) -> tuple[str, str]:
    """Return the verdict about a factor, and the note.

    Args:
        value: its share of the differences.
        low: lower limit of that share; null if the arms hardly differ, so that a share of it says little.
        p_adjusted: of its test.
        complete: adjusted p-value of the chains with all answers.
        least: the smallest adjusted p-value that so many starts can have.
        note: of the row.
    """
    if np.isnan(p_adjusted):
        return NOT_ENOUGH_DATA, note
    if p_adjusted < BLAME_LEVEL:
        if np.isnan(value):
            return NOT_ENOUGH_DATA, note
        return (MINOR if value < LEAST_SHARE or np.isnan(low) else BLAMED), note
    if least >= BLAME_LEVEL:
        return NOT_ENOUGH_DATA, join_notes(note, "too few starts to show any effect after adjustment for all factors")
    if complete < BLAME_LEVEL:
        return NOT_ENOUGH_DATA, join_notes(note, "missing answers leave the effect open")
    return NOT_BLAMED, note
