"""Where words come from, in sentences: label by label, and what differs between groups."""

import pandas as pd

from broken_telephone.explainability.maps.attribution_scores import OTHER_SIZES, SPOKEN
from broken_telephone.reporting.figures.style import spoken
from broken_telephone.reporting.text.verdicts import LEVEL
from broken_telephone.reporting.text.wording import capital, listed
from broken_telephone.statistics import ALL

_NAMED = 6


def support_words(said: pd.DataFrame, tests: pd.DataFrame, level: float = LEVEL) -> list[str]:
    """Say which region each label's words come from, then where density differs between groups.

    Args:
        said: a sentence a label, as `explain.trust.sentences` returns them.
        tests: as `explain.support.support_tests` returns them, with p_adjusted.
        level: adjusted p-values below it count.
    """
    if said.empty:
        return []
    kinds = [kind for kind in said["kind"].astype(str).unique() if kind != OTHER_SIZES]
    found = []
    for kind in kinds:
        lead = f"Pictures of {kind}: " if len(kinds) > 1 else ""
        found += [
            f"{lead}{sentence}" for sentence in said.loc[said["kind"].astype(str) == kind, "sentence"].astype(str)
        ]
        mine = tests[(tests["kind"].astype(str) == kind) & (tests["measure"].astype(str) == "density")]
        found += [capital(f"{lead}{sentence}") for sentence in _compared(mine, level)]
    return [*found, *said.loc[said["kind"].astype(str) == OTHER_SIZES, "sentence"].astype(str)]


def _compared(tests: pd.DataFrame, level: float) -> list[str]:
    found = []
    for attribute, (one, other) in SPOKEN.items():
        rows = tests[tests["attribute"].astype(str) == attribute]
        if not rows["value"].notna().any():
            reasons = [*rows["note"].astype(str), "neither was measured"]
            found.append(f"{one} and {other} cannot be compared: {reasons[0]}.")
            continue
        shown = rows[rows["p_adjusted"].astype(float) < level]
        if shown.empty:
            found.append(f"no difference of density is shown between {one} and {other}.")
            continue
        parts = [
            f"{row.region} for {'all labels together' if row.label == ALL else spoken(str(row.label))}"
            f"{_where(row.iteration)} ({row.value:+.2f}, {row.ci_low:+.2f} to {row.ci_high:+.2f})"
            for row in shown.assign(size=shown["value"].abs()).sort_values("size", ascending=False).itertuples()
        ]
        found.append(f"density differs between {one} and {other} (the first less the second): {listed(parts, _NAMED)}.")
    return found


def _where(iteration: object) -> str:
    return "" if pd.isna(iteration) else f" in iteration {int(str(iteration))}"
