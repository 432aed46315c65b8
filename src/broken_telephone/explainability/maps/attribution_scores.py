"""How much of a word's support lies where, over many pictures: means, comparisons of groups. Tables in, tables out."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from broken_telephone.explainability.maps.fills import FILLS
from broken_telephone.explainability.maps.permutation_tests import Strata, flipped
from broken_telephone.explainability.maps.picture_scores import BY_COLUMN, DROPS, LEAST, MEASURES, NO_ANSWER, column_of
from broken_telephone.explainability.maps.props_apart import PARTS, has_props_apart
from broken_telephone.statistics import ALL, Resampling, bootstrap_interval, first_picture

TESTED = ("density", "share", *(column_of(DROPS[0], fill) for fill in FILLS))
_COLUMNS = ["kind", "label", "attribute", "category", "region", "measure", "fill", "value", "ci_low", "ci_high", "n"]
_TESTS = [
    *("kind", "label", "attribute", "iteration", "group_a", "group_b", "region", "measure", "fill"),
    *("value", "ci_low", "ci_high", "p_value", "n"),
]
_ANY = (-np.inf, np.inf)
PAIRS = {"gender": ("female", "male"), "answer": ("right", "wrong"), "iteration": ("last", "first")}
"""Attribute -> the two groups that are compared."""
SPOKEN = {
    "gender": ("women", "men"),
    "answer": ("right answers", "wrong answers"),
    "iteration": ("the last pictures", "the first ones"),
}
"""Attribute -> what these are called in sentences."""


def support_table(pictures: pd.DataFrame, resampling: Resampling) -> pd.DataFrame:
    """Return the mean of every measure for every region, label and group, with 95 % intervals by resampling starts.

    Every start counts once, however many of its pictures there are.

    Args:
        pictures: as `by_picture` returns them.
        resampling: how often.

    Returns:
        Columns kind, label, attribute (all, gender, answer or iteration), category, region, measure, fill (null
        for measures of maps), value, ci_low, ci_high, n (starts) and note.
    """
    rows = []
    for kind, label, attribute, category, own in _groups(pictures):
        for region, some in own.groupby("region", sort=False):
            means = some.groupby("start_id")[list(MEASURES)].mean()
            for measure in MEASURES:
                values = means[measure].dropna().to_numpy()
                where = [kind, label, attribute, category, region, *BY_COLUMN.get(measure, (measure, None))]
                rows.append([*where, *mean_of(values, resampling), len(values)])
    return _with_note(pd.DataFrame(rows, columns=_COLUMNS))


def support_tests(pictures: pd.DataFrame, resampling: Resampling) -> pd.DataFrame:
    """Compare groups: women with men, right with wrong answers, each start's first picture with the last iteration.

    Women and men, right and wrong answers are compared in each iteration by itself, with strata of starts from images
    and from prompts, and, of all labels together, of the labels that words stand for (`permutation_tests.Strata`). Of
    replicates that belong to one group the mean is taken; a start whose replicates belong to both counts for that
    label in neither. Starts are exchanged within strata. First and last pictures are compared label by label within
    each start, of several labels by the mean, and exchanged within starts. Kinds with props apart add the comparisons
    of the background's parts, and none of first and last pictures, because drawn pictures have no masks.

    Args:
        pictures: as `by_picture` returns them.
        resampling: how often; permutations are 10,000 at least.

    Returns:
        Columns kind, label, attribute, iteration (null where iterations are compared), group_a, group_b, region,
        measure, fill (null for measures of maps), value (group_a minus group_b), ci_low, ci_high, p_value, n (starts)
        and note. If no pictures of a kind can be compared, one row without numbers, with region `any`, states the
        reason in its note.
    """
    rows: list[list[Any]] = []
    last = pictures["iteration"].max()
    for kind, own in pictures.groupby("kind", sort=False):
        apart = has_props_apart(str(kind))
        for attribute, (group_a, group_b) in PAIRS.items():
            if apart and attribute == "iteration":
                continue
            if attribute == "iteration":
                sides = _sides(own, last)
                tested = _paired(sides, resampling)
                why = _why_no_pairs(*sides)
            else:
                some = own[own["region"].isin(PARTS)] if apart else own
                tested = _apart(some, attribute, group_a, group_b, resampling)
                why = _why_not(set(own[attribute]), attribute, group_a, group_b)
            compared = [
                [
                    kind,
                    label,
                    attribute,
                    iteration,
                    group_a,
                    group_b,
                    region,
                    *BY_COLUMN.get(column, (column, None)),
                    *numbers,
                ]
                for label, iteration, region, column, *numbers in tested
            ]
            label = ALL if len(_named_labels(own)) > 1 else own["term"].iloc[0]
            nothing = [kind, label, attribute, None, group_a, group_b, "any", TESTED[0], None, *[np.nan] * 4, 0, why]
            rows += compared or [nothing]
    labels = {label: place for place, label in enumerate([*_labels(pictures), ALL])}
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(pictures["kind"]))}
    rows.sort(key=lambda row: (kinds[row[0]], labels[row[1]]))
    return pd.DataFrame(rows, columns=[*_TESTS, "note"]).astype({"iteration": "Int64"})


def label_groups(pictures: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield kind, term and the rows of these; of several labels, at last, all together, without patterns."""
    for kind, own in pictures.groupby("kind", sort=False):
        for label, some in own.groupby("term", sort=False):
            yield str(kind), str(label), some
        named = own[own["answer"] != NO_ANSWER]
        if named["term"].nunique() > 1:
            yield str(kind), ALL, named


