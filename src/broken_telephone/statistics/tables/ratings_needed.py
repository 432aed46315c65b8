"""The number of ratings that the corrected drift needs for an interval of a wished width."""

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import CONFIDENCE
from broken_telephone.statistics.tables.corrected_shares import RATINGS
from broken_telephone.statistics.tables.group_table import CELL, SPAN

WISHED = {"ratings_for_5_points": 0.05, "ratings_for_10_points": 0.10}
"""Column -> half of the interval's width, as a share."""
RATINGS_NEEDED = (*SPAN, "half_width", *WISHED, "n_checked", "clusters", "note")


def ratings_needed_table(corrected_drift: pd.DataFrame, drift: pd.DataFrame) -> pd.DataFrame:
    """Extrapolate the interval of each corrected change, from the first picture to the last, to other sample sizes.

    The variance of the corrected change has a part that only more chains reduce and a part that ratings reduce. The
    first is at most the variance of the annotator's own change, which stands for it. The second falls with the number
    of rated starts n as 1 / n - 1 / N, where N starts can be rated. Further ratings are assumed to be drawn like those
    so far.

    Args:
        corrected_drift: as `corrected_drift_table` returns it.
        drift: as `drift_table` returns it; the rows of the share differences are used.

    Returns:
        Columns RATINGS_NEEDED. half_width: of the present interval. WISHED: number of images to rate in each of the two
        iterations; null if even ratings of all images do not suffice, as the note says. clusters: starts with a rating
        so far, at the iteration that has fewer.
    """
    if corrected_drift.empty:
        return pd.DataFrame(columns=list(RATINGS_NEEDED))
    own = corrected_drift[corrected_drift["method"].astype(str) == RATINGS]
    own = own.astype({"ci_low": float, "ci_high": float})
    own = own[own["iteration"] == own.groupby(own["start"].astype(str))["iteration"].transform("max")]
    naive = drift[drift["measure"].astype(str) == "share difference"]
    naive = naive.astype(dict.fromkeys(CELL, object))
    by_cell = naive.set_index(SPAN)[["ci_low", "ci_high", "clusters"]].astype(float)
    rows = []
    for row in own.to_dict("records"):
        key = tuple(row[name] for name in SPAN)
        half = (row["ci_high"] - row["ci_low"]) / 2
        sizes = {name: row[name] for name in (*SPAN, "n_checked", "clusters")}
        empty = sizes | {"half_width": half} | dict.fromkeys(WISHED)
        if pd.isna(half) or key not in by_cell.index:
            rows.append(empty | {"half_width": np.nan, "note": row["note"] or "no interval to extrapolate"})
            continue
        low, high, starts = by_cell.loc[key].to_numpy(dtype=float)
        own_half = (high - low) / 2 if np.isfinite(high - low) else 0.0
        halves = _half_widths(half, int(row["clusters"]), own_half, int(starts))
        # Counted from two ratings on.
        needed = {
            name: int(np.argmax(halves <= wish)) + 2 if (halves <= wish).any() else None
            for name, wish in WISHED.items()
        }
        short = any(value is None for value in needed.values())
        note = f"with all images rated, the interval is ± {100 * halves[-1]:.1f} points" if short else ""
        rows.append(empty | needed | {"note": note})
    table = pd.DataFrame(rows, columns=list(RATINGS_NEEDED))
    return table.astype(dict.fromkeys(WISHED, "Int64"))


def _half_widths(half: float, rated: int, own_half: float, starts: int) -> np.ndarray:
    """Return half widths of the interval for 2 to `starts` rated starts.

    Args:
        half: half width with `rated` rated starts.
        rated: at least 2.
        own_half: half width of the annotator's own change.
        starts: number of starts.
    """
    from scipy.stats import t

    def quantile(units: np.ndarray | int) -> np.ndarray:
        return np.asarray(t.ppf((1 + CONFIDENCE) / 2, np.asarray(units) - 1))

    starts = max(starts, rated, 2)
    variance = (half / quantile(rated)) ** 2
    floor = min((own_half / quantile(starts)) ** 2, variance)
    numbers = np.arange(2, starts + 1)
    present = 1 / rated - 1 / starts
    by_ratings = (variance - floor) * (1 / numbers - 1 / starts) / present if present > 0 else 0 * numbers
    return np.asarray(quantile(numbers) * np.sqrt(floor + by_ratings))
