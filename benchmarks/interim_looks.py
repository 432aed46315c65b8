"""Error rate of interim looks, and the starts that they save against a study of fixed size.

    python benchmarks/interim_looks.py             1,000 studies of each kind; about a minute
    python benchmarks/interim_looks.py --tiny

Each study has independent starts, whose category changes in the same direction or not, and ten looks. Without a
change, every rejection is an error. With a change of 0.3, the fixed study has the number of starts that one test needs
for the power of the study with looks. The column `saved` compares mean numbers of starts.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics.estimates.panel import Panel
from broken_telephone.statistics.hypothesis_tests.sample_size import starts_needed
from broken_telephone.statistics.tables.interim_looks import OPEN, interim_looks_table, look_sizes

LOOKS, PLANNED_CHANGE = 10, 0.1


def simulate(rng: np.random.Generator, starts: int, labels: int, changing: float, change: float) -> Panel:
    """Simulate a study in which the share of men changes alike in all labels."""
    n = starts * labels
    up, down = (changing + change) / 2, (changing - change) / 2
    kinds = rng.choice(4, n, p=[up, down, (1 - changing) / 2, (1 - changing) / 2])
    codes = np.array([[0, 1], [1, 0], [0, 0], [1, 1]], dtype=np.int8)[kinds]
    names = np.repeat([f"label {k}" for k in range(labels)], starts).astype(object)
    image, unknown = np.full(n, "image", dtype=object), np.full(n, -1, np.int8)
    return Panel("gender", ("woman", "man"), codes, unknown, np.arange(n), names, image)


def measure(studies: int, starts: int, hypotheses: int, changing: float, change: float) -> tuple[str, float]:
    """Simulate studies of one kind; return a line, and the share of studies with a rejection."""
    rng, sizes = np.random.default_rng(1), look_sizes(starts, LOOKS)
    planned = pd.DataFrame({"label": [f"label {k}" for k in range(hypotheses)]}).assign(
        start="image", attribute="gender", category="man", since=0, iteration=1
    )
    rejected, stopped, covered = [], [], []
    for _ in track(range(studies), "Simulating studies", studies):
        panel = simulate(rng, starts, hypotheses, changing, change)
        table = interim_looks_table([panel], planned, np.tile(np.arange(starts), hypotheses), sizes, PLANNED_CHANGE)
        rejected.append(bool(table["answer"].isin(["rise", "fall"]).any()))
        held = (table["ci_low"].fillna(-1) <= change) & (change <= table["ci_high"].fillna(1))
        covered.append(bool(held.all()))
        is_open = table["answer"].eq(OPEN).groupby(table["look"]).any()
        stopped.append(next((sizes[look - 1] for look, waits in is_open.items() if not waits), starts))
    share = float(np.mean(rejected))
    cells = [f"{starts:6} {hypotheses:10} {changing:9.2f} {change:7.2f} {share:9.1%} {np.mean(covered):8.1%}"]
    cells.append(f"{np.mean(stopped):8.1f}")
    if change and hypotheses == 1 and 0.5 < share < 1:
        fixed = starts_needed(change, changing, 0.05, share)
        cells.append(f"{fixed:6} {1 - np.mean(stopped) / fixed:6.0%}")
    return " ".join(cells), share


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="of each kind")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    kinds = [
        (30, 1, 0.3, 0.0),
        (100, 1, 0.1, 0.0),
        (100, 1, 0.3, 0.0),
        (100, 1, 0.6, 0.0),
        (300, 1, 0.3, 0.0),
        (100, 7, 0.3, 0.0),
        (40, 1, 0.4, 0.3),
        (60, 1, 0.4, 0.3),
        (80, 1, 0.6, 0.3),
        (100, 7, 0.4, 0.3),
    ]
    print("starts hypotheses  changing  change  rejected  covered  stopped  fixed  saved")
    for kind in kinds[:1] if options.tiny else kinds:
        print(measure(5 if options.tiny else options.studies, *kind)[0], flush=True)


if __name__ == "__main__":
    main()
