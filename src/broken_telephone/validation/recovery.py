"""Planted shares against measured ones: by the annotator alone, and corrected with the judge's ratings.

The replicates of the starts split an arm into studies of equal size. One replicate is measured. What the judge reads in
the other replicates tells what the generator draws, planted or not.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics import ABSENT, Panel, Resampling, corrected_table
from broken_telephone.statistics.estimates.panel import label_groups
from broken_telephone.statistics.estimates.shares import clustered_shares
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.group_table import ANNOTATOR, Row, join_notes
from broken_telephone.validation.arms import ValidatedArm
from broken_telephone.validation.judge_ratings import judge_ratings

RECOVERY = (
    *("arm", "replicate", "start", "label", "attribute", "category", "iteration", "method", "planted", "redrawn"),
    *("redrawn_margin", "drawn", "value", "ci_low", "ci_high", "passed", "n", "n_checked", "clusters", "note"),
)


def recovery_table(arms: Sequence[ValidatedArm], rated_per_cell: int, seed: int) -> pd.DataFrame:
    """Compare the shares of the last image with what was planted.

    Args:
        arms: the studies.
        rated_per_cell: see `judge_ratings`.
        seed: of the judge's samples.

    Returns:
        Columns RECOVERY, two rows a cell and replicate: `method` ANNOTATOR is the annotator's share, RATINGS the share
        corrected with the judge's ratings. `planted`: the mean chance of the category for these chains, by their own
        descriptions. `redrawn`: the share that the judge reads in the other replicates, and half of its 95 % interval;
        null with one replicate. `drawn`: the share that the judge reads in the images of this replicate. `passed`:
        whether the 95 % interval, widened by `redrawn_margin` (root of the sum of squares), contains `redrawn`; null
        without an interval or a redrawn share. A note counts chains whose descriptions state no label.
    """
    studies = [(arm, replicate) for arm in arms for replicate in sorted(arm.chains["replicate"].unique())]
    rows = [
        {"replicate": replicate, **row}
        for arm, replicate in track(studies, "Comparing with planted shares", len(studies))
        for row in _rows(arm, (arm.chains["replicate"] == replicate).to_numpy(), rated_per_cell, seed)
    ]
    return pd.DataFrame(rows, columns=list(RECOVERY)).astype({"passed": "boolean"})


def _rows(whole: ValidatedArm, measured: np.ndarray, rated_per_cell: int, seed: int) -> Iterator[Row]:
    arm, others = whole.of(measured), whole.of(~measured)
    ratings = judge_ratings(arm, arm.annotations, rated_per_cell, seed)
    corrected = corrected_table([*arm.panels.values()], Resampling(200, seed), ratings)
    corrected = corrected[(corrected["iteration"] == arm.last) & (corrected["method"] == RATINGS)]
    keys = ["start", "label", "attribute", "category"]
    by_cell = corrected.set_index(keys)[["value", "ci_low", "ci_high", "n", "n_checked", "clusters", "note"]]
    by_ratings = by_cell.to_dict("index")
    for attribute, panel in arm.panels.items():
        chances = arm.planted[attribute][:, arm.last]
        for start, label, chosen in label_groups(panel.starts, panel.labels):
            known = chosen & ~np.isnan(chances[:, 0])
            unknown = int(chosen.sum() - known.sum())
            size = len(panel.categories)
            planted = chances[known].mean(0) if known.any() else np.full(size, np.nan)
            drawn = _shares(arm.judged[attribute], chosen, arm.last)
            redrawn = _redrawn(others.judged[attribute], start, label, whole.last)
            naive = clustered_shares(*_answered(panel, chosen, arm.last), size)
            for code, category in enumerate(panel.categories):
                cell: Row = {
                    "arm": arm.name,
                    "start": start,
                    "label": label,
                    "attribute": attribute,
                    "category": category,
                }
                again, margin = redrawn[code]
                cell |= {"iteration": arm.last, "planted": planted[code], "redrawn": again, "redrawn_margin": margin}
                cell |= {"drawn": drawn[code]}
                note = f"{unknown} chains left out of the planted share: no label stated" if unknown else ""
                share = naive[code]
                own: Row = {"value": share.share, "ci_low": share.ci_low, "ci_high": share.ci_high, "n": share.n}
                own |= {"n_checked": 0, "clusters": share.clusters, "note": "" if share.n else "no answers"}
                for method, numbers in (
                    (ANNOTATOR, own),
                    (RATINGS, by_ratings.get((start, label, attribute, category))),
                ):
                    if numbers is not None:
                        yield cell | {"method": method} | _judged(numbers, again, margin, note)


def _judged(numbers: Row, redrawn: float, margin: float, note: str) -> Row:
    value, low, high = (float(numbers[name]) for name in ("value", "ci_low", "ci_high"))
    is_known = bool(np.isfinite([value, low, high, redrawn, margin]).all())
    passed = None
    if is_known:
        passed = value - np.hypot(value - low, margin) <= redrawn <= value + np.hypot(high - value, margin)
    missing = "" if np.isfinite([redrawn, margin]).all() else "no further replicate with answers"
    missing = missing or ("" if is_known or numbers["note"] or note else "no interval")
    return numbers | {"passed": passed, "note": join_notes(str(numbers["note"]), note, missing)}


def _redrawn(panel: Panel, start: str, label: str, iteration: int) -> list[tuple[float, float]]:
    """Return the share of each category in a group of the other replicates, and half of its 95 % interval."""
    size = len(panel.categories)
    for own_start, own_label, chosen in label_groups(panel.starts, panel.labels):
        if (own_start, own_label) == (start, label):
            shares = clustered_shares(*_answered(panel, chosen, iteration), size)
            return [(one.share, (one.ci_high - one.ci_low) / 2) for one in shares]
    return [(np.nan, np.nan)] * size


def _answered(panel: Panel, chosen: np.ndarray, iteration: int) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and clusters of the chosen chains with an answer."""
    valid = chosen & (panel.codes[:, iteration] != ABSENT)
    return panel.codes[valid, iteration], panel.clusters[valid]


def _shares(panel: Panel, chosen: np.ndarray, iteration: int) -> np.ndarray:
    codes, _ = _answered(panel, chosen, iteration)
    size = len(panel.categories)
    return np.bincount(codes, minlength=size) / len(codes) if len(codes) else np.full(size, np.nan)
