"""What each arm achieves against the reference: drift left, success, similarity, missing answers, cost and harm."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.arm_drifts import NO_CHANGE, Quadratic, arm_drifts, drift_left, quadratic
from broken_telephone.statistics.estimates.bootstrap import Estimate
from broken_telephone.statistics.estimates.changes import (
    at_first_image,
    bounds_of_changes,
    changes_since_first,
    first_images,
)
from broken_telephone.statistics.estimates.contrast import paired_contrast, unpaired_contrast
from broken_telephone.statistics.estimates.grouped_means import Groups, grouped_means
from broken_telephone.statistics.estimates.label_weights import label_shares
from broken_telephone.statistics.estimates.panel import ALL
from broken_telephone.statistics.estimates.similarity import ORIGIN, PICTURES
from broken_telephone.statistics.hypothesis_tests.p_value_adjustment import adjusted_together
from broken_telephone.statistics.outcomes import MISSING_ANSWERS, SHARES, SIMILARITY, SUCCESS, Arm
from broken_telephone.statistics.tables.contrasts import HIGHER, LISTED, LOWER
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.findings import LEVEL
from broken_telephone.statistics.tables.group_table import Row, join_notes
from broken_telephone.statistics.tables.missing_verdicts import NOT_ENOUGH_DATA
from broken_telephone.statistics.tables.paired_arms import Pair, pair_of

REFERENCE = "reference"
HELPS, HELPS_BY_ESTIMATE, HELPS_NOT, HARMS = "helps", "helps by the estimates only", "does not help", "harms"
ENOUGH = 0.5
"""Share of the drift that an arm which helps leaves at most."""
TOLERANCE = 0.02
"""Loss of success that an arm which helps has at most: 2 points."""
ARMS = (
    *("start", "arm", "reference", "verdict", "reason", "drift", "drift_left", "drift_left_low", "drift_left_high"),
    *("success_kept", "success_low", "success_high", "similarity_kept", "similarity_low", "similarity_high"),
    *("missing_answers", "missing_low", "missing_high", "harms", "largest_harm", "harm"),
    *("describe_seconds", "draw_seconds", "tokens", "n_pairs", "clusters", "method", "note"),
)
COSTS = ("describe_seconds", "draw_seconds", "tokens")
"""Seconds of the two models, and new tokens of the describer, for one iteration of one chain."""
_SEED = 1


class _Sizes(NamedTuple):
    """The drift of the arm and of the reference, and the chains that show it."""

    arm: Quadratic
    reference: Quadratic
    arm_bounds: tuple[float, float]
    """The least and the largest possible change of the arm's sum of squares, if answers are missing."""
    reference_bounds: tuple[float, float]
    outcomes: int
    n_pairs: int
    clusters: int


