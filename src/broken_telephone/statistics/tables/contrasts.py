"""Contrasts of studies: how much more an arm changes than the reference, for the same chains.

All contrasts of a comparison at the last iteration are judged together, as `findings` judges those of one study.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.estimates.changes import at_first_image, bounds_of_changes, first_images
from broken_telephone.statistics.estimates.contrast import Contrast, paired_contrast, unpaired_contrast
from broken_telephone.statistics.estimates.grouped_means import Groups, grouped_means
from broken_telephone.statistics.estimates.panel import ALL, first_picture
from broken_telephone.statistics.estimates.selective_intervals import (
    equivalence_p_values,
    intervals_at,
    standard_errors,
)
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together
from broken_telephone.statistics.outcomes import MENTIONS, SHARES, Arm, Outcome
from broken_telephone.statistics.tables.corrected_contrasts import CORRECTED, corrected_contrasts
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.findings import ANNOTATOR, LEVEL, adjusted_and_selected
from broken_telephone.statistics.tables.group_table import Map, join_notes
from broken_telephone.statistics.tables.missing_verdicts import (
    CONTRADICTION,
    NOT_ENOUGH_DATA,
    is_left_open,
    missing_numbers,
    refused_claim,
    widest_change,
    with_bounds,
)
from broken_telephone.statistics.tables.paired_arms import PAIRED, UNPAIRED, Pair, pair_of

HIGHER, LOWER = "higher", "lower"
NO_DIFFERENCE, NOT_SIGNIFICANT = "no difference", "no significant difference"
LISTED = "not judged"
"""The verdict of iterations before the last, which are listed only."""
MARGIN = 0.05
"""Differences below it, such as 5 percentage points, count as none if the data show that they are smaller."""
CELL = ("start", "arm", "reference", "family", "label", "attribute", "category")
CONTRASTS = (
    *(*CELL, "since", "iteration", "verdict", "reason", "method"),
    *("value", "shrunken_value", "ci_low", "ci_high", "p_value", "p_adjusted", "value_arm", "value_reference"),
    *("annotator_value", "annotator_low", "annotator_high", "minimum_detectable_change"),
    *("missing_arm", "missing_reference", "change_low", "change_high", "n_pairs", "n_checked", "clusters", "note"),
)
_LIMITS = ("limit_low", "limit_high")


def contrasts_table(
    arms: Sequence[Arm],
    reference: str,
    paired: Mapping[str, bool] | None = None,
    each: Map = map,
    margin: float = MARGIN,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Compare each arm with the reference.

    Args:
        arms: studies, the reference among them.
        reference: name of the arm that all others are compared with.
        paired: arm -> whether its chains pair with those of the reference, by chain_id. Arms without an entry are
            paired. Chains without a partner are left out. Unpaired arms are compared by all of their chains. All
            labels together are then those that both have, with one mix of labels for both, see `label_weights`.
        each: calls a function for each outcome of each arm, see `group_table.Map`.
        margin: differences below it count as none, see `NO_DIFFERENCE`; 0.05 is 5 points, or a cosine of 0.05.
        level: adjusted p-values below it are significant.

    Returns:
        Columns CONTRASTS for each label and all labels, and each iteration that both studies have.

        - value: change of the arm less change of the reference, both since the first image of a chain (`since`). Where
          `since` is null, the values themselves are compared: similarities, and image 1 of chains from prompts. The
          interval is a 95 % interval of Student's t distribution.
        - p_value: of no difference, see `paired_contrast` and `unpaired_contrast`. If answers are missing, the larger
          one of two tests: of the chains with all answers, and of the bounds.
        - p_adjusted, verdict: of the last iteration. All arms, families and kinds of start are adjusted together, see
          `findings_table`. HIGHER or LOWER requires a significant test and an interval without 0. NO_DIFFERENCE
          requires that two one-sided tests, adjusted together likewise, show that the difference is below the margin.
        - value_arm, value_reference: the two changes. If ratings correct them, each is corrected by itself.
        - method: paired or unpaired, followed by human ratings if these correct the shares of both arms.
        - annotator_value, annotator_low, annotator_high: the contrast by the annotator's answers alone.
        - missing_arm, missing_reference: share of chains without a number. change_low, change_high: the contrast if
          all missing answers were the least, or the most, favourable to it; null except for shares and mentions.
        - n_pairs: chains with all numbers; of unpaired arms, of the arm that has fewer. clusters: their starts.
          n_checked: rated images of both studies, also if they are too few for a correction.

    Raises:
        StudyError: if there is no such reference, if two arms have one name, or if paired arms share no chain.
    """
    base = _reference(arms, reference)
    pairs = [pair_of(arm, base, (paired or {}).get(arm.name, True)) for arm in arms if arm.name != reference]
    tasks = [(pair, key) for pair in pairs for key in _outcome_keys(pair)]
    tables = [table for table in each(_outcome_rows, tasks) if len(table)]
    if not tables:
        return pd.DataFrame(columns=list(CONTRASTS))
    rows = pd.concat(tables, ignore_index=True)
    rows = _with_corrections(rows, [table for table in each(corrected_contrasts, pairs) if len(table)])
    rows = _judged(rows, margin, level)
    integers = dict.fromkeys(("since", "iteration", "n_pairs", "n_checked", "clusters"), "Int64")
    return rows[list(CONTRASTS)].astype(integers)


