"""Lists what chains finished: their descriptions and pictures, by chain and iteration."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

import pandas as pd

from broken_telephone.chains import Chain, chain_and_iteration, key
from broken_telephone.execution.adoption import in_batches
from broken_telephone.execution.journal import Record
from broken_telephone.execution.progress import Step
from broken_telephone.loop.journal import Done
from broken_telephone.tables import DESCRIPTIONS, table_in_parts

_AT_ONCE = 1024
"""Chains whose rows are made at once."""


class FinishedSteps:
    """What chains finished, each from its first step to the first that is missing."""

    def __init__(self, done: Done, chains: Sequence[Chain], iterations: int) -> None:
        """Look through chains, as far as they are to be followed."""
        self.done, self.chains, self.iterations = done, chains, iterations
        self._counts = {chain.chain_id: len(done.finished(chain, iterations)) for chain in chains}

    def has_drawn(self, name: str) -> bool:
        """Return whether a picture is among the finished steps."""
        chain_id, iteration = chain_and_iteration(name)
        return 2 * iteration <= self._counts.get(chain_id, 0)

    def drawn(self) -> Iterator[str]:
        """Yield the keys of the pictures."""
        return (key(name, k) for name, count in self._counts.items() for k in range(1, count // 2 + 1))

    def described(self) -> Iterator[str]:
        """Yield the keys of the descriptions."""
        return (key(name, k) for name, count in self._counts.items() for k in range(1, (count + 1) // 2 + 1))

    def adopted_from(self, phase: str) -> dict[str, int]:
        """Return study -> how many results of a phase it made for this study.

        Args:
            phase: `describe` or `draw`.
        """
        names = map(chain_and_iteration, self.drawn() if phase == "draw" else self.described())
        results = (self.done.result(name, Step(k, phase)) for name, k in names)
        return dict(
            Counter(each.adopted_from for each in results if each is not None and each.adopted_from is not None)
        )

    @cached_property
    def descriptions(self) -> pd.DataFrame:
        """The `loop_descriptions` table."""
        blocks = in_batches(list(self._counts.items()), _AT_ONCE)
        return table_in_parts((self._rows(block) for block in blocks), DESCRIPTIONS)

    def _rows(self, block: Sequence[tuple[str, int]]) -> list[Record]:
        # Read by iteration, which is their order in the journal.
        rows = {
            (name, k): self.done.row(name, k)
            for k in range(1, self.iterations + 1)
            for name, count in block
            if 2 * k - 1 <= count
        }
        return [rows[name, k] for name, count in block for k in range(1, (count + 1) // 2 + 1)]
