"""Markov tests and predicted shares: size, power, the effect of annotator error, and coverage of the intervals.

    python benchmarks/long_chains.py             200 studies of each kind
    python benchmarks/long_chains.py --tiny

One label, three categories, 20 iterations unless the line says otherwise. Chains are of these kinds:

- Markov: of the first order, equal transitions at all steps;
- movers and stayers: 30 % of the chains keep the category of their first image;
- second order: a chain that changed its category goes back with a probability of 30 %;
- early steps differ: the first two steps have twice as many changes as the others;
- errors: Markov, and the annotator gives a random other category to 2, 5 or 10 % of the images.

Rejections are those at 5 %, before the adjustment for several tests. Predictions are made from the steps up to image 3.
`within 5 points` counts categories whose observed share in the last image is so close to the prediction; `if passed`
counts the studies in which no test rejects at 5 %.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from broken_telephone.progress import track
from broken_telephone.statistics import (
    ABSENT,
    Panel,
    Resampling,
    markov_tests_table,
    predicted_shares_table,
    shares_table,
)
from broken_telephone.statistics.tables.markov_tests import HOMOGENEITY, MEMORY, ORDER
from broken_telephone.statistics.tables.predicted_shares import FIXED_POINT, LATER

MARKOV, STAYERS, SECOND, EARLY = "Markov", "movers and stayers", "second order", "early steps differ"
CATEGORIES = ("young", "adult", "old")
STEPS = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.05, 0.15, 0.8]])
ENDS = np.linalg.matrix_power(STEPS, 500)[0]


def simulate(
    rng: np.random.Generator, kind: str, chains: int, iterations: int, replicates: int = 1, error: float = 0.0
) -> Panel:
    """Simulate the observed categories of one study."""
    codes = np.zeros((chains, iterations + 1), np.int64)
    codes[:, 0] = np.repeat(rng.integers(3, size=chains // replicates), replicates)
    for k in range(iterations):
        steps = STEPS
        if kind == EARLY and k < 2:
            off = STEPS * (1 - np.eye(3))
            steps = np.clip(2 * off, 0, 0.5) + np.diag(1 - np.clip(2 * off, 0, 0.5).sum(1))
        drawn = (rng.random(chains)[:, None] > steps[codes[:, k]].cumsum(1)).sum(1)
        if kind == SECOND and k:
            returns = (codes[:, k] != codes[:, k - 1]) & (rng.random(chains) < 0.3)
            drawn = np.where(returns, codes[:, k - 1], drawn)
        codes[:, k + 1] = np.minimum(drawn, 2)
    if kind == STAYERS:
        stays = rng.random(chains) < 0.3
        codes[stays] = codes[stays, :1]
    wrong = rng.random(codes.shape) < error
    codes = np.where(wrong, (codes + rng.integers(1, 3, size=codes.shape)) % 3, codes)
    label, image = (np.full(chains, text, dtype=object) for text in ("joy", "image"))
    owner = np.arange(chains) // replicates
    return Panel("age", CATEGORIES, codes.astype(np.int8), np.full(chains, ABSENT, np.int8), owner, label, image)


def rates(kind: str, chains: int, iterations: int, replicates: int, error: float, studies: int) -> str:
    """Return a line with the rejections of the tests and the quality of the predictions."""
    rng = np.random.default_rng([chains, iterations, replicates, round(100 * error)])
    rejected = {HOMOGENEITY: 0, ORDER: 0, MEMORY: 0}
    held, held_ends, close, close_if_passed = [], [], [], []
    for number in track(range(studies), "Simulating studies", studies):
        panel, resampling = simulate(rng, kind, chains, iterations, replicates, error), Resampling(400, number)
        tests = markov_tests_table([panel], resampling)
        fails = {str(row.kind): row.p_value <= 0.05 for row in tests.itertuples(index=False)}
        for name in rejected:
            rejected[name] += fails[name]
        table = predicted_shares_table([panel], shares_table([panel], "judge"), tests, resampling)
        last = table[(table["kind"] == LATER) & (table["iteration"] == iterations)]
        inside = last["observed"].between(last["ci_low"] - 1e-9, last["ci_high"] + 1e-9)
        near = [*((last["observed"] - last["value"]).abs() <= 0.05 + 1e-9)]
        ends = table[table["kind"] == FIXED_POINT]
        held, close = [*held, *inside], [*close, *near]
        held_ends += [*((ends["ci_low"] <= ENDS) & (ends["ci_high"] >= ENDS))]
        close_if_passed += near if not any(fails.values()) else []
    passed = f"{np.mean(close_if_passed):6.1%}" if close_if_passed else "  none"
    parts = " ".join(f"{count / studies:6.1%}" for count in rejected.values())
    return (
        f"{kind:20} {chains:6} {replicates:10} {iterations:10} {error:6.0%} | {parts} | {np.mean(held):6.1%} "
        f"{np.mean(held_ends):6.1%} {np.mean(close):6.1%} {passed}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a few studies of the smallest kind")
    studies = 3 if parser.parse_args(arguments).tiny else 200
    kinds = [
        *((MARKOV, chains, 20, replicates, 0.0) for chains, replicates in ((30, 1), (60, 1), (60, 3), (200, 1))),
        *((MARKOV, 60, iterations, 1, 0.0) for iterations in (5, 100)),
        (MARKOV, 1000, 20, 1, 0.0),
        *((kind, chains, 20, 1, 0.0) for kind in (STAYERS, SECOND, EARLY) for chains in (30, 60, 200)),
        *((MARKOV, chains, 20, 1, error) for error in (0.02, 0.05, 0.1) for chains in (60, 200)),
    ]
    header = f"{'kind':20} {'chains':>6} {'replicates':>10} {'iterations':>10} {'errors':>6} | homog.  order memory |"
    print(f"{header} observed in the interval, fixed point in it, within 5 points, if passed")
    for kind in kinds[:1] if studies == 3 else kinds:
        print(rates(*kind, studies), flush=True)


if __name__ == "__main__":
    main()
