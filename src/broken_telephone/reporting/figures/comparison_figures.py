"""Plans all figures of a comparison."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from broken_telephone.reporting.figures.arm_changes import arm_changes_figure, changes_of_arms
from broken_telephone.reporting.figures.claimed_contrasts import claimed_contrasts, claimed_contrasts_figure
from broken_telephone.reporting.figures.contrasts import contrasts_figure
from broken_telephone.reporting.figures.effects import effects_figure, factor_shares
from broken_telephone.reporting.figures.similarity_contrasts import similarity_contrasts, similarity_contrasts_figure
from broken_telephone.reporting.fonts import drawable_table
from broken_telephone.reporting.text.captions import SUFFIXES
from broken_telephone.reporting.text.contrast_names import judged
from broken_telephone.statistics.outcomes import MENTIONS, MISSING_ANSWERS, SHARES, SUCCESS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MATRICES = {"shares": (SHARES,), "success, mentions and missing answers": (SUCCESS, MENTIONS, MISSING_ANSWERS)}
"""Name of a matrix -> the families of its rows."""


def comparison_figures(contrasts: pd.DataFrame, effects: pd.DataFrame) -> "dict[str, Callable[[], Figure]]":
    """Plan a figure for everything that there is to draw.

    Args:
        contrasts: the `contrasts` table.
        effects: the `effects` table.

    Returns:
        Name -> function that draws the figure: `arms_<attribute>`, `claims_<arm>`,
        `contrasts_<arm>, <families>`, `similarities_<arm>` and `effects`; figures of chains from prompts end in
        `_prompt`.
    """
    plans: dict[str, Callable[[], Figure]] = {}
    contrasts = drawable_table(contrasts)
    arms = list(dict.fromkeys(contrasts["arm"].astype(str)))
    for start, suffix in SUFFIXES.items():
        for attribute in dict.fromkeys(changes_of_arms(contrasts, start)["attribute"].astype(str)):
            plans[f"arms_{attribute}{suffix}"] = partial(arm_changes_figure, contrasts, attribute, start)
        for arm in arms:
            own = judged(contrasts, arm=arm, start=start)
            if len(claimed_contrasts(contrasts, arm, start)):
                plans[f"claims_{arm}{suffix}"] = partial(claimed_contrasts_figure, contrasts, arm, start)
            for name, families in _MATRICES.items():
                if own.loc[own["family"].isin(families), "value"].notna().any():
                    plans[f"contrasts_{arm}, {name}{suffix}"] = partial(
                        contrasts_figure, contrasts, arm, families, start
                    )
            if len(similarity_contrasts(contrasts, arm, start)):
                plans[f"similarities_{arm}{suffix}"] = partial(similarity_contrasts_figure, contrasts, arm, start)
        if len(factor_shares(effects, start)):
            plans[f"effects{suffix}"] = partial(effects_figure, drawable_table(effects), start)
    return plans
