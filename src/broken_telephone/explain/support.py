"""How much of a word's support lies where, over many pictures: means, comparisons of groups. Tables in, tables out."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from broken_telephone.measures import ALL, Resampling

MEASURES = ("density", "share", "area", "fall", "density_elsewhere", "fall_elsewhere")
"""What is averaged of every region."""
TESTED = ("density", "share", "fall")
_COLUMNS = ["kind", "label", "attribute", "category", "region", "measure", "value", "ci_low", "ci_high", "n"]
_TESTS = [
    "kind",
    "label",
    "attribute",
    "one",
    "other",
    "region",
    "measure",
    "value",
    "ci_low",
    "ci_high",
    "p_value",
    "n",
]
_OF_A_PICTURE = ["kind", "named", "start", "chain_id", "iteration", "gender", "answer", "region"]
OF_A_WORD = ["chain_id", "iteration", "face", "token", "place"]
"""What tells a word from all others."""
_LEAST = 3
"""Starts below which there is neither interval nor test."""


def by_picture(
    words: pd.DataFrame, activations: pd.DataFrame, occlusions: pd.DataFrame, chains: pd.DataFrame, method: str
) -> pd.DataFrame:
    """Put everything about a picture's words into one row a label and region: of several words or faces the mean.

    Args:
        words: the table of words.
        activations: of regions; those of `method` count.
        occlusions: of regions.
        chains: the `chains` table, which says which chains have one start.
        method: whose maps count.

    Returns:
        Columns kind (pictures of one size in so many views, which alone are compared), named (the label that the
        words stand for), start, chain_id, iteration, gender, answer (right or wrong), region, and `MEASURES`.
    """
    mine = activations[activations["method"].astype(str) == method]
    rows = mine.merge(occlusions, on=[*OF_A_WORD, "region"]).merge(words.drop(columns="label"), on=OF_A_WORD)
    starts = chains["image_id"].astype(object).where(chains["start"] == "image", chains["prompt"].astype(object))
    rows["start"] = rows["chain_id"].map(dict(zip(chains["chain_id"].astype(str), starts.astype(str), strict=True)))
    rows["kind"] = [
        f"{w} x {h}, {v} {'view' if v == 1 else 'views'}"
        for w, h, v in zip(rows["width"], rows["height"], rows["views"], strict=True)
    ]
    rows["answer"] = np.where(rows["correct"].astype(bool), "right", "wrong")
    rows["gender"] = rows["gender"].astype(object).where(rows["gender"].notna(), "unknown")
    numbers = rows[list(MEASURES)].astype(float)
    rows = pd.concat([rows[_OF_A_PICTURE].astype(object), numbers], axis=1)
    return rows.groupby(_OF_A_PICTURE, sort=False, observed=True).mean().reset_index()


def support_table(pictures: pd.DataFrame, resampling: Resampling) -> pd.DataFrame:
    """Return the mean of every measure for every region, label and group, with 95 % intervals by resampling starts.

    Every start counts once, however many of its pictures there are.

    Args:
        pictures: as `by_picture` returns them.
        resampling: how often.

    Returns:
        Columns kind, label, attribute (all, gender, answer or iteration), category, region, measure, value, ci_low,
        ci_high, n (starts) and note.
    """
    rows = []
    for kind, label, attribute, category, mine in _groups(pictures):
        for region, some in mine.groupby("region", sort=False):
            means = some.groupby("start")[list(MEASURES)].mean()
            for measure in MEASURES:
                values = means[measure].dropna().to_numpy()
                rows.append(
                    [kind, label, attribute, category, region, measure, *mean_of(values, resampling), len(values)]
                )
    return _with_note(pd.DataFrame(rows, columns=_COLUMNS))


def support_tests(pictures: pd.DataFrame, resampling: Resampling) -> pd.DataFrame:
    """Compare groups: women with men, right with wrong answers, the first iteration with the last.

    Permutation tests of the difference of means: between iterations the pictures of each start are exchanged, between
    other groups the starts' means.

    Args:
        pictures: as `by_picture` returns them.
        resampling: how often.

    Returns:
        Columns kind, label, attribute, one, other, region, measure, value (one less other), ci_low, ci_high, p_value,
        n (starts) and note.
    """
    rows = []
    for kind, label, mine in label_groups(pictures):
        last = mine["iteration"].max()
        pairs = [("gender", "female", "male"), ("answer", "right", "wrong"), ("iteration", last, 0)]
        for attribute, one, other in pairs:
            if one == other:
                continue
            for region, some in mine.groupby("region", sort=False):
                for measure in TESTED:
                    first, second = (
                        some[some[attribute] == group].groupby("start")[measure].mean().dropna()
                        for group in (one, other)
                    )
                    compare = _paired if attribute == "iteration" else _apart
                    compared = compare(first, second, resampling)
                    if compared is not None:
                        where = [kind, label, attribute, str(one), str(other), region, measure]
                        rows.append([*where, *compared])
    return _with_note(pd.DataFrame(rows, columns=_TESTS))


def label_groups(pictures: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield kind, label and the rows of these; of several labels, at last, all together."""
    for kind, mine in pictures.groupby("kind", sort=False):
        for label, some in mine.groupby("named", sort=False):
            yield str(kind), str(label), some
        if mine["named"].nunique() > 1:
            yield str(kind), ALL, mine


