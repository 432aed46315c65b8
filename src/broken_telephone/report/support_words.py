"""Where words come from, in sentences: label by label, and what differs between groups."""

import pandas as pd

from broken_telephone.measures import ALL
from broken_telephone.report.style import spoken
from broken_telephone.report.verdicts import LEVEL
from broken_telephone.report.wording import capital, listed

_PAIRS = {
    "gender": ("women", "men"),
    "answer": ("right answers", "wrong answers"),
    "iteration": ("the last pictures", "the first ones"),
}
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
    kinds = said["kind"].astype(str).unique()
    found = []
    for kind in kinds:
        lead = f"Pictures of {kind}: " if len(kinds) > 1 else ""
        found += [
            f"{lead}{sentence}" for sentence in said.loc[said["kind"].astype(str) == kind, "sentence"].astype(str)
        ]
        mine = tests[(tests["kind"].astype(str) == kind) & (tests["measure"].astype(str) == "density")]
        found += [capital(f"{lead}{sentence}") for sentence in _compared(mine, level)]
    return found


def _compared(tests: pd.DataFrame, level: float) -> list[str]:
    found = []
    for attribute, (one, other) in _PAIRS.items():
        rows = tests[tests["attribute"].astype(str) == attribute]
        if rows.empty:
            found.append(f"{one} and {other} cannot be compared: there are too few starts of one of them.")
            continue
        shown = rows[rows["p_adjusted"].astype(float) < level]
        if shown.empty:
            found.append(f"no difference of density is shown between {one} and {other}.")
            continue
        parts = [
            f"{row.region} for {'all labels together' if row.label == ALL else spoken(str(row.label))} "
            f"({row.value:+.2f}, {row.ci_low:+.2f} to {row.ci_high:+.2f})"
            for row in shown.assign(size=shown["value"].abs()).sort_values("size", ascending=False).itertuples()
        ]
        found.append(f"density differs between {one} and {other} (the first less the second): {listed(parts, _NAMED)}.")
    return found
