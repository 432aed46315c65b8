"""Effects of factors, such as generator and describer, on the drift of the arms."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE, Estimate
from broken_telephone.statistics.estimates.contrast import means_with_tests
from broken_telephone.statistics.estimates.factor_designs import Design, factor_design, whole_factor
from broken_telephone.statistics.estimates.panel import first_picture
from broken_telephone.statistics.estimates.selective_intervals import intervals_at
from broken_telephone.statistics.outcomes import Arm
from broken_telephone.statistics.tables.effect_changes import (
    CommonChains,
    ShareChanges,
    bound_p_values,
    common_chains,
    divisions,
    has_missing_answers,
    share_changes,
    shared_outcomes,
)
from broken_telephone.statistics.tables.effect_shares import summary_rows
from broken_telephone.statistics.tables.effect_verdicts import (
    COMPLETE,
    EFFECT,
    EFFECTS,
    MEAN,
    MEAN_DRIFT,
    SMALLEST,
    with_verdicts,
)
from broken_telephone.statistics.tables.group_table import Map, Row, join_notes


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
    chains = common_chains([by_name[str(name)] for name in factors.index])
    shares = [share_changes(chains, model) for model in shared_outcomes(chains.arms)]
    tasks = [(chains, own, design) for own in shares]
    rows = [row for rows in each(_effect_rows, tasks) for row in rows]
    if shares:
        rows += summary_rows(chains, shares, design)
    table = pd.DataFrame(rows, columns=[*EFFECTS, COMPLETE, SMALLEST])
    return with_verdicts(table).astype(dict.fromkeys(("since", "iteration", "n_pairs", "clusters"), "Int64"))


def _refuse_gaps(factors: pd.DataFrame) -> None:
    gaps = factors.isna()
    if gaps.any(axis=None):
        arm = gaps.any(axis=1).idxmax()
        raise StudyError(f"comparison.factors: the arm {arm} has no {gaps.loc[arm].idxmax()}; give it a level")


def _effect_rows(task: tuple[CommonChains, ShareChanges, Design]) -> list[Row]:
    chains, changes, design = task
    model, arms = changes.model, len(chains.arms)
    asked = [(MEAN_DRIFT, MEAN, "", np.full(arms, 1 / arms))]
    for term in design.terms:
        asked += [
            (EFFECT, term.factor, levels, weights) for levels, weights in zip(term.levels, term.contrasts, strict=True)
        ]
    rows = []
    for groups, chosen in divisions(chains):
        has_missing = has_missing_answers(changes, groups)
        for kind, factor, levels, weights in asked:
            # All arms share the first image, so the mean drift is as uncertain as that of one arm.
            scale = 1.0 if kind == MEAN_DRIFT else float((weights**2).sum() / 2)
            numbers = changes.complete @ weights
            means, p_values, _, notes = means_with_tests(
                numbers, groups, model.categories, whole_factor(weights), scale
            )
            if kind == EFFECT:
                # Missing answers of the first image do not cancel in a mean drift, which no verdict rests on.
                of_bounds = bound_p_values(changes, groups, weights, scale)
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