def _reference(arms: Sequence[Arm], reference: str) -> Arm:
    names = [arm.name for arm in arms]
    if reference not in names:
        raise StudyError(f"comparison.reference: {reference!r} is none of the arms ({', '.join(names)})")
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise StudyError(f"comparison.arms: {', '.join(doubled)} stands there twice; give each arm a name of its own")
    return arms[names.index(reference)]


def _outcome_keys(pair: Pair) -> list[tuple[str, str, str]]:
    both = [one for arm in reversed(pair.arms) for one in arm.outcomes]
    return list(dict.fromkeys(one[:3] for one in both))


def _outcome_rows(task: tuple[Pair, tuple[str, str, str]]) -> pd.DataFrame:
    """Return the rows of one outcome of one arm."""
    pair, key = task
    own = [next((one for one in arm.outcomes if one[:3] == key), None) for arm in pair.arms]
    model = next(one for one in own if one is not None)
    widths = [one.values.shape[1] for one in own if one is not None]
    lacking = [arm.name for arm, one in zip(pair.arms, own, strict=True) if one is None]
    note = f"no such numbers in {lacking[0]}" if lacking else ""
    last = min(widths) - 1
    if max(widths) - 1 > last:
        note = join_notes(note, f"compared up to iteration {last} of {max(widths) - 1}: the other study ends there")
    values, firsts = [], []
    for arm, one, rows in zip(pair.arms, own, pair.rows, strict=True):
        values.append(np.full((len(rows), last + 1), np.nan) if one is None else one.values[rows])
        firsts.append(first_images(arm.chains["start"].astype(str).to_numpy(dtype=object)[rows]))
    tables = [
        _iteration_rows(pair, model, values, firsts, division, k)
        for k in range(1, last + 1)
        for division in zip(*pair.divisions, strict=True)
    ]
    if not tables:
        return pd.DataFrame()
    rows = pd.concat(tables, ignore_index=True)
    # All labels together are no further comparison if there is one label.
    labels = rows[rows["label"] != ALL].groupby("start")["label"].nunique()
    rows = rows[(rows["label"] != ALL) | (rows["start"].map(labels) > 1)].reset_index(drop=True)
    family, attribute, category = key
    names = {"arm": pair.arms[0].name, "reference": pair.arms[1].name, "family": family, "attribute": attribute}
    rows = rows.assign(**names, category=category, is_last=rows["iteration"] == last)
    rows["note"] = [join_notes(note, own_note) for own_note in rows["note"]]
    return rows


def _iteration_rows(
    pair: Pair,
    outcome: Outcome,
    values: list[np.ndarray],
    firsts: list[np.ndarray],
    groups: tuple[Groups, Groups],
    k: int,
) -> pd.DataFrame:
    """Return a row for each group of chains at iteration k."""
    now = [own[:, k] for own in values]
    before = []
    for own, first in zip(values, firsts, strict=True):
        is_change = (k > first) & outcome.on_first
        before.append(np.where(is_change, at_first_image(own, first), 0.0))

    def compared(arm: np.ndarray, reference: np.ndarray) -> Contrast:
        if pair.is_paired:
            return paired_contrast(arm, reference, groups[0], outcome.categories)
        by_label = [division[0] for division in pair.divisions] if groups[0] is pair.divisions[0][1] else None
        return unpaired_contrast(arm, reference, groups, outcome.categories, by_label)

    # Annotators give the first image, which paired arms share, one answer. It cancels, even if it is missing.
    is_shared = (firsts[0] == first_picture("image")) if pair.is_paired else np.zeros(len(now[0]), bool)
    if pair.is_paired:
        is_shared = is_shared & ((before[0] == before[1]) | (np.isnan(before[0]) & np.isnan(before[1])))
    # Differences of shares reach from -1 to 1, those of changes and of cosines from -2 to 2.
    is_share = bool(outcome.categories) and (not outcome.on_first or bool(is_shared.all()))
    possible = 1.0 if is_share else 2.0
    contrast = compared(now[0] - before[0], now[1] - before[1])
    rows = _rows(contrast, outcome, k, possible).assign(method=PAIRED if pair.is_paired else UNPAIRED)
    is_missing = [np.isnan(one - other).astype(float) for one, other in zip(now, before, strict=True)]
    for name, missing, own_groups in zip(("missing_arm", "missing_reference"), is_missing, groups, strict=True):
        share = dict(zip(own_groups.keys, grouped_means(missing, own_groups, 0).value, strict=True))
        rows[name] = [share[key] for key in contrast.keys]
    bounds = dict.fromkeys(("change_low", "change_high", *_LIMITS, "p_bounds"), np.nan)
    if outcome.family not in (SHARES, MENTIONS):
        return rows.assign(**bounds)
    if pair.is_paired:
        before = [np.where(is_shared, 0.0, one) for one in before]
    lowest, highest = zip(*map(bounds_of_changes, now, before), strict=True)
    return rows.assign(**_bounds(compared(lowest[0], highest[1]), compared(highest[0], lowest[1])))


