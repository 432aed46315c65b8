"""Defines chains as every stage uses them: their starts, and the keys of their pictures."""

from dataclasses import dataclass

import pandas as pd

from broken_telephone.errors import StudyError
from broken_telephone.seeds import digest, item_seed


@dataclass(frozen=True, slots=True)
class Chain:
    """The part of a row of `chains` that pictures and descriptions depend on."""

    chain_id: str
    seed: int | None
    """None for an imported chain, whose seed is unknown."""
    image_path: str | None
    """The original's path in the data set; None for a chain that starts from a prompt."""
    prompt: str | None
    image_digest: str | None
    """Digest of the original's bytes; None for a chain that starts from a prompt."""

    def item_seed(self, iteration: int) -> int:
        """Return the seed of one image.

        Raises:
            StudyError: if the chain was imported.
        """
        if self.seed is None:
            raise StudyError(f"The seed of {self.chain_id} is unknown, because it was imported: nothing can be drawn")
        return item_seed(self.seed, iteration)

    @property
    def start_digest(self) -> str | None:
        """The digest of the chain's start: its original or its prompt."""
        return self.image_digest if self.prompt is None else digest(self.prompt)


def key(chain_id: str, iteration: int) -> str:
    """Return the partition key of an image or a description."""
    return f"{chain_id}/{iteration}"


def chain_and_iteration(name: str) -> tuple[str, int]:
    """Return chain and iteration of the partition key of an image or a description."""
    chain_id, _, iteration = name.rpartition("/")
    return chain_id, int(iteration)


def iteration_of(name: str) -> int:
    """Return the iteration of the partition key of an image or a description."""
    return chain_and_iteration(name)[1]


def chains_of(table: pd.DataFrame) -> list[Chain]:
    """Return the rows of a `chains` table as chains, in the order of the table."""
    # Replicates share the texts of their start.
    starts = (table[name].astype("category") for name in ("image_path", "prompt", "image_digest"))
    columns = (column.astype(object).where(column.notna(), None) for column in (table["seed"], *starts))
    rows = zip(table["chain_id"].astype(str), *columns, strict=True)
    return [
        Chain(name, None if seed is None else int(seed), path, prompt, image_digest)
        for name, seed, path, prompt, image_digest in rows
    ]
