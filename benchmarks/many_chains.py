"""Time and memory of the loop around its models, at 1,000 and at 100,000 chains: both must grow in proportion.

    python benchmarks/many_chains.py           three iterations, with models that answer at once
    python benchmarks/many_chains.py --tiny    7 and 14 chains

Each size is a run in a process of its own, and a second run that finds nothing left to do.
"""

import argparse
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loop import kedro_run
from projects import STAND_INS, chains_from_images, project
from rows import Row, save


class Cost(NamedTuple):
    """What a study took."""

    chains: int
    images: int
    around: float
    """Seconds of the run that were not the models'."""
    again: float
    """Seconds of a run with nothing left to do, with its start."""
    memory: float
    """MB, at most."""


def cost_of(chains: int) -> Cost:
    """Follow so many chains, or a few more, for three iterations."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project(folder, {"chains": chains_from_images(chains), "loop": {"iterations": 3}}, STAND_INS)
        first = kedro_run(folder)
        # Of all runs so far; sizes come in their order.
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        again = kedro_run(folder)
    counts, seconds = first["counts"], first["sessions"][0]["seconds"]
    return Cost(counts["chains"], counts["images"], seconds["around"], again["wall"], memory)


def rows_of(small: Cost, large: Cost) -> list[Row]:
    """Return the rows of the table of benchmarks."""
    sizes = f"{small.chains:,} chains"
    times = [1000 * cost.around / cost.images for cost in (small, large)]
    kilobytes = 1024 * (large.memory - small.memory) / (large.chains - small.chains)
    return [
        Row(f"time around the models, an image of {large.chains:,} chains", times[1] / times[0], "times", sizes),
        Row(f"memory above the base, a chain of {large.chains:,}", kilobytes, "kB", sizes),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what each size takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs=2, default=[1_000, 100_000], help="the smaller one first")
    parser.add_argument("--rows", type=Path, help="write rows for all.py here")
    parser.add_argument("--tiny", dest="sizes", action="store_const", const=[7, 14])
    asked = parser.parse_args(arguments)
    small, large = map(cost_of, asked.sizes)
    for cost in (small, large):
        print(
            f"{cost.chains:,} chains: {1000 * cost.around / cost.images:.2f} ms around the models for each image; "
            f"a run with nothing to do {cost.again:.1f} s; memory {cost.memory:,.0f} MB"
        )
    rows = rows_of(small, large)
    print(f"memory above the smaller study: {rows[1].value:.2f} kB a chain")
    if asked.rows:
        save(asked.rows, rows)


if __name__ == "__main__":
    main()
