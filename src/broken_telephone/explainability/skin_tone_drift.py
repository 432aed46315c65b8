"""Drift of the colour of faces: of its mean as an angle, and of its places on the Monk Skin Tone scale."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.explainability.faces.skin_tone import MONK_BINS
from broken_telephone.explainability.maps.permutation_tests import flipped
from broken_telephone.statistics import (
    Resampling,
    bootstrap_interval,
    clusters_of,
    drift_table,
    first_picture,
    label_groups,
    panels,
)

ANGLE, MONK = "typology angle", "monk"
LACKING, BRIGHTNESS_ERROR = "share without skin tone", "shift at 10 % brightness"
_DEGREES = (-180.0, 180.0)


def skin_table(faces: pd.DataFrame, chains: pd.DataFrame, iterations: int, resampling: Resampling) -> pd.DataFrame:
    """Measure how far the colour of the counted faces drifted since each chain's first picture.

    Args:
        faces: the table of faces; one counts in each picture.
        chains: the `chains` table; those without a face do not count.
        iterations: of the loop.
        resampling: of intervals.

    Returns:
        Columns of `drift_table.DRIFT`. Attribute `monk` has all measures of drift. Attribute `typology angle` has:

        - "mean": degrees, of each iteration (since is that iteration), without a p-value;
        - "mean shift": degrees, of chains with a face in both pictures. The p-value comes from changing the signs of
          all shifts of a start, in all ways if starts are few;
        - `LACKING` and `BRIGHTNESS_ERROR` of the faces of each iteration.
    """
    main = faces[faces["counted"].astype(bool)]
    counted = main[main["typology_angle"].notna()]
    counted = counted.sort_values("face").assign(attribute=MONK, status="valid", category=counted["monk"])
    first = counted.drop_duplicates(["chain_id", "iteration"])
    of_faces = chains[chains["chain_id"].isin(counted["chain_id"])]
    table = drift_table(
        [*panels(first, of_faces, {MONK: MONK_BINS}, iterations).values()],
        [(None, k) for k in range(1, iterations + 1)],
        resampling,
    )
    angles = counted.pivot_table(index="chain_id", columns="iteration", values="typology_angle", aggfunc="mean")
    angles = angles.reindex(of_faces["chain_id"]).reindex(columns=range(iterations + 1)).to_numpy(float)
    rows = [*_means(angles, of_faces, resampling), *_light(main, chains)]
    return pd.concat([pd.DataFrame(rows, columns=list(table.columns)), table], ignore_index=True)


def _light(faces: pd.DataFrame, chains: pd.DataFrame) -> Iterator[dict]:
    """Yield, by iteration, the share of faces without a skin tone, and how far 10 % of brightness moves the angle.

    The share stands for all faces (no category) and for each reason (category). The error of a face is half the
    difference between its angles at 10 % more and at 10 % less light.
    """
    clusters = chains.assign(cluster=clusters_of(chains))[["chain_id", "start", "label", "cluster"]]
    own = faces.merge(clusters, on="chain_id")
    starts, labels = (own[name].astype(str).to_numpy(object) for name in ("start", "label"))
    for start, label, chosen in label_groups(starts, labels):
        for iteration, some in own[chosen].groupby("iteration"):
            lacking = some["typology_angle"].isna()
            known = some[~lacking]
            half = (known["typology_angle_high"] - known["typology_angle_low"]).astype(float) / 2
            where = {"start": start, "label": label, "attribute": ANGLE, "since": iteration, "iteration": iteration}
            where |= {"ci_low": np.nan, "ci_high": np.nan, "degrees_of_freedom": pd.NA, "p_value": np.nan}
            reasons = some.loc[lacking, "skin_note"].astype(str).value_counts()
            for reason, count in ((None, int(lacking.sum())), *reasons.items()):
                share = {"measure": LACKING, "category": reason, "value": count / len(some), "n": len(some)}
                yield where | share | {"clusters": some["cluster"].nunique(), "note": "no interval, no test"}
            error = {"measure": BRIGHTNESS_ERROR, "value": float(half.mean()) if len(half) else np.nan}
            sizes = {"n": len(known), "clusters": known["cluster"].nunique()}
            yield where | error | sizes | {"category": None, "note": "no interval, no test"}


def _means(angles: np.ndarray, chains: pd.DataFrame, resampling: Resampling) -> list[dict]:
    clusters = clusters_of(chains)
    starts, labels = (chains[name].astype(str).to_numpy(object) for name in ("start", "label"))
    rows = []
    for start, label, chosen in label_groups(starts, labels):
        begin = first_picture(start)
        some, own = angles[chosen], clusters[chosen]
        for last in range(begin, angles.shape[1]):
            where = {"start": start, "label": label, "attribute": ANGLE, "iteration": last, "category": None}
            rows.append(where | {"since": last, "measure": "mean"} | _mean(some[:, last], own, resampling))
            if last > begin:
                shift = {"since": begin, "measure": "mean shift"}
                rows.append(where | shift | _mean(some[:, last] - some[:, begin], own, resampling, tested=True))
    return rows


def _mean(values: np.ndarray, clusters: np.ndarray, resampling: Resampling, tested: bool = False) -> dict:
    """Return the mean, its interval by resampling starts, and a test of whether it is zero."""
    known = np.isfinite(values)
    names, places = np.unique(clusters[known], return_inverse=True)
    count = {"n": int(known.sum()), "clusters": len(names), "degrees_of_freedom": pd.NA, "p_value": np.nan}
    if not len(names):
        return count | {"value": np.nan, "ci_low": np.nan, "ci_high": np.nan, "note": "no face"}
    sums = np.bincount(places, values[known])
    sizes = np.bincount(places)
    rng = np.random.default_rng(resampling.seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), resampling.n_bootstrap)
    interval = bootstrap_interval(float(sums.sum() / sizes.sum()), drawn @ sums / (drawn @ sizes), len(names), _DEGREES)
    note = "too few starts: no interval"
    if np.isfinite(interval.low):
        note = "" if tested else "no test"
        if tested:
            count["p_value"] = float(flipped(sums[:, None], *resampling)[0])
    return count | {"value": interval.value, "ci_low": interval.low, "ci_high": interval.high, "note": note}