def _groups(pictures: pd.DataFrame) -> Iterator[tuple[str, str, str, str, pd.DataFrame]]:
    for kind, label, mine in label_groups(pictures):
        yield kind, label, "all", "all", mine
        for attribute in ("gender", "answer", "iteration"):
            for category, some in mine.groupby(attribute):
                yield kind, label, attribute, str(category), some


def mean_of(values: np.ndarray, resampling: Resampling) -> tuple[float, float, float]:
    """Return a mean and its 95 % interval (bias-corrected and accelerated bootstrap); null ends of too few values."""
    from scipy.stats import bootstrap

    if not len(values):
        return np.nan, np.nan, np.nan
    mean = float(values.mean())
    if len(values) < _LEAST:
        return mean, np.nan, np.nan
    if np.allclose(values, mean, rtol=1e-9, atol=1e-12):
        # All one, but for rounding, of which the bootstrap makes nothing.
        return mean, mean, mean
    found = bootstrap(
        (values,), np.mean, n_resamples=_repeats(resampling), rng=np.random.default_rng(resampling.seed)
    ).confidence_interval
    return mean, float(found.low), float(found.high)


def _apart(one: pd.Series, other: pd.Series, resampling: Resampling) -> tuple[float, ...] | None:
    from scipy.stats import bootstrap, permutation_test

    values = (one.to_numpy(), other.to_numpy())
    if min(map(len, values)) < _LEAST:
        return None
    rng = np.random.default_rng(resampling.seed)
    repeats = _repeats(resampling)
    ends = bootstrap(values, _difference, n_resamples=repeats, method="percentile", rng=rng).confidence_interval
    tested = permutation_test(values, _difference, n_resamples=repeats, vectorized=True, rng=rng)
    count = len(one.index.union(other.index))
    return float(tested.statistic), float(ends.low), float(ends.high), float(tested.pvalue), count


def _paired(one: pd.Series, other: pd.Series, resampling: Resampling) -> tuple[float, ...] | None:
    from scipy.stats import permutation_test

    both = pd.concat([one, other], axis=1, join="inner").to_numpy()
    if len(both) < _LEAST:
        return None
    value, low, high = mean_of(both[:, 0] - both[:, 1], resampling)
    tested = permutation_test(
        (both[:, 0], both[:, 1]),
        _difference,
        permutation_type="samples",
        n_resamples=_repeats(resampling),
        vectorized=True,
        rng=np.random.default_rng(resampling.seed),
    )
    return value, low, high, float(tested.pvalue), len(both)


def _difference(one: np.ndarray, other: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.asarray(one.mean(axis=axis) - other.mean(axis=axis))


def _repeats(resampling: Resampling) -> int:
    """Hundreds of small groups: each needs no more than this, whose p-values reach 0.0005."""
    return min(resampling.repeats, 2000)


def _with_note(table: pd.DataFrame) -> pd.DataFrame:
    missing = table["ci_low"].isna()
    table["note"] = np.where(missing, f"fewer than {_LEAST} starts: no interval", "")
    return table
