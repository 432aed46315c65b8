"""The study in plain sentences, for readers who are no statisticians: only what tests and power allow to be said."""

from collections.abc import Mapping

import pandas as pd

from broken_telephone.reporting.text.annotator_error import correction_sentences, trust_sentences
from broken_telephone.reporting.text.changes import change_sentences, findings
from broken_telephone.reporting.text.limits import power_sentences
from broken_telephone.reporting.text.outlook import heading_sentences, settled_sentences
from broken_telephone.reporting.text.region_support import support_words
from broken_telephone.reporting.text.success import success_sentences
from broken_telephone.reporting.text.verdicts import LEVEL, verdicts
from broken_telephone.reporting.text.wording import capital
from broken_telephone.statistics import ALL
from broken_telephone.statistics.tables.shares_table import DATASET

MOST = 6
"""Changes that are told one by one."""
_CHANGED, _TRUSTED = "What changed", "What the annotator can be trusted with"
_NAMED = "Is the label still named, and of everybody alike?"
_FROM = "Which part of the picture words come from"


def summary(tables: Mapping[str, pd.DataFrame], level: float = LEVEL, most: int = MOST) -> dict[str, list[str]]:
    """Return topic -> sentences, the most telling first.

    A share rose or fell, no change of it is shown, or it cannot be told: nothing else is said of any.

    Args:
        tables: by name (shares, drift, decomposition, trajectories, power, corrected_shares, agreement_sentences,
            success, support_sentences, support_tests); what is missing is taken to be empty.
        level: adjusted p-values below it count.
        most: how many changes to tell one by one.
    """
    drift, shares, power, trajectories, decomposition, corrected, agreement = (
        tables.get(name, pd.DataFrame())
        for name in (
            "drift",
            "shares",
            "power",
            "trajectories",
            "decomposition",
            "corrected_shares",
            "agreement_sentences",
        )
    )
    changes = verdicts(drift, power, shares, level)
    missing = _missing(shares, decomposition)
    trust = [*trust_sentences(agreement, shares), *correction_sentences(corrected)]
    words = support_words(tables.get("support_sentences", pd.DataFrame()), tables.get("support_tests", pd.DataFrame()))
    named = success_sentences(tables.get("success", pd.DataFrame()), level)
    explained = ({_NAMED: named} if named else {}) | ({_FROM: words} if words else {})
    if nothing := _nothing(changes, shares):
        return {_CHANGED: [nothing, *missing], _TRUSTED: trust, **explained}
    heading = heading_sentences(findings(changes), trajectories, shares)
    return {
        _CHANGED: [*change_sentences(changes, decomposition, most), *missing],
        "What could not be told": power_sentences(changes, power),
        "Has it settled, and where is it heading?": [*settled_sentences(trajectories, changes), *map(capital, heading)],
        _TRUSTED: trust,
        **explained,
    }


def _nothing(changes: pd.DataFrame, shares: pd.DataFrame) -> str:
    """Say why nothing can be compared, if so."""
    if len(changes) and changes["value"].notna().any():
        return ""
    if shares.empty or not shares.loc[shares["annotator"].astype(str) != DATASET, "n"].sum():
        return "No picture has a valid answer of the annotator, so nothing can be compared: drift cannot be told."
    if len(changes):
        return "No chain has a valid answer both in its first picture and in its last: drift cannot be told."
    return "No chain has two pictures that could be compared: drift cannot be told."


def _missing(shares: pd.DataFrame, decomposition: pd.DataFrame) -> list[str]:
    """Say what else there is nothing to compare with."""
    said = []
    labels = set(shares["label"].astype(str)) - {ALL} if len(shares) else set()
    if len(labels) == 1:
        said.append(f"All chains have one label, {labels.pop()}: there is no other to compare it with.")
    if decomposition.empty or not decomposition["value"].notna().any():
        said.append(
            "The data set's labels of the originals are not there, or mean something else than the annotator's: what "
            "the published comparison would show, and how much of that is the annotator's own error, cannot be told."
        )
    return said
