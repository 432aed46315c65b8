"""Judges every comparison of a study together: a claim needs a test that is adjusted for all of them.

Where ratings correct the annotator's drift, the corrected change is judged. Only the power at the adjusted level
separates "no significant change" from "not enough data to tell".
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.selective_intervals import (
    adaptive_estimates,
    conditional_estimates,
    detectable_changes,
    intervals_at,
    margins,
    standard_errors,
)
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together, holm_together
from broken_telephone.statistics.hypothesis_tests.power import detectable_shift, least_changes
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.correction_order import has_interval
from broken_telephone.statistics.tables.group_table import ANNOTATOR, CELL, SPAN, join_notes
from broken_telephone.statistics.tables.missing_verdicts import (
    NOT_ENOUGH_DATA,
    is_left_open,
    missing_numbers,
    refused_claim,
    with_bounds,
)
from broken_telephone.statistics.tables.shares_table import DATASET

RISE, FALL = "rise", "fall"
NOT_SIGNIFICANT = "no significant change"
LEVEL = 0.05
"""Adjusted p-values below it are significant. It is also the false coverage rate of the intervals of claims."""
SHARES, INTERSECTIONS, SUCCESS, MISSING_ANSWERS = "shares", "intersections", "success", "missing answers"
"""Families of comparisons."""
TOO_FEW_STARTS = "too few independent starts"
"""Beginning of the reason of NOT_ENOUGH_DATA if more starts could decide a comparison."""
FINDINGS = (
    *("family", *CELL, "since", "iteration", "verdict", "reason", "method"),
    *("value", "shrunken_value", "ci_low", "ci_high", "p_value", "p_adjusted", "is_planned"),
    *("annotator_value", "annotator_before", "annotator_after", "minimum_detectable_change"),
    *("before", "after", "n", "n_checked", "clusters"),
    *("missing_before", "missing_after", "change_low", "change_high", "note"),
)
AT_LOOKS = "planned: the interim looks judge it"
"""Reason of a planned change that has no verdict here; the `planned_changes` table has its answer."""
_BOUNDS = ["missing_before", "missing_after", "change_low", "change_high"]
_OF_BOUNDS = [*_BOUNDS, "limit_low", "limit_high", "p_bounds"]
_POWER = ["effective_n", "smallest_p_value", "share_changing", "maximum_possible_change"]
_OF_FAMILY = ["value", "ci_low", "ci_high", "p_value", "n", "clusters", "note"]
_NUMBERS = ["value", "ci_low", "ci_high", "p_value", "n", "clusters", *_POWER, *_OF_BOUNDS, "before", "after"]
_SHARES_OF_CHANGE = ["before", "after"]
_CORRECTION = ["method", "annotator_value", "n_checked"]
"""Columns of a family whose table has corrected values already."""


def findings_table(
    drift: pd.DataFrame,
    power: pd.DataFrame,
    shares: pd.DataFrame | None = None,
    corrected_drift: pd.DataFrame | None = None,
    share_bounds: pd.DataFrame | None = None,
    families: Mapping[str, pd.DataFrame] | None = None,
    planned: pd.DataFrame | None = None,
    at_looks: bool = False,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Judge every comparison from the first image of a chain to its last.

    Args:
        drift: the `drift` table.
        power: the `power` table. The power of comparisons without a row in it follows from their intervals.
        shares: the `shares` table, for the annotator's shares before and after.
        corrected_drift: the `corrected_drift` table. Its values replace those of the annotator.
        share_bounds: worst-case bounds on changes of shares if answers are missing.
        families: name -> table of further comparisons with the columns SPAN, value, ci_low, ci_high, p_value, n,
            clusters and note; method, annotator_value and n_checked if values are corrected. The intervals are 95 %
            intervals of Student's t distribution.
        planned: start, label, attribute and category of planned hypotheses. Their tests are a family of their own,
            adjusted by Holm's method as in `planned_table`.
        at_looks: whether interim looks judge the planned hypotheses. Repeated tests make an ordinary p-value invalid.
        level: adjusted p-values below it are significant.

    Returns:
        Columns FINDINGS, one row per comparison, in the order of the tables.

        - p_adjusted: over all comparisons of all families that are not planned (Benjamini and Hochberg). Tests that
          cannot reject, because too few starts change, are not counted and have 1.
        - p_value: if answers are missing, the larger one of two tests: of the complete pairs, and of the bounds.
        - verdict: RISE and FALL if the test is significant and the interval agrees; NOT_ENOUGH_DATA, with a reason, if
          no possible change would be detected at the adjusted level, or if missing answers leave the change open;
          otherwise NOT_SIGNIFICANT.
        - ci_low, ci_high: 95 % interval around the value; of a significant comparison with a false coverage rate of
          `level`.
        - shrunken_value: the value corrected for selection if the verdict is RISE or FALL, otherwise the value. It is
          the smaller one of `conditional_estimates` and `adaptive_estimates` over the family, within the interval.
        - annotator_value: the change by the annotator's answers alone. annotator_before, annotator_after: its shares;
          null for families whose tables have corrected values already.
        - minimum_detectable_change: at the level that the adjustment leaves to this test, with 80 % power.
        - before, after: shares by the method of `value`. Corrected ones are those of `corrected_drift`, which has their
          intervals, and differ by the value. Those of the annotator are of all images with a category.
        - n_checked: rated images.
        - missing_before, missing_after, change_low, change_high: see `share_bounds`; null where nothing is known.
    """
    rows = _joined(drift, families or {})
    if rows.empty:
        return pd.DataFrame(columns=list(FINDINGS))
    rows = _with_columns_of(rows, power, _POWER, [SHARES, INTERSECTIONS])
    limits = {"ci_low": "limit_low", "ci_high": "limit_high"}
    bounds = None if share_bounds is None else share_bounds.rename(columns=limits)
    rows = _with_columns_of(rows, bounds, _OF_BOUNDS, [SHARES, INTERSECTIONS])
    rows = _with_corrections(_with_shares(rows, shares), corrected_drift)
    rows = rows.astype(dict.fromkeys(_NUMBERS, float))
    rows["pairs_p_value"] = rows["p_value"]
    rows["p_value"] = with_bounds(rows, _has_missing(rows))
    rows["is_planned"] = _is_planned(rows, planned)
    rows["is_judged_at_looks"] = rows["is_planned"] & at_looks
    rows.loc[rows["is_judged_at_looks"], "p_value"] = np.nan
    rows = adjusted_and_selected(rows, level)
    judged = [_verdict(row, level) for row in rows.itertuples(index=False)]
    rows["verdict"], rows["reason"] = [verdict for verdict, _ in judged], [reason for _, reason in judged]
    is_claim = rows["verdict"].isin([RISE, FALL])
    rows["shrunken_value"] = rows["shrunken_value"].where(is_claim, rows["value"])
    rows["note"] = [_note(row) for row in rows.itertuples(index=False)]
    return rows[list(FINDINGS)].astype(dict.fromkeys(("since", "iteration", "n", "n_checked", "clusters"), "Int64"))