def arms_table(
    arms: Sequence[Arm],
    reference: str,
    contrasts: pd.DataFrame,
    costs: pd.DataFrame | None = None,
    paired: Mapping[str, bool] | None = None,
) -> pd.DataFrame:
    """Sum up each arm in one row for each kind of start.

    Args:
        arms: studies, the reference among them.
        reference: name of the arm that all others are compared with.
        contrasts: the table of `contrasts_table` for the same arms.
        costs: columns arm and COSTS.
        paired: see `contrasts_table`.

    Returns:
        Columns ARMS, with 95 % intervals.

        - drift: root mean square of the changes of all shares from first to last image, 0 to 1, without sampling noise.
          Labels count by their chains.
        - drift_left: the arm's drift over the reference's, by the chains of both: 0 for an arm without drift, 1 for as
          much as in the reference. Null if the reference has no drift beyond sampling noise. Both are null if the loop
          has no image after the first one.
        - success_kept: the contrast of the success of all labels in the last image: of its values, or of its changes if
          the outcome is defined so (`Outcome.on_first`), -1 to 1. similarity_kept: difference of the cosines of the
          last image and the first one. missing_answers: contrast of missing answers, for the attribute where it is
          largest.
        - harms: number of attributes of labels with a share that differs significantly in `contrasts` and changes
          significantly further from no drift than in the reference. Rows that compare values do not count. All labels
          together count for attributes that no single label shows. largest_harm: the shrunken difference of the
          largest one. harm: its name.
        - verdict: HARMS with a harm, or if success is significantly lower and its interval lies below -TOLERANCE.
          HELPS if the intervals show that at most ENOUGH of the drift is left and that success is within TOLERANCE.
          HELPS_BY_ESTIMATE if the estimates say so, the drift is shown to be less, and an interval leaves one of the
          two open. HELPS_NOT if the interval excludes one of them. Otherwise NOT_ENOUGH_DATA. What is said about the
          drift that is left has to hold for every completion of missing answers.
        - reason: what the verdict rests on, and what the data do not show.

    Raises:
        StudyError: see `pair_rows`.
    """
    by_name = {arm.name: arm for arm in arms}
    rows = []
    for arm in arms:
        pair = pair_of(arm, by_name[reference], (paired or {}).get(arm.name, True))
        for start, sizes in _sizes(pair):
            judged = contrasts[
                (contrasts["arm"].astype(str) == arm.name)
                & (contrasts["start"].astype(str) == start)
                & (contrasts["verdict"].astype(str) != LISTED)
            ]
            is_reference = arm.name == reference
            rows.append(_reference_row(sizes) if is_reference else _row(sizes, judged, _opposites(pair, start)))
            rows[-1] |= {"start": start, "arm": arm.name, "reference": reference}
            rows[-1] |= {"method": "paired" if pair.is_paired else "unpaired"} | _cost(costs, arm.name)
    table = pd.DataFrame(rows, columns=list(ARMS))
    table["note"] = [_note(row) for row in table.itertuples(index=False)]
    return table.astype(dict.fromkeys(("harms", "n_pairs", "clusters"), "Int64"))


def _sizes(pair: Pair) -> Iterator[tuple[str, _Sizes]]:
    """Yield each kind of start that both studies have, and the size of the drifts."""
    # Shares that are not compared by their changes have no drift: the originals of the arms differ in them.
    shares = [[one for one in arm.outcomes if one.family == SHARES and one.on_first] for arm in pair.arms]
    keys = [one[:3] for one in shares[1] if one[:3] in {other[:3] for other in shares[0]}]
    if not keys:
        return
    last = min(one.values.shape[1] for own in shares for one in own) - 1
    changes, bounds, sizes = [], [], []
    for own, arm, rows in zip(shares, pair.arms, pair.rows, strict=True):
        by_key = {one[:3]: one for one in own}
        first = first_images(arm.chains["start"].astype(str).to_numpy(dtype=object)[rows])
        values = [by_key[key].values[rows] for key in keys]
        changes.append([changes_since_first(one, first, last) for one in values])
        bounds.append([bounds_of_changes(one[:, last], at_first_image(one, first)) for one in values])
        sizes.append([by_key[key].categories for key in keys])
    by_label = [division[0] for division in pair.divisions]
    starts = [list(dict.fromkeys(start for start, _ in groups.keys)) for groups in by_label]
    for start in (one for one in starts[0] if one in starts[1]):
        has_change = [np.isfinite(np.stack(own, 1)).any(1) for own in changes]
        # Unpaired studies get one mix of labels. Paired ones have it.
        weights = label_shares(by_label, start, has_change)
        places = [[groups.keys.index((start, label)) for label in weights] for groups in by_label]
        own_weights = None if pair.is_paired else np.array(list(weights.values()))
        if pair.is_paired:
            both = [np.stack([one, other], 1) for one, other in zip(changes[0], changes[1], strict=True)]
            drifts = [arm_drifts(both, sizes[0], by_label[0], places[0], _SEED)] * 2
            forms = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
        else:
            drifts = [
                arm_drifts(
                    [values[:, None] for values in own], own_sizes, groups, own_places, _SEED + seed, own_weights
                )
                for seed, (own, own_sizes, groups, own_places) in enumerate(
                    zip(changes, sizes, by_label, places, strict=True)
                )
            ]
            forms = np.ones((1, 1)), np.ones((1, 1))
        quadratics = [quadratic(own, form) for own, form in zip(drifts, forms, strict=True)]
        possible = [
            _possible(own_changes, own_bounds, groups, own_places, np.array(list(weights.values())))
            for own_changes, own_bounds, groups, own_places in zip(changes, bounds, by_label, places, strict=True)
        ]
        counts = []
        for own_changes, groups, own_places in zip(changes, by_label, places, strict=True):
            has_number = np.isfinite(np.stack(own_changes, 1)).any(1) & np.isin(groups.owners[groups.cells], own_places)
            counts.append((int(has_number.sum()), len(np.unique(groups.starts[groups.cells[has_number]]))))
        n_pairs, clusters = np.min(counts, axis=0)
        yield (
            start,
            _Sizes(quadratics[0], quadratics[1], possible[0], possible[1], len(keys), int(n_pairs), int(clusters)),
        )


