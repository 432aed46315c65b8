"""Rows of the table of benchmarks: what a script measured, as ratios within one run, and the machine's matrix rate."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SIDE = 1024
"""Rows and columns of the matrices that are multiplied."""


@dataclass(frozen=True)
class Row:
    """One figure of a benchmark."""

    what: str
    """What was measured."""
    value: float
    unit: str
    """`times`, `%`, or a unit per item."""
    compared: str
    """What it was compared with, in the same run."""


def save(path: Path, rows: Sequence[Row]) -> None:
    """Write rows for `all.py`."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


def read(path: Path) -> list[Row]:
    """Read rows."""
    return [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def matrix_rates(seconds: float = 0.5) -> dict[str, float]:
    """Return dtype -> GFLOP/s of products of large matrices on this machine's processors, now.

    Args:
        seconds: how long products are made, for each dtype.
    """
    import torch

    rates = {}
    for name in ("float32", "bfloat16"):
        one = torch.rand(SIDE, SIDE).to(getattr(torch, name))
        torch.mm(one, one)
        count, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds:
            torch.mm(one, one)
            count += 1
        rates[name] = 2 * SIDE**3 * count / spent / 1e9
    return rates
