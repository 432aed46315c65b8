"""Studies without drift: how many of them claim any."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics import (
    Panel,
    Resampling,
    corrected_drift_table,
    drift_table,
    findings_table,
    power_table,
    share_bounds_table,
)
from broken_telephone.statistics.tables.findings import FALL, RISE
from broken_telephone.statistics.tables.group_table import Row
from broken_telephone.validation.arms import ValidatedArm
from broken_telephone.validation.judge_ratings import judge_ratings

AS_MEASURED, CORRECTED, EXCHANGED = "the arm as measured", "the arm with ratings", "images exchanged"
NULL_WORLD = ("arm", "kind", "n", "count", "value", "ci_low", "ci_high", "note")
NONE = 0.05
"""Planted changes below 5 points count as none."""
_NAMED = 3
_FEW = 200
"""Bootstrap samples. The intervals of the claims do not matter here, and tests permute at least as often."""


def null_table(arms: Sequence[ValidatedArm], studies: int, rated_per_cell: int, seed: int) -> pd.DataFrame:
    """Count the claims of arms without planted drift: no share should change by NONE or more.

    Exchanging first and last image of random starts removes any drift, and keeps answers, errors, clusters and missing
    answers. Each exchanged study is judged as the report does: all shares together, see `findings_table`.

    Args:
        arms: of which those without planted drift count.
        studies: exchanged studies for each arm.
        rated_per_cell: see `judge_ratings`.
        seed: of the exchange and of the samples.

    Returns:
        Columns NULL_WORLD. `n` studies of which `count` claim a change of any share, `value` their share with a 95 %
        interval (Clopper and Pearson). The rows AS_MEASURED and CORRECTED are about one study each, the arm itself; its
        note names the claims. Its generator may be less even than its world, so these claims need not be false.
    """
    null_arms = [arm for arm in arms if arm.planted_drift < NONE]
    rows = [row for arm in null_arms for row in _rows(arm, studies, rated_per_cell, seed)]
    return pd.DataFrame(rows, columns=list(NULL_WORLD))


def _rows(arm: ValidatedArm, studies: int, rated_per_cell: int, seed: int) -> Iterator[Row]:
    ratings = judge_ratings(arm, arm.annotations, rated_per_cell, seed)
    corrections = corrected_drift_table([*arm.panels.values()], ratings)
    for kind, corrected in ((AS_MEASURED, None), (CORRECTED, corrections)):
        claims = _claims(arm.panels, arm.last, corrected, seed)
        names = [f"{row.label}: {row.category} {row.verdict}" for row in claims.head(_NAMED).itertuples()]
        more = f" and {len(claims) - _NAMED} more" if len(claims) > _NAMED else ""
        yield _row(arm, kind, 1, int(len(claims) > 0), f"{', '.join(names)}{more}")
    rng = np.random.default_rng(seed)
    numbers = track(range(studies), f"Studies without drift, {arm.name}", studies)
    claiming = sum(len(_claims(_exchanged(arm.panels, rng), arm.last, None, seed)) > 0 for _ in numbers)
    yield _row(arm, EXCHANGED, studies, claiming, "")


def _row(arm: ValidatedArm, kind: str, n: int, count: int, note: str) -> Row:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, method="beta")
    return {
        "arm": arm.name,
        "kind": kind,
        "n": n,
        "count": count,
        "value": count / n,
        "ci_low": low,
        "ci_high": high,
    } | {"note": note}


def _exchanged(panels: Mapping[str, Panel], rng: np.random.Generator) -> dict[str, Panel]:
    """Exchange the first and the last image of each start with a probability of one half, in all attributes alike."""
    clusters = next(iter(panels.values())).clusters
    is_exchanged = rng.random(clusters.max() + 1)[clusters] < 0.5
    exchanged = {}
    for name, panel in panels.items():
        codes = panel.codes.copy()
        codes[is_exchanged] = codes[is_exchanged][:, ::-1]
        exchanged[name] = replace(panel, codes=codes)
    return exchanged


def _claims(panels: Mapping[str, Panel], last: int, corrected: pd.DataFrame | None, seed: int) -> pd.DataFrame:
    """Return the findings that claim a change."""
    own = [*panels.values()]
    drift = drift_table(own, [(None, last)], Resampling(_FEW, seed), shares_only=True)
    findings = findings_table(drift, power_table(own), corrected_drift=corrected, share_bounds=share_bounds_table(own))
    return findings[findings["verdict"].isin([RISE, FALL])]