def _groups(pictures: pd.DataFrame) -> Iterator[tuple[str, str, str, str, pd.DataFrame]]:
    for kind, label, own in label_groups(pictures):
        yield kind, label, "all", "all", own
        if has_props_apart(kind):
            # The other regions and the iterations are those of the kind without props apart.
            own = own[own["region"].isin(PARTS)]
        for attribute in ("gender", "answer") if has_props_apart(kind) else ("gender", "answer", "iteration"):
            for category, some in own[own[attribute] != NO_ANSWER].groupby(attribute):
                yield kind, label, attribute, str(category), some


def mean_of(values: np.ndarray, resampling: Resampling) -> tuple[float, float, float]:
    """Return a mean and its 95 % interval (`bootstrap_interval` of resampled means); null ends of too few values."""
    if not len(values):
        return np.nan, np.nan, np.nan
    mean = float(values.mean())
    if len(values) < LEAST:
        return mean, np.nan, np.nan
    means = _drawn(len(values), *resampling) @ (values - mean) / len(values)
    interval = bootstrap_interval(mean, means, len(values), _ANY)
    return mean, interval.low, interval.high


@lru_cache(maxsize=2)
def _drawn(count: int, repeats: int, seed: int) -> np.ndarray:
    """How often each of so many starts is drawn, (repeats, count)."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), repeats).astype(float)


def _apart(
    own: pd.DataFrame, attribute: str, group_a: str, group_b: str, resampling: Resampling
) -> Iterator[list[Any]]:
    """Yield label, iteration, region, measure, value, ends, p-value, starts and note of every comparison."""
    some = own[own[attribute].isin([group_a, group_b])]
    of_a_start = ["iteration", "term", "start", "start_id"]
    wide = _wide(some, [*of_a_start, attribute])
    # A start with pictures of both groups is in neither.
    keys = wide.index.droplevel(attribute)
    twice = keys.duplicated(keep=False)
    both, wide = wide[twice], wide[~twice]
    named = _named_labels(own)
    for iteration in sorted(set(wide.index.get_level_values("iteration"))):
        here = wide.xs(iteration, level="iteration")
        labels = here.index.get_level_values("term")
        mixed = both.index[both.index.get_level_values("iteration") == iteration]
        for label in [*_labels(own), ALL]:
            if label == ALL and len(named) < 2:
                continue
            terms = named if label == ALL else {label}
            chosen = here[labels.isin(terms)]
            left = {row[2:4] for row in mixed if row[1] in terms}
            note = (
                f"{len(left)} {'start' if len(left) == 1 else 'starts'} with pictures of both left out" if left else ""
            )
            for region, measure, *numbers in _stratified(chosen, attribute, group_a, resampling):
                why = "not defined in too many samples: no interval" if np.isnan(numbers[1]) else ""
                yield [label, iteration, region, measure, *numbers, "; ".join(filter(None, (note, why)))]


def _stratified(wide: pd.DataFrame, attribute: str, group_a: str, resampling: Resampling) -> Iterator[list[Any]]:
    where = wide.index.to_frame(index=False)
    starts, strata = (where.groupby(names).ngroup().to_numpy() for names in (["start", "start_id"], ["start", "term"]))
    first = (where[attribute] == group_a).to_numpy(bool)
    values = wide.to_numpy(float)
    known = np.isfinite(values)
    # Regions that some pictures lack have fewer starts.
    for pattern in np.unique(known, axis=1).T if len(known) else ():
        columns = (known == pattern[:, None]).all(0)
        groups = Strata(starts[pattern], strata[pattern], first[pattern], values[pattern][:, columns])
        if min(groups.counts) < LEAST:
            continue
        differences, tested = groups.difference(), groups.p_values(*resampling)
        samples = groups.resampled(*resampling)
        for k, (region, measure) in enumerate(wide.columns[columns]):
            # The smaller group's starts are the degrees of freedom: it has most of the error.
            interval = bootstrap_interval(float(differences[k]), samples[:, k], min(groups.counts), _ANY)
            yield [region, measure, *interval, float(tested[k]), len(groups)]


def _sides(own: pd.DataFrame, last: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pictures of the last iteration, and the first ones of chains that have another."""
    first = own["start"].map({start: first_picture(start) for start in ("image", "prompt")})
    own, first = own[first < last], first[first < last]
    return own[own["iteration"] == last], own[own["iteration"] == first]


