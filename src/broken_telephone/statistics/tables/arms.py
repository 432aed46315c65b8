"""What each arm achieves against the reference: drift left, success, similarity, missing answers, cost and harm."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.arm_drifts import ArmDrifts, Quadratic, arm_drifts, drift_left, quadratic
from broken_telephone.statistics.estimates.bootstrap import Estimate
from broken_telephone.statistics.estimates.panel import ALL, first_picture
from broken_telephone.statistics.estimates.similarity import ORIGIN, PICTURES
from broken_telephone.statistics.outcomes import MISSING_ANSWERS, SHARES, SIMILARITY, SUCCESS, Arm
from broken_telephone.statistics.tables.contrasts import HIGHER, LISTED, LOWER
from broken_telephone.statistics.tables.findings import NOT_ENOUGH_DATA
from broken_telephone.statistics.tables.group_table import Row, join_notes
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
          much as in the reference. Null if the reference has no drift beyond sampling noise.
        - success_kept: the contrast of the success of all labels in the last image: of its values, or of its changes if
          the outcome is defined so (`Outcome.on_first`), -1 to 1. similarity_kept: difference of the cosines of the
          last image and the first one. missing_answers: contrast of missing answers, for the attribute where it is
          largest.
        - harms: number of shares that the arm changes significantly more than the reference, away from no drift, by the
          verdicts of `contrasts`. largest_harm: the difference of the largest one. harm: its name.
        - verdict: HARMS with a harm, or if success is significantly lower by more than TOLERANCE. HELPS if the
          intervals show that at most ENOUGH of the drift is left and that success is within TOLERANCE.
          HELPS_BY_ESTIMATE if the estimates say so, the drift is shown to be less, and an interval leaves one of the
          two open. HELPS_NOT if the interval excludes one of them. Otherwise NOT_ENOUGH_DATA.
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
            rows.append(_reference_row(sizes) if is_reference else _row(sizes, judged))
            rows[-1] |= {"start": start, "arm": arm.name, "reference": reference}
            rows[-1] |= {"method": "paired" if pair.is_paired else "unpaired"} | _cost(costs, arm.name)
    table = pd.DataFrame(rows, columns=list(ARMS))
    table["note"] = [_note(row) for row in table.itertuples(index=False)]
    return table.astype(dict.fromkeys(("harms", "n_pairs", "clusters"), "Int64"))


def _sizes(pair: Pair) -> Iterator[tuple[str, _Sizes]]:
    """Yield each kind of start that both studies have, and the size of the drifts."""
    shares = [[one for one in arm.outcomes if one.family == SHARES] for arm in pair.arms]
    keys = [one[:3] for one in shares[1] if one[:3] in {other[:3] for other in shares[0]}]
    if not keys:
        return
    last = min(one.values.shape[1] for own in shares for one in own) - 1
    changes, sizes = [], []
    for own, arm, rows in zip(shares, pair.arms, pair.rows, strict=True):
        by_key = {one[:3]: one for one in own}
        is_image = arm.chains["start"].astype(str).to_numpy(dtype=object)[rows] == "image"
        first = np.where(is_image, first_picture("image"), first_picture("prompt"))[:, None]
        values = [by_key[key].values[rows] for key in keys]
        changes.append([one[:, last] - np.take_along_axis(one, first, 1)[:, 0] for one in values])
        sizes.append([by_key[key].categories for key in keys])
    by_label = [division[0] for division in pair.divisions]
    starts = [list(dict.fromkeys(start for start, _ in groups.keys)) for groups in by_label]
    for start in (one for one in starts[0] if one in starts[1]):
        places = [[k for k, key in enumerate(groups.keys) if key[0] == start] for groups in by_label]
        if pair.is_paired:
            both = [np.stack([one, other], 1) for one, other in zip(changes[0], changes[1], strict=True)]
            drifts = arm_drifts(both, sizes[0], by_label[0], places[0], _SEED)
            forms = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
            quadratics = [quadratic(drifts, form) for form in forms]
        else:
            each: list[ArmDrifts] = [
                arm_drifts([values[:, None] for values in own], own_sizes, groups, own_places, _SEED + seed)
                for seed, (own, own_sizes, groups, own_places) in enumerate(
                    zip(changes, sizes, by_label, places, strict=True)
                )
            ]
            quadratics = [quadratic(one, np.ones((1, 1))) for one in each]
        counts = []
        for own_changes, groups, own_places in zip(changes, by_label, places, strict=True):
            has_number = np.isfinite(np.stack(own_changes, 1)).any(1) & np.isin(groups.owners[groups.cells], own_places)
            counts.append((int(has_number.sum()), len(np.unique(groups.starts[groups.cells[has_number]]))))
        n_pairs, clusters = np.min(counts, axis=0)
        yield start, _Sizes(quadratics[0], quadratics[1], len(keys), int(n_pairs), int(clusters))


def _shared(sizes: _Sizes) -> Row:
    drift = float(np.sqrt(max(sizes.arm.value, 0) / sizes.outcomes))
    return {"drift": drift, "n_pairs": sizes.n_pairs, "clusters": sizes.clusters}


def _reference_row(sizes: _Sizes) -> Row:
    kept = dict.fromkeys(("success_kept", "similarity_kept", "missing_answers"), 0.0)
    text = {"verdict": REFERENCE, "reason": "", "harms": 0, "harm": "", "note": "the reference itself: no interval"}
    return _shared(sizes) | kept | text | {"drift_left": 1.0}


def _row(sizes: _Sizes, judged: pd.DataFrame) -> Row:
    left, note = drift_left(sizes.reference, sizes.arm)
    success_row = _overall(judged, SUCCESS, ALL, ALL)
    success, similarity = _estimate(success_row), _estimate(_overall(judged, SIMILARITY, ORIGIN, PICTURES))
    missing = [
        _estimate(_overall(judged, MISSING_ANSWERS, attribute, ALL))
        for attribute in dict.fromkeys(judged.loc[judged["family"].astype(str) == MISSING_ANSWERS, "attribute"])
    ]
    worst = max(missing, key=lambda one: one.value, default=Estimate())
    harms = _harms(judged)
    largest = harms.loc[harms["value"].abs().idxmax()] if len(harms) else None
    is_lower = success_row is not None and str(success_row["verdict"]) == LOWER and success.value < -TOLERANCE
    name = "" if largest is None else f"{largest['label']}: {largest['attribute']} {largest['category']}"
    verdict, reason = _verdict(left, success, len(harms), name, is_lower)
    return _shared(sizes) | {
        **left.columns(("drift_left", "drift_left_low", "drift_left_high")),
        **success.columns(("success_kept", "success_low", "success_high")),
        **similarity.columns(("similarity_kept", "similarity_low", "similarity_high")),
        **worst.columns(("missing_answers", "missing_low", "missing_high")),
        **{"harms": len(harms), "largest_harm": np.nan if largest is None else float(largest["value"]), "harm": name},
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
    return Estimate() if row is None else Estimate(float(row["value"]), float(row["ci_low"]), float(row["ci_high"]))


def _harms(judged: pd.DataFrame) -> pd.DataFrame:
    """Return the shares that the arm moves further from no drift than the reference does."""
    is_claim = (judged["family"].astype(str) == SHARES) & judged["verdict"].astype(str).isin([HIGHER, LOWER])
    return judged[is_claim & (judged["value_arm"].abs() > judged["value_reference"].abs())]


def _verdict(left: Estimate, success: Estimate, harms: int, harm: str, is_lower: bool) -> tuple[str, str]:
    points = f"{100 * TOLERANCE:g} points"
    if harms or is_lower:
        more = f"{harms} {'share drifts' if harms == 1 else 'shares drift'} significantly more, most {harm}"
        return HARMS, join_notes(more if harms else "", f"success is lower by more than {points}" if is_lower else "")
    if np.isnan(left.value):
        return NOT_ENOUGH_DATA, "the reference has no drift beyond sampling noise that an arm could remove"
    if left.low > ENOUGH:
        return HELPS_NOT, f"at least {left.low:.0%} of the drift is left"
    if success.high < -TOLERANCE:
        return HELPS_NOT, f"success is lower by more than {points}"
    is_drift_shown, is_success_shown = left.high <= ENOUGH, success.low >= -TOLERANCE
    shown = [
        f"at most {left.high:.0%} of the drift is left" if is_drift_shown else "",
        f"success is within {points}" if is_success_shown else "",
    ]
    if is_drift_shown and is_success_shown:
        return HELPS, join_notes(*shown)
    open_drift = "" if is_drift_shown else f"not shown that at least {1 - ENOUGH:.0%} of the drift is removed"
    open_success = "" if is_success_shown else f"not shown that success is within {points}"
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
        own = str(row.note)
    else:
        own = join_notes(
            str(row.note),
            "no success" if np.isnan(row.success_kept) else "",
            "no similarity" if np.isnan(row.similarity_kept) else "",
            "no missing answers" if np.isnan(row.missing_answers) else "",
            "" if row.harms else "no harm",
        )
    return join_notes(own, "no cost" if np.isnan(row.describe_seconds + row.draw_seconds + row.tokens) else "")