def _possible(
    changes: Sequence[np.ndarray],
    bounds: Sequence[tuple[np.ndarray, np.ndarray]],
    groups: Groups,
    places: Sequence[int],
    weights: np.ndarray,
) -> tuple[float, float]:
    """Return how much less and more the weighted sum of squared changes can be if missing answers are completed."""
    less = more = 0.0
    for own, own_bounds in zip(changes, bounds, strict=True):
        value, low, high = (grouped_means(one, groups, 0).value[places] for one in (own, *own_bounds))
        squares = np.nan_to_num(value) ** 2
        nearest = np.where((low < 0) & (high > 0), 0.0, np.minimum(low**2, high**2))
        less += float(weights @ np.minimum(nearest - squares, 0))
        more += float(weights @ np.maximum(np.maximum(low**2, high**2) - squares, 0))
    return less, more


def _shared(sizes: _Sizes) -> Row:
    drift = float(np.sqrt(max(sizes.arm.value, 0) / sizes.outcomes))
    return {"drift": drift, "n_pairs": sizes.n_pairs, "clusters": sizes.clusters}


def _reference_row(sizes: _Sizes) -> Row:
    drift_left = np.nan if np.isnan(sizes.reference.value) else 1.0
    kept = dict.fromkeys(("success_kept", "similarity_kept", "missing_answers"), 0.0)
    text = {"verdict": REFERENCE, "reason": "", "harms": 0, "harm": "", "note": "the reference itself: no interval"}
    return _shared(sizes) | kept | text | {"drift_left": drift_left}


def _shifted(drift: Quadratic, by: float) -> Quadratic:
    return Quadratic(drift.value + by, drift.draws + by)


def _row(sizes: _Sizes, judged: pd.DataFrame, opposite: pd.DataFrame) -> Row:
    left, note = drift_left(sizes.reference, sizes.arm)
    most, _ = drift_left(_shifted(sizes.reference, sizes.reference_bounds[0]), _shifted(sizes.arm, sizes.arm_bounds[1]))
    least, _ = drift_left(
        _shifted(sizes.reference, sizes.reference_bounds[1]), _shifted(sizes.arm, sizes.arm_bounds[0])
    )
    success_row = _overall(judged, SUCCESS, ALL, ALL)
    success, similarity = _estimate(success_row), _estimate(_overall(judged, SIMILARITY, ORIGIN, PICTURES))
    missing = [
        _estimate(_overall(judged, MISSING_ANSWERS, attribute, ALL))
        for attribute in dict.fromkeys(judged.loc[judged["family"].astype(str) == MISSING_ANSWERS, "attribute"])
    ]
    worst = max(missing, key=lambda one: one.value, default=Estimate())
    harmful = _harms(judged, opposite)
    largest = harmful.loc[harmful["shrunken_value"].abs().idxmax()] if len(harmful) else None
    harms = _count(harmful)
    is_lower = success_row is not None and str(success_row["verdict"]) == LOWER
    name = "" if largest is None else f"{largest['label']}: {largest['attribute']} {largest['category']}"
    verdict, reason = _verdict(left, (least.low, most.high), success, harms, name, is_lower)
    return _shared(sizes) | {
        **left.columns(("drift_left", "drift_left_low", "drift_left_high")),
        **success.columns(("success_kept", "success_low", "success_high")),
        **similarity.columns(("similarity_kept", "similarity_low", "similarity_high")),
        **worst.columns(("missing_answers", "missing_low", "missing_high")),
        **{"harms": harms, "harm": name},
        "largest_harm": np.nan if largest is None else float(largest["shrunken_value"]),
        **{"verdict": verdict, "reason": reason, "note": note},
    }


