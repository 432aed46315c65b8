"""Gives planned changes that interim looks judge the answer of the looks as their verdict."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from broken_telephone.reporting.selection import first_match
from broken_telephone.reporting.text.verdicts import ANNOTATOR, FALL, NOT_ENOUGH_DATA, NOT_SIGNIFICANT, RISE, SPAN
from broken_telephone.statistics.tables import interim_looks
from broken_telephone.statistics.tables.findings import AT_LOOKS
from broken_telephone.statistics.tables.planned_table import NOT_SHOWN

_VERDICTS = {
    interim_looks.RISE: (RISE, AT_LOOKS),
    interim_looks.FALL: (FALL, AT_LOOKS),
    interim_looks.SMALL: (NOT_SIGNIFICANT, "planned: the interim looks show that the change is smaller than planned"),
    NOT_SHOWN: (
        NOT_ENOUGH_DATA,
        "planned: the interim looks show neither a change, nor that the change is smaller than planned",
    ),
}


def with_planned_verdicts(changes: pd.DataFrame, planned_changes: pd.DataFrame) -> pd.DataFrame:
    """Return the changes with the answers of the interim looks.

    The other columns of these rows become those of the last look, because a value and its interval belong together.
    Their `shrunken_value` is null.

    Args:
        changes: the shares of the `findings` table.
        planned_changes: the `planned_changes` table; it may be empty.
    """
    is_at_looks = changes["reason"].astype(str) == AT_LOOKS
    if planned_changes.empty or not is_at_looks.any():
        return changes
    rows = changes.to_dict("records")
    own = changes[is_at_looks]
    for place, row in zip(is_at_looks.to_numpy().nonzero()[0], own.itertuples(index=False), strict=True):
        rows[place] |= _of_look(first_match(planned_changes, row, SPAN), row)
    return pd.DataFrame(rows, columns=changes.columns).astype(changes.dtypes.to_dict())


def _of_look(planned: Any, row: Any) -> Mapping[str, Any]:
    """Return the columns that the answer of the looks replaces."""
    if planned is None:
        return {}
    if planned.answer not in _VERDICTS:
        return {} if pd.isna(planned.note) or not planned.note else {"reason": f"planned: {planned.note}"}
    verdict, reason = _VERDICTS[planned.answer]
    value = float(planned.value)
    return {
        **{"verdict": verdict, "reason": reason, "method": ANNOTATOR},
        # The looks choose their tests before the results, so their values need no correction for selection.
        **{"value": value, "shrunken_value": float("nan"), "annotator_value": value},
        **{"before": row.annotator_before, "after": row.annotator_after},
        **{"ci_low": float(planned.ci_low), "ci_high": float(planned.ci_high)},
        **{"n": int(planned.n), "clusters": int(planned.clusters)},
        # The smallest change that an ordinary test detects is not that of the looks.
        "minimum_detectable_change": float("nan"),
    }
