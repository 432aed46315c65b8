"""Effects of factors, such as generator and describer, on the drift of the arms."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.estimates.arm_drifts import (
    ArmDrifts,
    arm_drifts,
    drift_left,
    quadratic,
    ratio_interval,
)
from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.contrast import means_with_tests
from broken_telephone.statistics.estimates.crossed_panels import CROSS
from broken_telephone.statistics.estimates.factor_designs import FACTORIAL, Design, Term, factor_design, whole_factor
from broken_telephone.statistics.estimates.grouped_means import Groups, label_and_all_groups
from broken_telephone.statistics.estimates.panel import ALL, first_picture, start_keys
from broken_telephone.statistics.estimates.selective_intervals import intervals_at
from broken_telephone.statistics.hypothesis_tests.joint_sign_test import joint_sign_test
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together, holm
from broken_telephone.statistics.outcomes import SHARES, SUCCESS, Arm, Outcome
from broken_telephone.statistics.tables.findings import LEVEL
from broken_telephone.statistics.tables.group_table import Map, Row, join_notes
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


def effects_table(
    arms: Sequence[Arm],
    factors: pd.DataFrame,
    each: Map = map,
    families: Sequence[str] = (SHARES, SUCCESS),
    reference: str | None = None,
) -> pd.DataFrame:
    """Split the drift of the arms, from first to last image, into the effects of factors.

    Only chains that all arms have are used, so that every effect is a difference within chains.

    Args:
        arms: studies with common chains.
        factors: index: names of arms; columns: factors; values: names of levels.
        each: calls a function for each outcome, see `group_table.Map`.
        families: of the outcomes whose effects are listed. Blame and shares of the differences concern SHARES only.
        reference: name of the arm whose levels the others are compared with; the first one of `factors` if it is None.

    Returns:
        Columns EFFECTS, with 95 % intervals. By `kind`:

        - EFFECT: see `factor_design`. value: -1 to 1 for a main effect. p_value as in `paired_contrast`; p_adjusted
          over all rows of this kind (Benjamini and Hochberg).
        - MEAN_DRIFT: the mean drift of all arms, tested likewise.
        - SHARE_OF_DRIFT: a row for each factor and kind of start. value: its share of the squared differences between
          the arms' drifts, summed over categories and averaged over labels by their chains, without sampling noise; the
          shares sum to 1. p_value: `joint_sign_test` of the factor's effects on all shares; p_adjusted over the factors
          of all kinds of start (Holm). verdict: BLAMED if it is below BLAME_LEVEL, or MINOR if the share is
          below LEAST_SHARE, too. The probability that any factor without an effect is blamed is at most BLAME_LEVEL.
        - DRIFT_REMOVED: for full grids, 1 less the ratio of two root mean squares of the drift: that of the arms with a
          level, and that of the arms with the reference's level of the factor; at most 1. No test.

    Raises:
        StudyError: if an arm is missing, if the arms share no chain, or if effects are not identified.
    """
    by_name = {arm.name: arm for arm in arms}
    factors = _reference_first(factors, reference)
    if missing := [str(name) for name in factors.index if str(name) not in by_name]:
        raise StudyError(f"comparison.factors: {missing[0]} is none of the arms ({', '.join(by_name)})")
    design = factor_design(factors)
    chains = _common_chains([by_name[str(name)] for name in factors.index])
    models = _shared_outcomes(chains.arms, families)
    changes = [_changes(chains, model) for model in models]
    tasks = [(chains, model, own, design) for model, own in zip(models, changes, strict=True)]
    rows = [row for rows in each(_effect_rows, tasks) for row in rows]
    is_share = [model.family == SHARES for model in models]
    shares = [(model, own) for model, own, use in zip(models, changes, is_share, strict=True) if use]
    if shares:
        rows += _summary_rows(chains, shares, design)
    table = pd.DataFrame(rows, columns=list(EFFECTS))
    return _adjusted(table).astype(dict.fromkeys(("since", "iteration", "n_pairs", "clusters"), "Int64"))


def _reference_first(factors: pd.DataFrame, reference: str | None) -> pd.DataFrame:
    gaps = factors.isna()
    if gaps.any(axis=None):
        arm = gaps.any(axis=1).idxmax()
        raise StudyError(f"comparison.factors: the arm {arm} has no {gaps.loc[arm].idxmax()}; give it a level")
    if reference is None:
        return factors
    names = factors.index.astype(str)
    if reference not in names:
        raise StudyError(f"comparison.factors: the reference {reference} has no levels; add a line for it")
    return pd.concat([factors[names == reference], factors[names != reference]])


def _common_chains(arms: list[Arm]) -> _Chains:
    rows, first = pair_rows(arms), arms[0]
    own = first.chains.iloc[rows[0]]
    kinds, labels = (own[name].astype(str).to_numpy(dtype=object) for name in ("start", "label"))
    starts = pd.factorize(start_keys(own))[0]
    last = min(outcome.values.shape[1] for arm in arms for outcome in arm.outcomes) - 1
    return _Chains(arms, rows, kinds, label_and_all_groups(kinds, labels, starts), last)


def _shared_outcomes(arms: list[Arm], families: Sequence[str]) -> list[Outcome]:
    keys = [{one[:3] for one in arm.outcomes} for arm in arms]
    return [
        one
        for one in arms[0].outcomes
        if one.family in families and one.on_first and all(one[:3] in own for own in keys)
    ]


def _changes(chains: _Chains, model: Outcome) -> np.ndarray:
    """Return the change of each chain in each arm since the first image, (n, A); null for chains that an arm lacks."""
    columns = []
    first = np.where(chains.starts == "image", first_picture("image"), first_picture("prompt"))[:, None]
    for arm, rows in zip(chains.arms, chains.rows, strict=True):
        values = next(one for one in arm.outcomes if one[:3] == model[:3]).values[rows]
        change = values[:, chains.last] - np.take_along_axis(values, first, 1)[:, 0]
        columns.append(np.where(first[:, 0] < chains.last, change, np.nan))
    joined = np.stack(columns, 1)
    joined[np.isnan(joined).any(1)] = np.nan
    return joined


def _divisions(chains: _Chains) -> Iterator[tuple[Groups, list[int]]]:
    """Yield groups by label, then all labels together for kinds of start with several labels."""
    by_label, together = chains.divisions
    yield by_label, list(range(len(by_label.keys)))
    starts = [start for start, _ in by_label.keys]
    several = [place for place, (start, _) in enumerate(together.keys) if starts.count(start) > 1]
    if several:
        yield together, several


def _effect_rows(task: tuple[_Chains, Outcome, np.ndarray, Design]) -> list[Row]:
    chains, model, changes, design = task
    mean = np.full(changes.shape[1], 1 / changes.shape[1])
    asked = [(MEAN_DRIFT, MEAN, "", mean)]
    for term in design.terms:
        asked += [
            (EFFECT, term.factor, levels, weights) for levels, weights in zip(term.levels, term.contrasts, strict=True)
        ]
    rows = []
    for groups, chosen in _divisions(chains):
        for kind, factor, levels, weights in asked:
            # All arms share the first image, so the mean drift is as uncertain as that of one arm.
            scale = 1.0 if kind == MEAN_DRIFT else float((weights**2).sum() / 2)
            numbers = changes @ weights
            means, p_values, _, notes = means_with_tests(
                numbers, groups, model.categories, whole_factor(weights), scale
            )
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


def _summary_rows(chains: _Chains, shares: Sequence[tuple[Outcome, np.ndarray]], design: Design) -> Iterator[Row]:
    """Yield the rows of each kind of start for all labels and attributes together."""
    by_label = chains.divisions[0]
    for start in dict.fromkeys(start for start, _ in by_label.keys):
        chosen = [place for place, (own, _) in enumerate(by_label.keys) if own == start]
        sizes = [model.categories for model, _ in shares]
        drifts = arm_drifts([own for _, own in shares], sizes, by_label, chosen, _SEED)
        is_own = chains.starts == start
        counted = is_own & np.isfinite(np.stack([own[:, 0] for _, own in shares], 1)).any(1)
        starts = len(np.unique(_start_numbers(chains)[counted]))
        shared = {
            **{"start": start, "family": SHARES, "label": ALL, "attribute": ALL, "category": ALL},
            **{"since": first_picture(start), "iteration": chains.last, "n_pairs": int(counted.sum())},
            **{"clusters": starts, "method": design.method},
        }
        for row in _shares_of_differences(chains, shares, design, drifts, start):
            yield shared | row | {"note": join_notes(row["note"], design.note)}
        if design.method == FACTORIAL:
            yield from (shared | row for row in _removed_rows(design, drifts))


def _start_numbers(chains: _Chains) -> np.ndarray:
    together = chains.divisions[1]
    return together.starts[together.cells]


def _shares_of_differences(
    chains: _Chains,
    shares: Sequence[tuple[Outcome, np.ndarray]],
    design: Design,
    drifts: ArmDrifts,
    start: str,
) -> Iterator[Row]:
    parts = [quadratic(drifts, term.form) for term in design.terms]
    values, draws = np.array([part.value for part in parts]), np.stack([part.draws for part in parts])
    if design.method == FACTORIAL:
        # Sums of squares are not negative; their estimates without noise may be.
        values, draws = np.maximum(values, 0), np.maximum(draws, 0)
    bounds = (0.0, 1.0) if design.method == FACTORIAL else (-np.inf, np.inf)
    total, totals = values.sum(), draws.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(totals > 0, draws / totals, np.nan)
    for place, term in enumerate(design.terms):
        p_value = _joint_p_value(chains, shares, term, start)
        estimate, note = Estimate(), "the arms do not differ by more than sampling noise: no share"
        if total > 0:
            estimate = ratio_interval(float(values[place] / total), ratios[place], bounds)
            note = "" if np.isfinite(estimate.low) else "the arms hardly differ: no interval"
        yield {
            **{"kind": SHARE_OF_DRIFT, "factor": term.factor, "levels": "; ".join(term.levels), "p_value": p_value},
            **estimate.columns(),
            "note": join_notes(note, "no test" if np.isnan(p_value) else ""),
        }


def _joint_p_value(chains: _Chains, shares: Sequence[tuple[Outcome, np.ndarray]], term: Term, start: str) -> float:
    """Test all effects of a term on all shares, of each label and of all labels together."""
    columns, starts = [], int(_start_numbers(chains).max(initial=-1)) + 1
    for groups, chosen in _divisions(chains):
        own_groups = [place for place in chosen if groups.keys[place][0] == start]
        for _, changes in shares:
            for weights in term.contrasts:
                sums = groups.counted(np.nan_to_num(changes @ weights))
                for place in own_groups:
                    cells = groups.of_group(place)
                    column = np.zeros(starts)
                    column[groups.starts[cells]] = sums[cells]
                    columns.append(column)
    return joint_sign_test(np.stack(columns, 1), _SEED) if columns else np.nan


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
    """Add adjusted p-values and verdicts. Blame is a family of its own."""
    table = table.astype({"p_value": float})
    is_blame = (table["kind"] == SHARE_OF_DRIFT).to_numpy()
    is_effect = table["kind"].isin([EFFECT, MEAN_DRIFT]).to_numpy()
    adjusted = np.full(len(table), np.nan)
    adjusted[is_blame] = holm(table["p_value"].to_numpy()[is_blame])
    for kind in (EFFECT, MEAN_DRIFT):
        own = (table["kind"] == kind).to_numpy()
        p_values = table["p_value"].to_numpy()[own]
        adjusted[own] = adjusted_together(p_values, np.zeros(len(p_values)), LEVEL)[0]
    is_small = (table["value"].to_numpy(float) < LEAST_SHARE) & is_blame
    verdicts = np.where(adjusted < BLAME_LEVEL, np.where(is_small, MINOR, BLAMED), NOT_BLAMED)
    return table.assign(p_adjusted=adjusted, verdict=np.where(is_blame, verdicts, "")).assign(
        note=np.where(
            is_effect & np.isnan(adjusted), [join_notes(one, "no test") for one in table["note"]], table["note"]
        )
    )