def _overall(judged: pd.DataFrame, family: str, attribute: str, category: str) -> pd.Series | None:
    """Return the contrast of all labels together, or of the only label; None if there is none."""
    texts = judged[["family", "attribute", "category"]].astype(str)
    rows = judged[(texts == [family, attribute, category]).all(axis=1).to_numpy()]
    together = rows[rows["label"].astype(str) == ALL]
    rows = together if len(together) else rows
    return rows.iloc[0] if len(rows) else None


def _estimate(row: pd.Series | None) -> Estimate:
    if row is None:
        return Estimate()
    # A contrast without an interval has pd.NA, which float() does not take.
    numbers = (np.nan if pd.isna(row[name]) else float(row[name]) for name in ("value", "ci_low", "ci_high"))
    return Estimate(*numbers)


def _harms(judged: pd.DataFrame, opposite: pd.DataFrame) -> pd.DataFrame:
    """Return the shares that the arm is shown to move further from no drift than the reference does.

    An arm moves further if its change less that of the reference, and its change plus that of the reference, have one
    sign. Both are tested, so the larger p-value counts (Berger 1982, Technometrics 24). It is adjusted over all shares
    of the arm (Benjamini and Hochberg). Ratings correct the difference only; then the change of the arm at the nearer
    end of the interval has to be larger.
    """
    shares = judged[(judged["family"].astype(str) == SHARES) & judged["since"].notna()]
    if not len(shares):
        return shares
    keys = ["label", "attribute", "category"]
    sums = shares[keys].astype(str).merge(opposite.astype(dict.fromkeys(keys, str)), on=keys, how="left")
    is_corrected = shares["method"].astype(str).str.endswith(RATINGS).to_numpy(bool)
    value, change, other = (shares[name].to_numpy(float) for name in ("value", "value_arm", "value_reference"))
    nearest = np.where(value > 0, shares["ci_low"].to_numpy(float), shares["ci_high"].to_numpy(float))
    is_larger = np.where(is_corrected, np.abs(other + nearest) > np.abs(other), sums["value"].to_numpy() * value > 0)
    p_values = np.fmax(shares["p_value"].to_numpy(float), np.where(is_corrected, 0.0, sums["p_value"].to_numpy()))
    adjusted, _ = adjusted_together(p_values, np.zeros(len(p_values)), LEVEL)
    is_claim = shares["verdict"].astype(str).isin([HIGHER, LOWER]).to_numpy()
    return shares[is_claim & is_larger & (np.abs(change) > np.abs(other)) & (adjusted < LEVEL)]


def _count(harmful: pd.DataFrame) -> int:
    """Count labels and attributes once. A change over all labels counts if no single label shows it."""
    cells = set(zip(harmful["label"].astype(str), harmful["attribute"].astype(str), strict=True))
    shown = {attribute for label, attribute in cells if label != ALL}
    return sum(label != ALL or attribute not in shown for label, attribute in cells)


