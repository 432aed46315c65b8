"""Finds the chains that a step of the loop is still to be done for, and those whose start is described already."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from broken_telephone.chains import Chain, key
from broken_telephone.execution.journal import Record
from broken_telephone.execution.progress import Step
from broken_telephone.loop.journal import Done

_WORDS = ("text", "tokens", "truncated", "describer", "thought")
"""What a description states beside the chain and its input."""


def left_chains(step: Step, chains: list[Chain], done: Done, missing: Container[str]) -> list[Chain]:
    """Return the chains that a step is to be done for if missing images are drawn again as they were."""
    return [
        chain
        for chain in chains
        if not done.is_over(chain, step)
        and (not done.has(chain, step) or (step.phase == "draw" and key(chain.chain_id, step.iteration) in missing))
    ]


def _without_result(step: Step, chains: list[Chain], done: Done) -> list[Chain]:
    return [chain for chain in chains if not done.has(chain, step) and not done.is_over(chain, step)]


def waiting_chains(step: Step, chains: list[Chain], done: Done) -> list[Chain]:
    """Return the chains that a step can be done for, in the order in which batches are cut from them.

    That is the order of the table; last comes what failed before and is tried again, which no batch had waited for.
    """
    missing = _without_result(step, chains, done)
    missing = [chain for chain in missing if done.before(chain, step) is not None]
    return sorted(missing, key=lambda chain: key(chain.chain_id, step.iteration) in done.tried)


def split_repeated(chains: Sequence[Chain], done: Done) -> tuple[list[Chain], list[Chain]]:
    """Separate the chains whose original must be described from those that can take another chain's description.

    Replicates of one start, and several people in one picture, have the same original and the same prompt. A describer
    that always answers alike describes it once.

    Args:
        chains: that wait for their first description, all from images.
        done: what the journal says.

    Returns:
        The first chain of each original that no chain has described, and all others, both in their order.
    """
    seen = set(described_starts(done))
    first: list[Chain] = []
    repeated: list[Chain] = []
    for chain in chains:
        (repeated if chain.start_digest in seen else first).append(chain)
        seen.add(str(chain.start_digest))
    return first, repeated


def copied_words(chains: Sequence[Chain], described: Mapping[str, Record]) -> Mapping[str, Mapping[str, Any]]:
    """Return chain -> the first description of the same original by another chain, where there is one.

    Args:
        chains: that wait for their first description.
        described: as `described_starts` returns it.
    """
    rows = {chain.chain_id: described.get(str(chain.start_digest)) for chain in chains}
    return {name: {word: row[word] for word in _WORDS if word in row} for name, row in rows.items() if row is not None}


def described_starts(done: Done) -> dict[str, Record]:
    """Return digest of an original -> a first description of it; the earliest chain's."""
    rows: dict[str, Record] = {}
    for row in done.first_descriptions():
        if row["made_from"] is not None and row["describer"] != "prompt":
            rows.setdefault(row["made_from"], row)
    return rows