def _rows(contrast: Contrast, outcome: Outcome, k: int, possible: float) -> pd.DataFrame:
    starts, labels = zip(*contrast.keys, strict=True) if contrast.keys else ((), ())
    since = [first_picture(start) if outcome.on_first and k > first_picture(start) else None for start in starts]
    level, bound = (np.full(len(contrast.value), number) for number in (1 - CONFIDENCE, possible))
    low, high = intervals_at(contrast.value, contrast.error, contrast.clusters, level, bound)
    return pd.DataFrame(
        {
            **{"start": starts, "label": labels, "since": pd.array(since, "Int64"), "iteration": k},
            **{"value": contrast.value, "ci_low": low, "ci_high": high, "error": contrast.error},
            **{"value_arm": contrast.arm, "value_reference": contrast.reference},
            **{"annotator_value": contrast.value, "annotator_low": low, "annotator_high": high},
            **{"p_value": contrast.p_value, "smallest_p_value": contrast.smallest_p_value, "possible": possible},
            **{"n_pairs": contrast.n, "n_checked": 0, "clusters": contrast.clusters, "note": contrast.notes},
            "is_corrected": False,
        }
    )


def _bounds(lowest: Contrast, highest: Contrast) -> dict[str, np.ndarray]:
    """Return worst-case bounds, their limits, and the test whether the lower is above 0 or the upper below 0."""
    from scipy.stats import t

    ends, one_sided = [], []
    for contrast, sign in ((lowest, 1), (highest, -1)):
        degrees = np.maximum(contrast.clusters, 2) - 1
        ends.append(contrast.value - sign * contrast.error * t.ppf((1 + CONFIDENCE) / 2, degrees))
        with np.errstate(invalid="ignore", divide="ignore"):
            one_sided.append(t.sf(sign * contrast.value / contrast.error, degrees))
    p_values = np.minimum(2 * np.minimum(*one_sided), 1)
    return {
        **{"change_low": lowest.value, "change_high": highest.value, "p_bounds": p_values},
        **dict(zip(_LIMITS, ends, strict=True)),
    }


def _with_corrections(rows: pd.DataFrame, corrected: list[pd.DataFrame]) -> pd.DataFrame:
    """Replace contrasts of shares by corrected ones, where people rated enough images of both arms."""
    if not corrected:
        return rows
    keys = ["arm", "start", "label", "attribute", "category", "iteration"]
    is_share = rows["family"] == SHARES
    own = rows.loc[is_share, keys].merge(pd.concat(corrected, ignore_index=True), on=keys, how="left")
    own.index = rows.index[is_share]
    rows.loc[is_share, "n_checked"] = own["n_checked"].fillna(0).astype(int)
    has_correction = own["ci_low"].notna()
    replaced = own[has_correction]
    rows = rows.astype(dict.fromkeys(CORRECTED, float))
    rows.loc[replaced.index, list(CORRECTED)] = replaced[list(CORRECTED)].astype(float)
    numbers = (replaced[name].to_numpy(float) for name in ("value", "ci_low", "ci_high", "clusters"))
    rows.loc[replaced.index, "error"] = standard_errors(*numbers)
    rows.loc[replaced.index, "method"] += f", {RATINGS}"
    rows.loc[replaced.index, "is_corrected"] = True
    rows.loc[replaced.index, ["smallest_p_value", "note"]] = [0.0, ""]
    return rows


