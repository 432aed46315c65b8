"""What is left to do: chains and what exists already -> steps. Pure, and the same in any order of work."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd


@dataclass(frozen=True)
class Chain:
    """The part of a row of `chains` that the loop needs."""

    chain_id: str
    seed: int
    image_path: str | None
    """Where the original lies in the data set; None for a chain that starts from a prompt."""
    prompt: str | None


@dataclass(frozen=True)
class Step:
    """One phase of one iteration, for the chains that lack its result."""

    iteration: int
    phase: Literal["describe", "draw"]
    chains: tuple[Chain, ...]


def key(chain_id: str, iteration: int) -> str:
    """Return the partition key of an image or a description."""
    return f"{chain_id}/{iteration}"


def chains_of(table: pd.DataFrame) -> list[Chain]:
    """Return the rows of a `chains` table as chains, in its order."""
    return [
        Chain(str(row.chain_id), int(row.seed), _text(row.image_path), _text(row.prompt)) for row in table.itertuples()
    ]


def steps(chains: Iterable[Chain], iterations: int, images: Collection[str], texts: Collection[str]) -> list[Step]:
    """Return what is left to do, in the order in which it has to be done.

    Args:
        chains: the chains of the study.
        iterations: how far to follow them.
        images: keys of the pictures that exist.
        texts: keys of the descriptions that exist.
    """
    found = []
    chains = list(chains)
    for iteration in range(1, iterations + 1):
        for phase, done in (("describe", texts), ("draw", images)):
            missing = tuple(chain for chain in chains if key(chain.chain_id, iteration) not in done)
            if missing:
                found.append(Step(iteration, phase, missing))  # type: ignore[arg-type]
    return found


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
