"""How often tests of nothing are positive, and how often intervals hold the truth, by simulation.

    python benchmarks/calibration.py

Simulated studies of five categories: chains, alone or three to a start, keep their category with a probability or take
another. Under "nothing" the shares stay what they are; else they go from one distribution to another. A few minutes.
"""

import argparse
from collections import defaultdict

import numpy as np
import pandas as pd

from broken_telephone.measures import distances
from broken_telephone.measures.drift_table import ENOUGH
from broken_telephone.measures.estimate import spread
from broken_telephone.measures.paired import bhapkar, stuart_maxwell
from broken_telephone.measures.pairs import Pairs, pairs
from broken_telephone.progress import track

BEFORE, AFTER = np.array([0.05, 0.15, 0.45, 0.3, 0.05]), np.array([0.02, 0.5, 0.3, 0.15, 0.03])
YEARS = np.array([2, 12, 30, 55, 80.0])
MEASURES = {
    "share difference": lambda t: distances.share_differences(t)[..., 1],
    "Cohen's h": lambda t: distances.cohens_h(t)[..., 1],
    "mean shift in years": lambda t: distances.mean_shift(t, YEARS),
    "total variation": distances.total_variation,
    "Jensen-Shannon distance": distances.jensen_shannon,
    "weighted Jaccard": distances.jaccard,
    "Cramer's V": distances.cramers_v,
    "kappa": distances.kappa,
}
CURVED = ("Jensen-Shannon distance", "weighted Jaccard", "Cramer's V", "kappa")


def chains(rng: np.random.Generator, starts: int, replicates: int, stay: float, after: np.ndarray) -> Pairs:
    """Simulate chains; of half of the starts all replicates end alike."""
    owner = np.repeat(np.arange(starts), replicates)
    before = rng.choice(5, starts, p=BEFORE)[owner]
    ended = np.where(rng.random(len(owner)) < stay, before, rng.choice(5, len(owner), p=after))
    alike = (rng.random(starts) < 0.5)[owner]
    return pairs(before, np.where(alike, ended[owner * replicates], ended), owner, 5)


def simulate(rng: np.random.Generator, starts: int, replicates: int, stay: float, samples: int) -> dict[str, float]:
    """Return the share of positive tests of nothing, and of intervals that hold the truth, in per cent."""
    truth = stay * np.diag(BEFORE) + (1 - stay) * np.outer(BEFORE, AFTER)
    hits = defaultdict(list)
    for seed in range(samples):
        nothing = chains(rng, starts, replicates, stay, BEFORE)
        test = stuart_maxwell(nothing.changes, 999, seed)
        hits["Stuart-Maxwell"].append(test.p_value <= 0.05)
        hits["Bhapkar"].append(bhapkar(test, nothing.clusters).p_value <= 0.05)
        hits["one category"].append(stuart_maxwell(nothing.changes[:, [2]], 999, seed).p_value <= 0.05)
        drifted = chains(rng, starts, replicates, stay, AFTER)
        resampled = drifted.resampled(500, seed)
        for name, measure in MEASURES.items():
            found = spread(float(measure(drifted.table)), measure(resampled), drifted.clusters, (-np.inf, np.inf))
            hits[name].append(found.low <= float(measure(truth)) <= found.high)
    given = {name: 100 * np.mean(found) for name, found in hits.items()}
    return {name: np.nan if starts < ENOUGH and name in CURVED else value for name, value in given.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000, help="simulated studies of each kind")
    samples = parser.parse_args().samples
    rng = np.random.default_rng(0)
    kinds = [(starts, each, stay) for each in (1, 3) for starts in (10, 30, 100, 300) for stay in (0.6, 0.9)]
    rows = [
        {"starts": starts, "chains each": each, "unchanged": stay, **simulate(rng, starts, each, stay, samples)}
        for starts, each, stay in track(kinds, "Simulating studies", len(kinds))
    ]
    error = 100 * 1.96 * np.sqrt(0.05 * 0.95 / samples)
    print(f"Per cent of {samples} samples; Monte-Carlo error of 5 % and 95 %: {error:.1f}")
    print(pd.DataFrame(rows).round(1).to_string(index=False))


if __name__ == "__main__":
    main()