def _paired(sides: tuple[pd.DataFrame, pd.DataFrame], resampling: Resampling) -> Iterator[list[Any]]:
    """Yield the same as `_apart`."""
    if not all(map(len, sides)):
        return
    late, early = (_wide(some, ["term", "start", "start_id"]) for some in sides)
    pairs = (late - early).dropna(how="all")
    labels = pairs.index.get_level_values("term")
    named = _named_labels(pd.concat(sides))
    several = [ALL] if len(named) > 1 else []
    for label in [*_labels(pd.concat(sides)), *several]:
        chosen = pairs[labels.isin(named if label == ALL else {label})]
        by_start = chosen.groupby(level=["start", "start_id"]).mean()
        for region, measure in by_start:
            differences = by_start[region, measure].dropna().to_numpy(float)
            if len(differences) >= LEAST:
                ends = mean_of(differences, resampling)
                (p_value,) = flipped(differences[:, None], *resampling)
                yield [label, None, region, measure, *ends, float(p_value), len(differences), ""]


def _wide(some: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Means over replicates: a row each of `by`, a column each of region and measure."""
    means = some.groupby([*by, "region"], sort=False)[list(TESTED)].mean().unstack("region")
    return means.swaplevel(axis=1)[[(r, m) for r in dict.fromkeys(some["region"]) for m in TESTED]]


def _named_labels(own: pd.DataFrame) -> set[str]:
    """Return the terms that are labels."""
    return set(own.loc[own["answer"] != NO_ANSWER, "term"])


def _labels(own: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(own["term"]))


def _why_not(existing: set[str], attribute: str, group_a: str, group_b: str) -> str:
    first, second = SPOKEN[attribute]
    if not {group_a, group_b} & existing:
        return f"there are neither {first} nor {second}"
    if missing := [name for group, name in ((group_a, first), (group_b, second)) if group not in existing]:
        return f"there are no {missing[0]}"
    return f"no iteration has {LEAST} starts of either whose words are for the same labels"


def _why_no_pairs(late: pd.DataFrame, early: pd.DataFrame) -> str:
    if late.empty and early.empty:
        return "no start has two such pictures"
    if late.empty or early.empty:
        return f"there are no such pictures in the {'last' if late.empty else 'first'} iteration"
    return f"fewer than {LEAST} starts have both with words for the same label"


def _with_note(table: pd.DataFrame) -> pd.DataFrame:
    missing = table["ci_low"].isna()
    table["note"] = np.where(missing, f"fewer than {LEAST} starts: no interval", "")
    return table
