"""Groups pictures by the expected errors of the annotator, before anybody rates them.

The doubt about a picture comes from its other answers: the other reading of the annotator, the answers of further
annotators, and the probabilities of the closed reading. These probabilities are overconfident, so only their order
counts. Ratings then measure how many errors each level of doubt has.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEVELS = 3
"""Number of levels of doubt."""
_LEAST = 0.02
"""Expected errors of a picture without any doubt, which keep the lowest level from holding almost all pictures."""
_KEY = ["chain_id", "iteration", "attribute"]


def doubts(annotations: pd.DataFrame) -> pd.DataFrame:
    """Estimate the number of wrong answers of the first annotator for each picture.

    The doubt about an answer is one minus the mean support of the other opinions. A written opinion supports the answer
    with 1 or 0, an opinion of a closed reading with the probability that it gives to the answer. If a closed reading
    prefers another category, its support is at most one minus the probability of that category, which is used. The
    written answer itself is no opinion about itself.

    Args:
        annotations: the `annotations` table. The first annotator and its first reading give the answers.

    Returns:
        Columns chain_id, iteration, doubt (sum over the attributes; an answer without a category counts 1).
    """
    if annotations.empty:
        return pd.DataFrame({"chain_id": [], "iteration": [], "doubt": []})
    table = annotations[[*_KEY, "annotator", "reading", "category"]].copy()
    probability = annotations["probability"] if "probability" in annotations else pd.Series(np.nan, annotations.index)
    table["probability"] = probability.to_numpy(dtype=float, na_value=np.nan)
    for name in ("annotator", "reading", "attribute", "category"):
        table[name] = table[name].astype(object)
    first = table.iloc[0]
    is_own = (table["annotator"] == first["annotator"]) & (table["reading"] == first["reading"])
    own = table[is_own]
    opinions = table[~is_own | table["probability"].notna()].merge(
        own[[*_KEY, "category"]].rename(columns={"category": "answer"}), on=_KEY
    )
    agrees = (opinions["category"] == opinions["answer"]).to_numpy()
    sure = opinions["probability"].fillna(1.0).to_numpy()
    opinions["support"] = np.where(agrees, sure, np.where(opinions["category"].isna(), 0.0, 1 - sure))
    support = opinions.groupby(_KEY, sort=False, observed=True)["support"].mean().rename("support").reset_index()
    answers = own.merge(support, on=_KEY, how="left")
    answers["doubt"] = (1 - answers["support"].fillna(1.0)).where(answers["category"].notna(), 1.0)
    return answers.groupby(["chain_id", "iteration"], sort=False, observed=True)["doubt"].sum().reset_index()


def doubt_levels(doubt: Sequence[float] | np.ndarray) -> np.ndarray:
    """Divide pictures into LEVELS levels of doubt.

    Each level has about the same sum of square roots of the expected errors. This is the cumulative square root rule
    (Dalenius and Hodges 1959, Journal of the American Statistical Association 54), applied to a measure of size.
    Pictures with equal doubt have the same level, so that some levels may be empty.

    Args:
        doubt: (n,), expected number of wrong answers, at least 0.

    Returns:
        int (n,), 0 (least doubt) to LEVELS - 1.
    """
    values = np.asarray(doubt, dtype=float)
    different, index = np.unique(values, return_inverse=True)
    sizes = np.sqrt(different + _LEAST) * np.bincount(index, minlength=len(different))
    middle = (sizes.cumsum() - sizes / 2) / max(sizes.sum(), 1e-300)
    return np.minimum((middle * LEVELS).astype(int), LEVELS - 1)[index]