def _opposites(pair: Pair, start: str) -> pd.DataFrame:
    """Return the tests of whether the changes of arm and reference have the sum 0, for each label and share."""
    rows = []
    groups = list(zip(*pair.divisions, strict=True))
    outcomes = [{one[:3]: one for one in arm.outcomes if one.family == SHARES} for arm in pair.arms]
    for key, one in outcomes[0].items():
        if key not in outcomes[1]:
            continue
        both = (one.values, outcomes[1][key].values)
        last = min(values.shape[1] for values in both) - 1
        changes = []
        for arm, own_rows, values in zip(pair.arms, pair.rows, both, strict=True):
            first = first_images(arm.chains["start"].astype(str).to_numpy(dtype=object)[own_rows])
            changes.append(changes_since_first(values[own_rows], first, last))
        for place, own in enumerate(groups):
            if pair.is_paired:
                # A change of an arm and the opposite one of the reference differ by up to 2, in whole steps.
                contrast = paired_contrast(changes[0], -changes[1], own[0], one.categories)
            else:
                by_label = [division[0] for division in pair.divisions] if place else None
                contrast = unpaired_contrast(changes[0], -changes[1], own, one.categories, by_label)
            rows += [
                {"label": label, "attribute": key[1], "category": key[2], "value": value, "p_value": p_value}
                for (kind, label), value, p_value in zip(contrast.keys, contrast.value, contrast.p_value, strict=True)
                if kind == start
            ]
    return pd.DataFrame(rows, columns=["label", "attribute", "category", "value", "p_value"])


def _verdict(
    left: Estimate, possible: tuple[float, float], success: Estimate, harms: int, harm: str, is_lower: bool
) -> tuple[str, str]:
    """Return the verdict and its reason.

    Args:
        left: the part of the drift that is left, by the chains with answers.
        possible: lower and upper limit of this part, for every completion of missing answers.
        success: difference of the success.
        harms: see `arms_table`.
        harm: name of the largest one.
        is_lower: whether success is significantly lower.
    """
    points = f"{100 * TOLERANCE:g} points"
    is_lost = success.high < -TOLERANCE
    if harms or (is_lower and is_lost):
        groups = (
            "the shares of one attribute of a label drift"
            if harms == 1
            else f"the shares of {harms} attributes of labels drift"
        )
        more = f"{groups} significantly more, most {harm}"
        return HARMS, join_notes(more if harms else "", f"success is lower by more than {points}" if is_lost else "")
    if np.isnan(left.value):
        return NOT_ENOUGH_DATA, "the reference has no drift beyond sampling noise that could be removed"
    if possible[0] > ENOUGH:
        return HELPS_NOT, f"at least {100 * left.low:.0f} % of the drift is left"
    if is_lost:
        return HELPS_NOT, f"success is lower by more than {points}"
    is_drift_shown, is_success_shown = possible[1] <= ENOUGH, success.low >= -TOLERANCE
    shown = [
        f"at most {100 * left.high:.0f} % of the drift is left" if is_drift_shown else "",
        f"success is within {points}" if is_success_shown else "",
    ]
    if is_drift_shown and is_success_shown:
        return HELPS, join_notes(*shown)
    open_drift = "" if is_drift_shown else f"not shown that at least {100 * (1 - ENOUGH):.0f} % of the drift is removed"
    if left.high <= ENOUGH < possible[1] or possible[0] <= ENOUGH < left.low:
        open_drift += ", because of missing answers"
    open_success = "" if is_success_shown else f"not shown that success is within {points}"
    if is_lower:
        open_success += ", and it is significantly lower"
    if np.isnan(success.value):
        open_success = "success was not measured"
    by_estimates = left.value <= ENOUGH and left.high < 1 and success.value >= -TOLERANCE
    return HELPS_BY_ESTIMATE if by_estimates else NOT_ENOUGH_DATA, join_notes(*shown, open_drift, open_success)


def _cost(costs: pd.DataFrame | None, name: str) -> Row:
    own = pd.DataFrame() if costs is None else costs[costs["arm"].astype(str) == name]
    return {column: float(own[column].iloc[0]) if len(own) and column in own else np.nan for column in COSTS}


def _note(row) -> str:  # type: ignore[no-untyped-def]
    """Explain missing numbers."""
    if row.verdict == REFERENCE:
        own = join_notes(str(row.note), NO_CHANGE if np.isnan(row.drift) else "")
    else:
        own = join_notes(
            str(row.note),
            "no success" if np.isnan(row.success_kept) else "",
            "no similarity" if np.isnan(row.similarity_kept) else "",
            "no missing answers" if np.isnan(row.missing_answers) else "",
            "" if row.harms else "no harm",
        )
    return join_notes(own, "no cost" if np.isnan(row.describe_seconds + row.draw_seconds + row.tokens) else "")
