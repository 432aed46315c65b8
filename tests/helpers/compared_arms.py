"""Arms of a comparison with planted differences: chains of several labels, with replicates of their starts."""

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd

from broken_telephone.statistics import Panel
from broken_telephone.statistics.outcomes import Arm, Outcome, category_outcomes, missing_outcome

GENDERS = ("woman", "man")


def chains_of(starts: int, labels: int = 2, replicates: int = 1, start: str = "image") -> pd.DataFrame:
    """Return the `chains` table: `starts` in each label."""
    number = np.repeat(np.arange(starts * labels), replicates)
    origins = np.array([f"{start} {k}" for k in number], dtype=object)
    is_image = start == "image"
    return pd.DataFrame(
        {
            "chain_id": [f"{start[0]}{k}" for k in range(len(number))],
            "start": start,
            "image_id": origins if is_image else None,
            "prompt": None if is_image else origins,
            "label": [f"label {k % labels}" for k in number],
        }
    )


def panel_of(chains: pd.DataFrame, codes: np.ndarray, attribute="gender", categories=GENDERS) -> Panel:
    origins = chains["image_id"].fillna(chains["prompt"])
    labels, starts = (chains[name].to_numpy(dtype=object) for name in ("label", "start"))
    unknown = np.full(len(chains), -1, np.int8)
    clusters = np.asarray(pd.factorize(origins)[0])
    return Panel(attribute, tuple(categories), codes.astype(np.int8), unknown, clusters, labels, starts)


def pulled_arm(
    name: str, chains: pd.DataFrame, first: np.ndarray, pull: np.ndarray, rng, missing=0.0, churn=0.2
) -> Arm:
    """Pull a share of the chains to the first gender after the first image, or to the second one if it is below 0.

    Args:
        first: codes of the first image, (n,).
        pull: (n,), -1 to 1. The share of women changes by half of it.
        rng: of this arm.
        missing: share of missing answers for the last image.
        churn: share of chains that change by chance.
    """
    n = len(chains)
    after = np.where(rng.random(n) < churn, rng.integers(0, 2, n), first)
    after = np.where(rng.random(n) < np.abs(pull), np.where(pull > 0, 0, 1), after)
    after = np.where(rng.random(n) < missing, -1, after)
    panel = panel_of(chains, np.stack([first, after], 1))
    success = Outcome("success", "(all)", "(all)", np.stack([np.ones(n), (rng.random(n) < 0.8).astype(float)], 1))
    return Arm(name, chains, [*category_outcomes(panel), missing_outcome(panel), success])


def grid_of(
    pull: Callable[[tuple[int, ...], int], float], rng, factors=("generator", "describer"), starts=80, labels=2
) -> tuple[list[Arm], pd.DataFrame]:
    """Return the arms of a full grid with two levels of each factor, and their levels."""
    chains = chains_of(starts, labels)
    number = chains["label"].str[-1].astype(int)
    first = rng.integers(0, 2, len(chains))
    levels = list(itertools.product((0, 1), repeat=len(factors)))
    names = ["".join(map(str, own)) for own in levels]
    arms = [
        pulled_arm(name, chains, first, number.map(lambda label, own=own: pull(own, label)).to_numpy(float), rng)
        for name, own in zip(names, levels, strict=True)
    ]
    texts = [[f"{factor} {k}" for factor, k in zip(factors, own, strict=True)] for own in levels]
    return arms, pd.DataFrame(texts, index=names, columns=list(factors))
