"""Writes sentences about adjusted differences in success between groups, and about their changes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.reporting.text.correction_method import correction_text
from broken_telephone.reporting.text.verdicts import ANNOTATOR, judged_together
from broken_telephone.reporting.text.wording import (
    after_selection,
    counted,
    interval,
    listed,
    points,
    shown_as,
    spoken,
)
from broken_telephone.statistics import success_findings
from broken_telephone.statistics.tables.findings import SUCCESS

_NAMED = 3


def success_difference_sentences(
    differences: pd.DataFrame, changes: pd.DataFrame, findings: pd.DataFrame, level: float
) -> list[str]:
    """Describe differences in success in the last image, their changes since the first, and what checks them.

    Corrected values are described where the correction has an interval; the annotator's value follows them.

    Args:
        differences: the `success_differences` table, with p_adjusted.
        changes: the `success_changes` table, with p_adjusted.
        findings: the `findings` table, which adjusts them for all comparisons of the study; it may be empty.
        level: adjusted p-values below it are significant.
    """
    if differences.empty:
        return []
    sentences = []
    several_starts = differences["start"].nunique() > 1
    for start, rows in differences.groupby(differences["start"].astype(str), sort=False):
        last = rows[rows["iteration"] == rows["iteration"].max()]
        headline = judged_together(success_findings(last.assign(since=last["iteration"])), findings, SUCCESS)
        where = f" of chains from {start}s" if several_starts else ""
        sentences += list(_differences(str(start), where, headline, level))
        if len(changes):
            own = changes[changes["start"].astype(str) == start]
            sentences += list(_changes(str(start), judged_together(success_findings(own), findings, SUCCESS), level))
        sentences += _checks(rows, headline)
    return sentences


def _differences(start: str, where: str, rows: pd.DataFrame, level: float) -> Iterator[str]:
    tested, significant = _by_significance(rows, level)
    if tested.empty:
        notes = {part for note in rows["note"].dropna().astype(str) for part in note.split("; ") if part != "no test"}
        reasons = f": {'; '.join(sorted(notes))}" if notes - {""} else ""
        yield f"Categories cannot be compared in success in the last images of chains from {start}s{reasons}."
        return
    for row in significant.head(_NAMED).itertuples(index=False):
        size = points(abs(row.value))
        yield (
            f"In images of iteration {int(row.iteration)} of chains from {start}s, the success rate for "
            f"{shown_as(str(row.attribute), str(row.category))} is {size} "
            f"{'above' if row.value > 0 else 'below'} that for {shown_as(str(row.attribute), str(row.reference))}, "
            f"adjusted for the label ({interval(row.ci_low, row.ci_high)}"
            f"{after_selection(size, abs(row.value), abs(row.shrunken_value))}{_by_annotator(row)})."
        )
    if len(significant) > _NAMED:
        yield f"The table of differences lists {counted(len(significant) - _NAMED, 'more such difference')}."
    quiet = sorted(set(tested["attribute"].astype(str)) - set(significant["attribute"].astype(str)))
    for attribute in quiet:
        widest = (tested[tested["attribute"].astype(str) == attribute].eval("ci_high - ci_low") / 2).max()
        reference = tested.loc[tested["attribute"].astype(str) == attribute, "reference"].iloc[0]
        yield (
            f"For {spoken(attribute)}, no category of the last image{where} differs significantly in success from the "
            f"reference, {spoken(reference)}; the intervals reach up to {_points(widest)} to either side."
        )


def _changes(start: str, rows: pd.DataFrame, level: float) -> Iterator[str]:
    tested, significant = _by_significance(rows, level)
    for row in significant.head(_NAMED).itertuples(index=False):
        size = points(row.value)
        yield (
            f"In chains from {start}s, the difference in success between "
            f"{shown_as(str(row.attribute), str(row.category))} and {shown_as(str(row.attribute), str(row.reference))} "
            f"changes from {points(row.before)} to {points(row.after)} between image {int(row.since)} and image "
            f"{int(row.iteration)}, by {size} ({interval(row.ci_low, row.ci_high)}"
            f"{after_selection(size, row.value, row.shrunken_value)}{_by_annotator(row)})."
        )
    if len(significant) > _NAMED:
        yield f"The table of changes in success lists {counted(len(significant) - _NAMED, 'more such change')}."
    if len(tested) and significant.empty:
        names = sorted(spoken(name) for name in set(tested["attribute"].astype(str)))
        yield (
            f"No difference in success by {listed(names, len(names))} changes significantly from the first image of "
            f"chains from {start}s to the last."
        )


def _by_significance(rows: pd.DataFrame, level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tested rows and the significant ones, the smallest p-values first."""
    tested = rows[rows["p_adjusted"].notna()].sort_values("p_adjusted", kind="stable")
    return tested, tested[tested["p_adjusted"] < level]


def _by_annotator(row) -> str:  # type: ignore[no-untyped-def]
    """Name what corrects a value, and the value by the annotator's categories."""
    if str(row.method) == ANNOTATOR:
        return ", by the annotator's categories"
    by_annotator = f"by the annotator {points(row.annotator_value)}"
    return f", {correction_text(str(row.method), int(row.n_checked))}; {by_annotator}"


def _checks(rows: pd.DataFrame, headline: pd.DataFrame) -> Iterator[str]:
    """Name the attributes whose categories nothing checks, and those with too few checked images for a correction."""
    methods = rows["method"].astype(str)
    rated = set(rows.loc[methods != ANNOTATOR, "attribute"].astype(str))
    uncorrected = headline[(headline["method"].astype(str) == ANNOTATOR) & headline["value"].notna()]
    names = set(uncorrected["attribute"].astype(str))
    if unchecked := sorted(spoken(name) for name in names - rated):
        yield (
            f"Nothing checks the annotator's categories of {listed(unchecked, len(unchecked))} in these comparisons. "
            "An annotator that errs more often for one group, or in drawn images, would change them."
        )
    if few := sorted(spoken(name) for name in names & rated):
        names_of_few = listed(few, len(few))
        yield f"For some categories of {names_of_few}, too few images are checked to correct these comparisons."


def _points(size: float) -> str:
    return points(float(np.abs(size)))
