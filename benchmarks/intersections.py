"""Error and coverage of the changes of crossed categories, raw and partially pooled, and false claims.

    python benchmarks/intersections.py             200 studies of each kind; some minutes
    python benchmarks/intersections.py --tiny

Seven labels, five ages and two genders. The labels differ in their originals and in the way their chains change:

- none: chains change category, but all shares stay the same.
- attributes: ages and genders change independently of each other.
- crossed: in addition, one crossed category of each label passes half of its chains to another.

A study claims a change if a crossed category has an adjusted p-value below 5 %.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics import ALL, Resampling, with_adjusted_p_values
from broken_telephone.statistics.estimates.panel import Panel
from broken_telephone.statistics.tables.intersections import intersections_table

LABELS = 7
AGES, GENDERS = ("0-3", "4-19", "20-39", "40-69", "70+"), ("male", "female")
AGE_SHARES = np.array([0.07, 0.2, 0.5, 0.18, 0.05])
KINDS = ("none", "attributes", "crossed")


def label_truth(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw the shares of the crossed categories of a label's originals (C,), and its transitions (C, C)."""
    shares = rng.dirichlet(40 * np.repeat(AGE_SHARES, len(GENDERS)) / len(GENDERS) + 0.1)
    if kind == "none":
        return shares, 0.6 * np.eye(len(shares)) + 0.4 * shares
    ages = 0.7 * np.eye(len(AGES)) + 0.3 * rng.dirichlet(20 * np.array([0.01, 0.04, 0.85, 0.08, 0.02]))
    genders = 0.6 * np.eye(2) + 0.4 * rng.dirichlet([2, 6])
    moves = np.kron(ages, genders)
    if kind == "crossed":
        source, target = rng.choice(len(shares), 2, replace=False)
        passed = np.eye(len(shares))
        passed[source, [source, target]] = 0.5
        moves = moves @ passed
    return shares, moves


def simulate(
    rng: np.random.Generator, kind: str, starts: int, replicates: int
) -> tuple[tuple[Panel, Panel], np.ndarray]:
    """Simulate a study; return its panels of age and gender, and the true changes (labels, C)."""
    truths = [label_truth(rng, kind) for _ in range(LABELS)]
    before, after = [], []
    for shares, moves in truths:
        first = np.repeat(rng.choice(len(shares), starts, p=shares), replicates)
        before.append(first)
        after.append((rng.random((len(first), 1)) > moves.cumsum(1)[first]).sum(1).clip(max=len(shares) - 1))
    codes = np.stack([np.concatenate(before), np.concatenate(after)], axis=1)
    clusters = np.repeat(np.arange(starts * LABELS), replicates)
    labels = np.array([f"label {start // starts}" for start in clusters], dtype=object)
    unknown, image = np.full(len(clusters), -1, np.int8), np.full(len(clusters), "image", dtype=object)
    parts = (codes // len(GENDERS)).astype(np.int8), (codes % len(GENDERS)).astype(np.int8)
    age, gender = (
        Panel(name, categories, part, unknown, clusters, labels, image)
        for name, categories, part in zip(("age", "gender"), (AGES, GENDERS), parts, strict=True)
    )
    return (age, gender), np.array([shares @ moves - shares for shares, moves in truths])


def measure(kind: str, starts: int, replicates: int, studies: int) -> dict[str, float]:
    """Simulate studies of one kind; return errors, coverages and claims as shares, 0 to 1."""
    rng = np.random.default_rng(1)
    errors: dict[str, list[np.ndarray]] = {"value": [], "pooled_value": []}
    covered: dict[str, list[np.ndarray]] = {"raw": [], "pooled": []}
    claims = []
    for _ in track(range(studies), "Simulating studies", studies):
        pair, truth = simulate(rng, kind, starts, replicates)
        table = with_adjusted_p_values(intersections_table([pair], Resampling(400, 1)), ["start", "iteration"])
        claims.append(bool((table["p_adjusted"] < 0.05).any()))
        own = table[table["label"] != ALL].assign(truth=truth.ravel())
        for name, values in errors.items():
            values.append((own[name] - own["truth"]).to_numpy(float) ** 2)
        for name, (low, high) in {"raw": ("ci_low", "ci_high"), "pooled": ("pooled_low", "pooled_high")}.items():
            covered[name].append(((own[low] <= own["truth"]) & (own["truth"] <= own[high])).to_numpy())
    return {
        "raw error": float(np.sqrt(np.mean(errors["value"]))),
        "pooled error": float(np.sqrt(np.mean(errors["pooled_value"]))),
        "raw coverage": float(np.mean(covered["raw"])),
        "pooled coverage": float(np.mean(covered["pooled"])),
        "studies with a claim": float(np.mean(claims)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="of each kind")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    sizes = [(10, 1), (30, 1), (30, 3), (100, 1), (300, 1)]
    rows = []
    for starts, replicates in sizes[:1] if options.tiny else sizes:
        for kind in KINDS:
            measured = measure(kind, starts, replicates, 2 if options.tiny else options.studies)
            rows.append({"kind": kind, "starts": starts, "replicates": replicates} | measured)
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
