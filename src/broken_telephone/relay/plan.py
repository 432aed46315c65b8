"""Which chains there are, which of them a shard follows, and in what order the phases come. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from broken_telephone.seeds import seed_of
from broken_telephone.work.progress import Step


@dataclass(frozen=True)
class Chain:
    """The part of a row of `chains` that the loop needs."""

    chain_id: str
    seed: int
    image_path: str | None
    """Where the original lies in the data set; None for a chain that starts from a prompt."""
    prompt: str | None


def order(step: Step) -> int:
    """Return a number that is larger for later steps."""
    return 2 * step.iteration + (step.phase == "draw")


def key(chain_id: str, iteration: int) -> str:
    """Return the partition key of an image or a description."""
    return f"{chain_id}/{iteration}"


def chains_of(table: pd.DataFrame) -> list[Chain]:
    """Return the rows of a `chains` table as chains, in its order."""
    columns = (table[name].astype(object).where(table[name].notna(), None) for name in ("image_path", "prompt"))
    rows = zip(table["chain_id"].astype(str), table["seed"].astype(int), *columns, strict=True)
    return [Chain(name, int(seed), path, prompt) for name, seed, path, prompt in rows]


def steps(iterations: int) -> Iterator[Step]:
    """Yield all steps in the order in which they have to be done.

    Description k is of image k - 1, image k is drawn from description k.
    """
    for iteration in range(1, iterations + 1):
        yield Step(iteration, "describe")
        yield Step(iteration, "draw")


def of_shard(chains: Iterable[Chain], shard: str) -> list[Chain]:
    """Return the chains of a shard `i/n`: decided by each chain's own name, so that added chains move no other."""
    number, count = (int(part) for part in shard.split("/"))
    if count == 1:
        return list(chains)
    return [chain for chain in chains if seed_of("shard", chain.chain_id) % count == number - 1]


def fingerprint(table: pd.DataFrame) -> str:
    """Return a digest of the chains of a study, whatever their order."""
    columns: list[Any] = [table[name].astype(str) for name in ("chain_id", "seed", "image_path", "prompt")]
    rows = pd.util.hash_pandas_object(pd.concat(columns, axis=1), index=False)
    return f"{int(rows.to_numpy().sum()):016x}"