def first_to_last(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that compare the first image with the last, for each kind of start."""
    if table.empty:
        return table
    by_start = table.groupby(table["start"].astype(str))
    first, last = by_start["since"].transform("min"), by_start["iteration"].transform("max")
    return table[(table["since"] == first) & (table["iteration"] == last)]


def adjusted_and_selected(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Adjust tests together, and give significant ones intervals and values that allow for their selection.

    Args:
        rows: columns family, method, is_planned, value, ci_low, ci_high, p_value, clusters, effective_n,
            smallest_p_value, share_changing and maximum_possible_change, with a unique index.
        level: adjusted p-values below it are significant.

    Returns:
        The rows with p_adjusted, rejection_level, ci_low, ci_high, shrunken_value, minimum_detectable_change and
        is_detectable, see `findings_table`. shrunken_value is given for all rows.
    """
    return _with_selection(_with_adjustment(rows, level), level)


def _joined(drift: pd.DataFrame, families: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    tables = []
    for family, table in {SHARES: drift, **families}.items():
        if table.empty:
            continue
        rows = table[table["measure"] == "share difference"] if "measure" in table else table
        own = [name for name in (*_SHARES_OF_CHANGE, *(_CORRECTION if family != SHARES else ())) if name in rows]
        is_within = rows["since"] == rows["iteration"]
        chosen = pd.concat([first_to_last(rows[~is_within]), rows[is_within]])
        tables.append(_with_text_keys(chosen)[[*SPAN, *_OF_FAMILY, *own]].assign(family=family))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _with_columns_of(
    rows: pd.DataFrame, table: pd.DataFrame | None, columns: list[str], families: list[str]
) -> pd.DataFrame:
    """Add columns of a table by cell and span, for some families; null where the table has no row."""
    if table is None or table.empty:
        return rows.assign(**dict.fromkeys(columns, np.nan))
    own = _with_text_keys(table).reindex(columns=[*SPAN, *columns]).drop_duplicates(SPAN)
    matched = rows[SPAN].merge(own, on=SPAN, how="left")[columns].astype(float)
    return rows.assign(**matched.where(rows["family"].isin(families), np.nan).to_dict("series"))


def _with_corrections(rows: pd.DataFrame, corrected: pd.DataFrame | None) -> pd.DataFrame:
    """Replace changes of shares that are corrected, and their shares. The `power` table has no power of their tests."""
    results = ["value", "ci_low", "ci_high", "p_value", "n_checked", "clusters", *_SHARES_OF_CHANGE]
    own = rows.reindex(columns=_CORRECTION).astype({"method": object})
    is_corrected = own["method"].notna() & (own["method"] != ANNOTATOR)
    rows = rows.assign(
        method=own["method"].where(is_corrected, ANNOTATOR),
        annotator_value=own["annotator_value"].astype(float).where(is_corrected, rows["value"]),
        n_checked=own["n_checked"].astype(float).where(is_corrected, 0.0),
        **{f"annotator_{name}": rows[name].mask(is_corrected) for name in _SHARES_OF_CHANGE},
    )
    matched = _with_columns_of(rows, corrected, results, [SHARES, INTERSECTIONS])[results]
    if corrected is None or corrected.empty:
        return rows
    rows["n_checked"] = matched["n_checked"].fillna(rows["n_checked"])
    has_correction = has_interval(matched)
    rows = rows.astype(dict.fromkeys(results, float))
    rows.loc[has_correction, results] = matched.loc[has_correction, results]
    methods = _with_text_keys(corrected)[[*SPAN, "method"]].drop_duplicates(SPAN)
    names = rows[SPAN].merge(methods, on=SPAN, how="left")["method"].astype(object)
    rows.loc[has_correction, "method"] = names[has_correction]
    rows.loc[has_correction, ["effective_n", "smallest_p_value"]] = np.nan
    return rows


def _with_shares(rows: pd.DataFrame, shares: pd.DataFrame | None) -> pd.DataFrame:
    """Add the annotator's shares before and after, unless the family's own table has them."""
    rows = rows.assign(**{name: rows.get(name, np.nan) for name in _SHARES_OF_CHANGE})
    if shares is None or shares.empty:
        return rows
    own = _with_text_keys(shares[shares["annotator"].astype(str) != DATASET]).drop_duplicates([*CELL, "iteration"])
    for name, at in (("before", "since"), ("after", "iteration")):
        keyed = own[[*CELL, "iteration", "share"]].rename(columns={"iteration": at})
        matched = rows[[*CELL, at]].merge(keyed, on=[*CELL, at], how="left")["share"].astype(float)
        rows[name] = matched.where(rows["family"].isin([SHARES, INTERSECTIONS]), rows[name])
    return rows


def _is_planned(rows: pd.DataFrame, planned: pd.DataFrame | None) -> np.ndarray:
    if planned is None or planned.empty:
        return np.zeros(len(rows), bool)
    cells = pd.MultiIndex.from_frame(planned[list(CELL)].astype(str))
    in_plan = pd.MultiIndex.from_frame(rows[list(CELL)].astype(str)).isin(cells)
    return np.asarray(in_plan & (rows["family"] == SHARES).to_numpy())


def _with_adjustment(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add adjusted p-values, and the raw p-value up to which the adjustment rejects each test."""
    rows = rows.assign(p_adjusted=np.nan, rejection_level=np.nan)
    smallest = rows["smallest_p_value"].fillna(0)
    for is_planned, own in rows.groupby("is_planned"):
        p_values = own["p_value"].to_numpy()
        if is_planned:
            adjusted, levels = holm_together(p_values, level)
        else:
            adjusted, levels = adjusted_together(p_values, smallest[own.index].to_numpy(), level)
        rows.loc[own.index, "p_adjusted"], rows.loc[own.index, "rejection_level"] = adjusted, levels
    return rows


def _with_selection(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add the power at the adjusted level, and give significant comparisons intervals and values for selected ones."""
    from scipy.stats import norm

    value, clusters, adjusted_level = (rows[name].to_numpy() for name in ("value", "clusters", "rejection_level"))
    errors = standard_errors(value, rows["ci_low"].to_numpy(), rows["ci_high"].to_numpy(), clusters)
    # A change of a difference in success is the difference of four rates.
    bound = np.where(rows["family"] == SUCCESS, 2.0, 1.0)
    of_pairs = detectable_shift(rows["effective_n"].fillna(0), rows["share_changing"].fillna(0), adjusted_level)
    enough = (clusters >= least_changes(adjusted_level)) | (rows["method"] != ANNOTATOR)
    of_errors = detectable_changes(errors, clusters, adjusted_level)
    detectable = np.where(enough, np.where(rows["effective_n"].notna(), of_pairs, of_errors), np.nan)
    is_selected = (rows["p_adjusted"] < level).to_numpy()
    limits = intervals_at(value, errors, clusters, adjusted_level, bound)
    for name, limit in zip(("ci_low", "ci_high"), limits, strict=True):
        rows[name] = np.where(is_selected & ~np.isnan(limit), limit, rows[name])
    # The least value that both the test and the interval would have selected.
    p_values = np.clip(rows["p_value"].to_numpy(), 1e-300, 1 - 1e-9)
    by_test = np.abs(value) * norm.isf(adjusted_level / 2) / norm.isf(p_values / 2)
    by_interval = margins(errors, clusters, adjusted_level)
    by_selection = conditional_estimates(value, errors, np.fmax(by_test, by_interval))
    by_prior = np.full(len(rows), np.nan)
    for family in rows["family"].unique():
        own = (rows["family"] == family).to_numpy() & (errors > 0)
        by_prior[own] = adaptive_estimates(value[own], errors[own]) if own.any() else np.nan
    # Of both corrections, the stronger one counts. It stays within the interval.
    shrunken = np.sign(value) * np.fmin(np.abs(by_selection), np.abs(by_prior))
    nearest = np.where(value > 0, np.fmax(shrunken, rows["ci_low"]), np.fmin(shrunken, rows["ci_high"]))
    possible = rows["maximum_possible_change"].fillna(np.inf)
    return rows.assign(
        shrunken_value=np.where(np.isnan(nearest), value, nearest),
        minimum_detectable_change=detectable,
        is_detectable=detectable <= np.minimum(possible, bound),
    )


def _verdict(row, level: float) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """Return the verdict, and the reason of NOT_ENOUGH_DATA."""
    if np.isnan(row.value):
        return NOT_ENOUGH_DATA, str(row.note)
    if np.isnan(row.p_adjusted):
        return NOT_ENOUGH_DATA, AT_LOOKS if row.is_judged_at_looks else "no test"
    has_missing = _has_missing(row)
    if row.p_adjusted < level:
        if refusal := refused_claim(row, has_missing, _missing_reason):
            return NOT_ENOUGH_DATA, refusal
        return (RISE, "") if row.value > 0 else (FALL, "")
    if not row.is_detectable:
        few = {ANNOTATOR: TOO_FEW_STARTS, RATINGS: "too few ratings"}.get(
            row.method, f"too few answers of {row.method}"
        )
        return NOT_ENOUGH_DATA, f"{few} to detect any change after adjustment for all tests"
    if is_left_open(row, has_missing):
        return NOT_ENOUGH_DATA, _missing_reason(row)
    return NOT_SIGNIFICANT, ""


def _has_missing(rows):  # type: ignore[no-untyped-def]
    """Return whether missing answers matter. Ratings correct a share whether or not the annotator answers."""
    return (rows.method == ANNOTATOR) & ((rows.missing_before > 0) | (rows.missing_after > 0))


def _missing_reason(row) -> str:  # type: ignore[no-untyped-def]
    before, after, low, high = missing_numbers(row, ("missing_before", "missing_after"))
    is_decisive = row.change_low <= 0 <= row.change_high and (
        row.p_adjusted < LEVEL or max(-row.change_low, row.change_high) > row.minimum_detectable_change
    )
    error = "" if is_decisive else ", without sampling error"
    possible = f"a change of {low} to {high} points is possible{error}"
    return f"{before} % of answers missing before and {after} % after: {possible}"


def _note(row) -> str:  # type: ignore[no-untyped-def]
    """Explain missing numbers."""
    no_bounds = "no bounds for missing answers" if np.isnan(row.change_low) else ""
    no_shares = "no shares before and after" if np.isnan(row.before) or np.isnan(row.after) else ""
    no_power = "no change is detectable" if np.isnan(row.minimum_detectable_change) else ""
    return join_notes(str(row.note), no_power, no_shares, no_bounds)


def _with_text_keys(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with keys as text, so that categoricals of different tables merge."""
    return table.astype(dict.fromkeys(CELL, object)).reset_index(drop=True)
