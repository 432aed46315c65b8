"""How often alpha's interval holds the truth, by simulation: two raters who seldom disagree.

    python benchmarks/agreement.py
    python benchmarks/agreement.py --tiny    two samples of each kind, in seconds

Both see the same pictures of categories in even shares; the second mistakes a share of them for another category, any
(`any`) or the one farthest away (`gross`). Printed is, of the lower and of the upper end, in how many of a hundred
samples the truth lies inside. Each end promises 97.5. A few minutes.
"""

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from broken_telephone.progress import track
from broken_telephone.statistics.estimates.agreement import count_ratings, encode_ratings, krippendorff_alpha

POPULATION, TINY = 100_000, 1_000
"""Pictures whose alpha is the truth."""


def raters(rng: np.random.Generator, count: int, categories: int, mistaken: float, kind: str) -> pd.DataFrame:
    """Return what both say, a row a picture."""
    first = rng.integers(categories, size=count)
    other = (first + rng.integers(1, categories, size=count)) % categories
    if kind == "gross":
        other = np.where(first < categories / 2, categories - 1, 0)
    second = np.where(rng.random(count) < mistaken, other, first)
    return pd.DataFrame({"one": first, "other": second}).astype(str)


def counted(ratings: pd.DataFrame, categories: Sequence[str]) -> np.ndarray:
    """Count the raters that gave each category to each item."""
    return count_ratings(encode_ratings(ratings, categories), len(categories))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=400, help="of each kind")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    samples, population = (2, TINY) if asked.tiny else (asked.samples, POPULATION)
    rng = np.random.default_rng(0)
    scales = [(2, "nominal", "any"), (5, "nominal", "any"), (5, "ordinal", "any"), (5, "ordinal", "gross")]
    kinds = [(scale, mistaken, count) for scale in scales for mistaken in (0.01, 0.1, 0.4) for count in (12, 40, 200)]
    rows = []
    for (categories, level, kind), mistaken, count in track(kinds, "Simulating raters", len(kinds)):
        names = [str(place) for place in range(categories)]
        whole = raters(rng, population, categories, mistaken, kind)
        truth = krippendorff_alpha(counted(whole, names), level, n_bootstrap=2).value
        found = []
        for seed in range(samples):
            sample = counted(raters(rng, count, categories, mistaken, kind), names)
            found.append(krippendorff_alpha(sample, level, n_bootstrap=400, seed=seed))
        low, high = 100 * np.mean([(one.low <= truth, truth <= one.high) for one in found], axis=0)
        about = {"categories": categories, "level": level, "mistakes": kind, "share mistaken": mistaken}
        rows.append(about | {"pictures": count, "alpha": truth, "lower end": low, "upper end": high})
    print(pd.DataFrame(rows).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
