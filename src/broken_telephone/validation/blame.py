"""Compares whom the bench blames with what was planted, in arrangements of arms."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.progress import track
from broken_telephone.statistics import Arm, effects_table
from broken_telephone.statistics.estimates.factor_designs import Term, factor_design
from broken_telephone.statistics.estimates.panel import label_groups
from broken_telephone.statistics.outcomes import category_outcomes
from broken_telephone.statistics.tables.effect_verdicts import BLAMED, LEAST_SHARE, MINOR, NOT_BLAMED, SHARE_OF_DRIFT
from broken_telephone.statistics.tables.group_table import Row, join_notes
from broken_telephone.validation.arms import ValidatedArm
from broken_telephone.validation.judged_differences import SAME, Decision, confirmed, decide, of_replicates
from broken_telephone.validation.null_world import NONE

PLANTED, EXCHANGED = "planted", "levels exchanged"
CLEAR = 0.2
"""Planted effects from 20 points on must be blamed. If they are below NONE, the judge decides, see `decide`."""
OPEN = "blamed or not"
BLAME = (
    *("arrangement", "kind", "factor", "planted", "planted_share", "judge", "judge_effect", "judge_share", "judge_p"),
    *("detectable", "changed_starts", "expected", "verdict", "passed", "confirmed"),
    *("value", "ci_low", "ci_high", "p_value", "p_adjusted", "n_pairs", "clusters", "note"),
)


@dataclass(frozen=True)
class Arrangement:
    """Some arms that form a grid of two levels in each factor."""

    name: str
    arms: list[ValidatedArm]
    factors: pd.DataFrame
    """The levels, with a row for each arm and a column for each factor."""


def arrangements(arms: Sequence[ValidatedArm]) -> list[Arrangement]:
    """Return every choice of two levels in each factor; factors with one level are left out.

    Raises:
        StudyError: if no factor has two levels.
    """
    levels = pd.DataFrame([dict(arm.levels) for arm in arms], index=[arm.name for arm in arms])
    varying = [name for name in levels if levels[name].nunique() > 1]
    if not varying:
        raise StudyError("grid.factors: no factor has two levels, so nobody can be blamed for a difference")
    by_levels = {tuple(arm.levels[name] for name in varying): arm for arm in arms}
    choices = [list(itertools.combinations(dict.fromkeys(levels[name]), 2)) for name in varying]
    grids = []
    for pairs in itertools.product(*choices):
        wanted = list(itertools.product(*pairs))
        if all(own in by_levels for own in wanted):
            chosen = [by_levels[own] for own in wanted]
            name = " x ".join(" or ".join(pair) for pair in pairs)
            grids.append(Arrangement(name, chosen, levels.loc[[arm.name for arm in chosen], varying]))
    return grids


def blame_table(arms: Sequence[ValidatedArm], seed: int) -> pd.DataFrame:
    """Find out whom the bench blames, and compare it with what was planted.

    Args:
        arms: of a full grid.
        seed: of the exchange.

    Returns:
        Columns BLAME, a row for each factor and interaction of each arrangement. `kind` PLANTED: the arms as they are;
        EXCHANGED: for each start, the levels of each factor change places at random, so that no factor has an effect.
        `planted`: the largest planted effect of the factor on a share, over labels and categories, 0 to 1.
        `planted_share`: its part of the squared planted differences. `judge` to `changed_starts`: the decision of the
        judge about the factor, see `decide`, which counts if the planted effect is below NONE; null for EXCHANGED.

        `expected`: BLAMED if the planted effect is at least CLEAR and its part at least LEAST_SHARE. NOT_BLAMED if it
        is below NONE and the judge finds no difference, and for EXCHANGED. Otherwise OPEN: a difference that only the
        judge finds may be blamed or not. `verdict` and the other numbers: see `effects_table`. `passed`: whether the
        verdict is the expected one; null if OPEN. A factor that is significant but minor counts as not blamed, and so
        does one of which too little is known: nobody is accused. Where a factor must be blamed, too little knowledge
        fails. `confirmed`: for blamed factors with a planted effect below NONE, whether the judge finds in the other
        replicates what the annotator finds in the first one, see `judged_differences.confirmed`; null with one
        replicate. The blame uses all replicates, so chance differences of the other ones favour a confirmation.
    """
    grids = arrangements(arms)
    rows: list[Row] = []
    for number, one in enumerate(track(grids, "Asking whom to blame", len(grids))):
        rows += _rows(one, PLANTED, one.factors, _outcomes(one), _planted(one))
        rng = np.random.default_rng([seed, number])
        rows += _rows(one, EXCHANGED, one.factors, _exchanged(one, rng), None)
    return pd.DataFrame(rows, columns=list(BLAME)).astype({"passed": "boolean", "confirmed": "boolean"})


def _rows(
    one: Arrangement, kind: str, factors: pd.DataFrame, arms: list[Arm], planted: dict[str, tuple[float, float]] | None
) -> Iterator[Row]:
    effects = effects_table(arms, factors)
    shares = effects[effects["kind"] == SHARE_OF_DRIFT]
    terms = {term.factor: term for term in factor_design(factors).terms}
    for row in shares.itertuples():
        factor = str(row.factor)
        size, share = (0.0, 0.0) if planted is None else planted[factor]
        is_unplanted = planted is not None and size < NONE
        decision = None if planted is None else decide([arm.judged for arm in one.arms], terms[factor])
        expected = _expected(size, share, decision)
        verdict = NOT_BLAMED if row.verdict == MINOR else str(row.verdict)
        passed = None if expected == OPEN else (verdict == BLAMED) == (expected == BLAMED)
        is_confirmed = _confirmed(one, terms[factor]) if is_unplanted and verdict == BLAMED else None
        note = join_notes(str(row.note), "significant, but minor" if row.verdict == MINOR else "")
        numbers = {name: getattr(row, name) for name in ("value", "ci_low", "ci_high", "p_value", "p_adjusted")}
        missing = "" if note or not pd.isna(list(numbers.values())).any() else "no interval or test"
        yield {
            **{"arrangement": one.name, "kind": kind, "factor": factor, "planted": size, "planted_share": share},
            **_judge_columns(decision),
            **{"expected": expected, "verdict": verdict, "passed": passed, "confirmed": is_confirmed, **numbers},
            **{"n_pairs": row.n_pairs, "clusters": row.clusters},
            "note": join_notes(note, missing, _judge_note(decision)),
        }


def _expected(size: float, share: float, decision: Decision | None) -> str:
    if size >= CLEAR and share >= LEAST_SHARE:
        return BLAMED
    if decision is None or (size < NONE and decision.decision == SAME):
        return NOT_BLAMED
    return OPEN


def _judge_columns(decision: Decision | None) -> Row:
    own = decision or Decision("", np.nan, "", np.nan, np.nan, np.nan)
    names = ("judge", "judge_effect", "judge_share", "judge_p", "detectable", "changed_starts")
    return dict(zip(names, own, strict=True))


def _judge_note(decision: Decision | None) -> str:
    if decision is None:
        return "not judged"
    return "too few starts for the judge's test" if pd.isna([decision.effect, decision.detectable]).any() else ""


def _confirmed(one: Arrangement, term: Term) -> bool | None:
    """Tell whether the judge finds in the other replicates what the annotator finds best in the first one."""
    replicates = one.arms[0].chains["replicate"].to_numpy()
    is_first = replicates == replicates.min()
    answered = of_replicates([arm.panels for arm in one.arms], is_first)
    judged = of_replicates([arm.judged for arm in one.arms], ~is_first)
    return confirmed(answered, judged, term)


def _outcomes(one: Arrangement) -> list[Arm]:
    return [
        Arm(arm.name, arm.chains, [outcome for panel in arm.panels.values() for outcome in category_outcomes(panel)])
        for arm in one.arms
    ]


def _exchanged(one: Arrangement, rng: np.random.Generator) -> list[Arm]:
    """Exchange the levels of each factor at random for each start, with all outcomes of its chains."""
    arms = _outcomes(one)
    clusters = next(iter(one.arms[0].panels.values())).clusters
    # The arms stand in the order of their levels, the last factor first, so a bit of the number is a level.
    factors = one.factors.shape[1]
    exchanged = rng.integers(0, 2, (factors, clusters.max() + 1))[:, clusters]
    masks = sum(exchanged[place] << (factors - 1 - place) for place in range(factors))
    chains = np.arange(len(clusters))
    stacked = [np.stack([arm.outcomes[k].values for arm in arms]) for k in range(len(arms[0].outcomes))]
    return [
        arm._replace(
            outcomes=[
                outcome._replace(values=values[number ^ masks, chains])
                for outcome, values in zip(arm.outcomes, stacked, strict=True)
            ]
        )
        for number, arm in enumerate(arms)
    ]


def _planted(one: Arrangement) -> dict[str, tuple[float, float]]:
    """Return factor or interaction -> its largest planted effect on a share, and its part of all differences."""
    expected, weights = [], []
    for attribute, panel in one.arms[0].panels.items():
        for _, label, chosen in label_groups(panel.starts, panel.labels):
            if label not in panel.labels:
                continue
            chances = np.stack([arm.expected[attribute][chosen, arm.last] for arm in one.arms])
            known = ~np.isnan(chances).any((0, 2))
            if known.any():
                expected.append(chances[:, known].mean(1))
                weights.append(np.full(len(panel.categories), chosen.sum()))
    shares, weight = np.concatenate(expected, 1), np.concatenate(weights).astype(float)
    sizes, parts = {}, {}
    for term in factor_design(one.factors).terms:
        # The largest effect on any share, in points, whatever contrast shows it.
        sizes[term.factor] = float(np.abs(term.contrasts @ shares).max())
        parts[term.factor] = float((weight * np.einsum("ac,ab,bc->c", shares, term.form, shares)).sum())
    total = sum(parts.values())
    return {name: (sizes[name], parts[name] / total if total > 1e-12 else 0.0) for name in sizes}
