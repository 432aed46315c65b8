"""Defines chains as every stage uses them: their starts, and the keys of their pictures."""

from dataclasses import dataclass

import pandas as pd

from broken_telephone.seeds import digest


@dataclass(frozen=True)
class Chain:
    """The part of a row of `chains` that pictures and descriptions depend on."""

    chain_id: str
    seed: int
    image_path: str | None
    """The original's path in the data set; None for a chain that starts from a prompt."""
    prompt: str | None
    image_digest: str | None
    """Digest of the original's bytes; None for a chain that starts from a prompt."""

    @property
    def start_digest(self) -> str | None:
        """The digest of the chain's start: its original or its prompt."""
        return self.image_digest if self.prompt is None else digest(self.prompt)


def key(chain_id: str, iteration: int) -> str:
    """Return the partition key of an image or a description."""
    return f"{chain_id}/{iteration}"


def iteration_of(name: str) -> int:
    """Return the iteration of the partition key of an image or a description."""
    return int(name.rpartition("/")[2])


def chains_of(table: pd.DataFrame) -> list[Chain]:
    """Return the rows of a `chains` table as chains, in the order of the table."""
    names = ("image_path", "prompt", "image_digest")
    columns = (table[name].astype(object).where(table[name].notna(), None) for name in names)
    rows = zip(table["chain_id"].astype(str), table["seed"].astype(int), *columns, strict=True)
    return [Chain(name, int(seed), path, prompt, digest) for name, seed, path, prompt, digest in rows]
