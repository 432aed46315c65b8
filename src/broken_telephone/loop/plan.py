"""Plans the loop: the order of its steps, the chains of a shard, and a fingerprint of all chains. Pure."""

from collections.abc import Iterable, Iterator

import pandas as pd

from broken_telephone.chains import Chain
from broken_telephone.execution.progress import Step
from broken_telephone.seeds import seed_of
from broken_telephone.tables import sum_of_row_hashes


def order(step: Step) -> int:
    """Return a number that is larger for later steps."""
    return 2 * step.iteration + (step.phase == "draw")


def steps(iterations: int) -> Iterator[Step]:
    """Yield all steps in the order in which they have to be done.

    Description k is of image k - 1, image k is drawn from description k.
    """
    for iteration in range(1, iterations + 1):
        yield Step(iteration, "describe")
        yield Step(iteration, "draw")


def of_shard(chains: Iterable[Chain], shard: str) -> list[Chain]:
    """Return the chains of a shard `i/n`; a chain's own name decides, so that added chains move no other."""
    number, count = (int(part) for part in shard.split("/"))
    if count == 1:
        return list(chains)
    return [chain for chain in chains if seed_of("shard", chain.chain_id) % count == number - 1]


def fingerprint(table: pd.DataFrame) -> str:
    """Return a digest of the chains of a study, whatever their order."""
    return f"{sum_of_row_hashes(table[['chain_id', 'seed', 'image_path', 'image_digest', 'prompt']]):016x}"