def _judged(rows: pd.DataFrame, margin: float, level: float) -> pd.DataFrame:
    """Add adjusted p-values and verdicts to the rows of the last iteration."""
    rows["pairs_p_value"] = rows["p_value"]
    rows["p_value"] = with_bounds(rows, _has_missing(rows))
    tested = rows[rows["is_last"]].reset_index(drop=True)
    others = rows[~rows["is_last"]].reset_index(drop=True)
    unknown = {"effective_n": np.nan, "share_changing": np.nan, "maximum_possible_change": tested["possible"]}
    # Only the exact tests of paired numbers need a least number of starts.
    kind = np.where(tested["method"] == PAIRED, ANNOTATOR, tested["method"])
    judged = adjusted_and_selected(tested.assign(**unknown, is_planned=False, method=kind), level)
    judged["method"] = tested["method"]
    values, clusters = (tested[name].to_numpy(float) for name in ("value", "clusters"))
    errors = tested["error"].to_numpy(float)
    # Changes may differ by up to 2, and success by no more than 1.
    possible = tested["possible"].to_numpy()
    limits = intervals_at(values, errors, clusters, judged["rejection_level"].to_numpy(), possible)
    is_selected = ((judged["p_adjusted"] < level) & judged["ci_low"].notna()).to_numpy()
    for name, limit in zip(("ci_low", "ci_high"), limits, strict=True):
        is_cut = is_selected & (np.abs(judged[name]) >= 1).to_numpy()
        judged[name] = np.where(is_cut, limit, judged[name])
    similar = equivalence_p_values(values, errors, clusters, margin)
    judged["p_equivalence"], _ = adjusted_together(similar, np.zeros(len(similar)), level)
    verdicts = [_verdict(row, margin, level) for row in judged.itertuples(index=False)]
    judged["verdict"], judged["reason"] = [one for one, _ in verdicts], [one for _, one in verdicts]
    is_claim = judged["verdict"].isin([HIGHER, LOWER])
    judged["shrunken_value"] = judged["shrunken_value"].where(is_claim, judged["value"])
    judged["note"] = [_note(row) for row in judged.itertuples(index=False)]
    listed = others.assign(verdict=LISTED, reason="only the last iteration is judged", shrunken_value=others["value"])
    listed = listed.assign(p_adjusted=np.nan, minimum_detectable_change=np.nan)
    listed["note"] = [join_notes(note, "only the last iteration is judged") for note in listed["note"]]
    joined = pd.concat([judged, listed], ignore_index=True) if len(listed) else judged
    order = {name: place for place, name in enumerate(dict.fromkeys(rows["label"]))}
    keys = pd.DataFrame({name: pd.factorize(joined[name])[0] for name in ("arm", "family", "attribute", "category")})
    keys = keys.assign(start=joined["start"], label=joined["label"].map(order | {ALL: len(order)}))
    keys["iteration"] = joined["iteration"]
    sorted_keys = keys.sort_values(["start", "arm", "family", "label", "attribute", "category", "iteration"])
    return joined.loc[sorted_keys.index].reset_index(drop=True)


def _verdict(row, margin: float, level: float) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """Return the verdict, and its reason."""
    if np.isnan(row.value) or np.isnan(row.p_adjusted):
        return NOT_ENOUGH_DATA, str(row.note)
    has_missing = _has_missing(row)
    if row.p_adjusted < level:
        if np.isnan(row.ci_low):
            return NOT_ENOUGH_DATA, CONTRADICTION
        if refusal := refused_claim(row, has_missing, _missing_reason):
            return NOT_ENOUGH_DATA, refusal
        return (HIGHER, "") if row.value > 0 else (LOWER, "")
    if row.p_equivalence < level and not (has_missing and widest_change(row) >= margin):
        return NO_DIFFERENCE, f"shown to be smaller than {margin:g}"
    if not row.is_detectable:
        few = "ratings" if row.is_corrected else "independent starts"
        return NOT_ENOUGH_DATA, f"too few {few} to detect any difference after adjustment for all tests"
    if is_left_open(row, has_missing):
        return NOT_ENOUGH_DATA, _missing_reason(row)
    return NOT_SIGNIFICANT, ""


def _missing_reason(row) -> str:  # type: ignore[no-untyped-def]
    arm, reference, low, high = missing_numbers(row, ("missing_arm", "missing_reference"))
    return (
        f"{arm} % of answers missing in the study and {reference} % in the reference: "
        f"a difference of {low} to {high} points is possible"
    )


def _note(row) -> str:  # type: ignore[no-untyped-def]
    """Explain missing numbers."""
    no_bounds = "no bounds for missing answers" if np.isnan(row.change_low) else ""
    no_power = "no difference is detectable" if np.isnan(row.minimum_detectable_change) else ""
    no_change = "no corrected change in one study" if np.isnan(row.value_arm + row.value_reference) else ""
    return join_notes(str(row.note), no_power, no_bounds, no_change if row.is_corrected else "")


def _has_missing(rows):  # type: ignore[no-untyped-def]
    """Return whether missing answers matter. Ratings correct a share whether or not the annotator answers."""
    return (
        (rows.p_bounds >= 0)
        & np.logical_not(rows.is_corrected)
        & ((rows.missing_arm > 0) | (rows.missing_reference > 0))
    )
