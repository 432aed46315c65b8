"""How often tests of nothing are positive, and how often intervals hold the truth, by simulation.

    python benchmarks/calibration.py
    python benchmarks/calibration.py --tiny    two simulated studies of each kind, in seconds

Simulated studies of five categories: chains, alone or three to a start, keep their category with a probability or take
another. Under no drift the shares stay what they are; under a small one they go a fifth of the way to another
distribution, under a large one all of it. Some ten minutes.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.estimates.bootstrap import Resampling
from broken_telephone.statistics.estimates.panel import ABSENT, Panel
from broken_telephone.statistics.estimates.transitions import fixed_point, half_life
from broken_telephone.statistics.tables.drift_table import drift_table
from broken_telephone.statistics.tables.trajectories import trajectories_table

BEFORE, AFTER = np.array([0.05, 0.15, 0.45, 0.3, 0.05]), np.array([0.02, 0.5, 0.3, 0.15, 0.03])
YEARS = np.array([2, 12, 30, 55, 80.0])
LEVEL = 0.05
DRIFTS = {"none": 0.0, "small": 0.2, "large": 1.0}
"""How much of the way from BEFORE to AFTER."""
CATEGORIES = tuple("abcde")
MEASURES = {
    "share difference": lambda table: distances.share_differences(table)[1],
    "Cohen's h": lambda table: distances.cohens_h(table)[1],
    "mean shift in years": lambda table: distances.mean_shift(table, YEARS),
    "total variation": distances.total_variation,
    "Jensen-Shannon distance": distances.jensen_shannon,
    "weighted Jaccard": distances.jaccard,
    "Cramer's V": distances.cramers_v,
    "kappa": distances.kappa,
}
TESTS = ("Stuart-Maxwell", "Bhapkar", "share difference")


def panel(codes: np.ndarray, owner: np.ndarray) -> Panel:
    """Return chains from images of one label."""
    n = len(codes)
    stated, names = np.full(n, ABSENT, np.int8), np.full(n, "x", dtype=object)
    return Panel("age", CATEGORIES, codes.astype(np.int8), stated, owner, names, np.full(n, "image", dtype=object))


def chains(rng: np.random.Generator, starts: int, replicates: int, stay: float, after: np.ndarray) -> Panel:
    """Simulate chains; of half of the starts all replicates end alike."""
    owner = np.repeat(np.arange(starts), replicates)
    before = rng.choice(5, starts, p=BEFORE)[owner]
    ended = np.where(rng.random(len(owner)) < stay, before, rng.choice(5, len(owner), p=after))
    alike = (rng.random(starts) < 0.5)[owner]
    return panel(np.column_stack([before, np.where(alike, ended[owner * replicates], ended)]), owner)


def steps(rng: np.random.Generator, starts: int, replicates: int, matrix: np.ndarray) -> Panel:
    """Simulate three steps of the same probabilities."""
    owner = np.repeat(np.arange(starts), replicates)
    codes = [rng.choice(5, starts, p=BEFORE)[owner]]
    for _ in range(3):
        codes.append((rng.random((len(owner), 1)) > matrix[codes[-1]].cumsum(1)).sum(1))
    return panel(np.column_stack(codes), owner)


def simulate(
    rng: np.random.Generator, starts: int, replicates: int, stay: float, drift: float, samples: int
) -> dict[str, float]:
    """Return the share of positive tests of nothing, and of intervals that hold the truth, in per cent."""
    after = (1 - drift) * BEFORE + drift * AFTER
    truth = stay * np.diag(BEFORE) + (1 - stay) * np.outer(BEFORE, after)
    matrix = stay * np.eye(5) + (1 - stay) * after
    heading, half = fixed_point(matrix, BEFORE), half_life(stay)
    hits = defaultdict(list)
    for seed in range(samples):
        how = Resampling(500, seed)
        found = drift_table([chains(rng, starts, replicates, stay, after)], [(0, 1)], how, {"age": YEARS})
        rows = found[found["category"].isna() | (found["category"] == "b")].set_index("measure")
        if not drift:
            for name in TESTS:
                hits[f"{name}: p"].append(rows.loc[name, "p_value"] <= LEVEL)
        for name, measure in MEASURES.items():
            low, high = rows.loc[name, ["ci_low", "ci_high"]].astype(float)
            hits[name].append(np.nan if np.isnan(low) else low - 1e-9 <= float(measure(truth)) <= high + 1e-9)
        moves = trajectories_table([steps(rng, starts, replicates, matrix)], how, 0.05)
        end = moves[(moves["kind"] == "fixed point") & (moves["category"] == "b")].iloc[0]
        hits["fixed point"].append(end["ci_low"] <= heading[1] <= end["ci_high"])
        way = moves[moves["kind"] == "half-life"].iloc[0]
        if drift == 1 and not np.isnan(way["value"]):
            hits["half-life"].append(way["ci_low"] <= half and not way["ci_high"] < half)
    return {name: 100 * np.mean(found) for name, found in hits.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000, help="simulated studies of each kind")
    parser.add_argument("--tiny", dest="samples", action="store_const", const=2)
    samples = parser.parse_args(arguments).samples
    rng = np.random.default_rng(0)
    kinds = list(product((1, 3), (10, 30, 100, 300), (0.6, 0.9), DRIFTS))
    rows = [
        {"chains each": each, "starts": starts, "unchanged": stay, "drift": drift}
        | simulate(rng, starts, each, stay, DRIFTS[drift], samples)
        for each, starts, stay, drift in track(kinds, "Simulating studies", len(kinds))
    ]
    error = 100 * 1.96 * np.sqrt(0.05 * 0.95 / samples)
    print(f"Per cent of {samples} samples; Monte-Carlo error of 5 % and 95 %: {error:.1f}")
    print(pd.DataFrame(rows).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
