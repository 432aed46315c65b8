"""Brings the success table and the findings of the study together."""

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.verdicts import CELL, FALL, RISE, of_family
from broken_telephone.statistics.tables.findings import SUCCESS


def with_findings(success: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return the success table with the odds ratios, intervals and adjusted p-values of the `findings` table.

    The findings are adjusted for all comparisons of the study. An odds ratio that is not claimed there counts as not
    significant, with an adjusted p-value of 1. Without findings the table is returned as it is.
    """
    judged = of_family(findings, SUCCESS)
    if success.empty or judged.empty:
        return success
    keys = [*CELL, "iteration"]
    own = success.astype(dict.fromkeys(CELL, object) | dict.fromkeys(("value", "ci_low", "ci_high"), float))
    own = own.reset_index(drop=True)
    columns = ["shrunken_value", "ci_low", "ci_high", "p_adjusted", "verdict"]
    matched = own[keys].merge(judged[[*keys, *columns]].drop_duplicates(keys), on=keys, how="left")
    is_judged = (own["kind"] == "odds ratio") & matched["verdict"].notna()
    for name, column in (("value", "shrunken_value"), ("ci_low", "ci_low"), ("ci_high", "ci_high")):
        own.loc[is_judged, name] = np.exp(matched.loc[is_judged, column].astype(float))
    adjusted = matched["p_adjusted"].where(matched["verdict"].isin([RISE, FALL]), 1.0).astype(float)
    return own.assign(p_adjusted=adjusted.where(is_judged, own["p_adjusted"].astype(float)))
