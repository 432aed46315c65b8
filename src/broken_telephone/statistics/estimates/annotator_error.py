"""Shares corrected for the annotator's error, in two ways that rest on different assumptions.

By its confusion with the data set's labels of the originals, if it errs in drawn pictures as it does there, and, where
a label has too few for a confusion of its own, in that label as in all; and by what people say of a sample of the very
pictures, which assumes nothing of its errors but that pictures of strata without ratings are like the others.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.paired_counts import distinct
from broken_telephone.statistics.estimates.panel import ABSENT, Map, Panel, first_picture, groups_of
from broken_telephone.statistics.tables.baseline import ALL
from broken_telephone.statistics.tables.drift_table import Resampling

CORRECTED = (
    "start",
    "label",
    "attribute",
    "category",
    "iteration",
    "method",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "n_checked",
    "clusters",
    "agrees",
    "note",
)
CONFUSION, RATINGS = "confusion", "human ratings"
CONDITION = 100
"""Above that condition number of the confusion, an error of one percent in a share may become one of a hundred."""
FEW = 50
"""Below that many rated starts, intervals may be too short: of an annotator that is wrong two times in five, 91 % held
the truth at 20 in a simulation. From 100 on 93 to 99 % did, whatever the annotator."""
ENOUGH_LABELLED = 30
"""Originals of each category that a label needs for a confusion of its own."""
MADE_UP = 2
"""Made-up errors and answers, without which a sample that has none of a kind would promise more than it knows."""
_BLOCK = 500


class Ratings(NamedTuple):
    """What people say of a sample of the pictures."""

    given: pd.DataFrame
    """Columns chain_id, iteration, attribute, category: a row for each category that people agree on."""
    strata: pd.DataFrame
    """Columns chain_id, iteration, stratum: all pictures that might have been rated, and out of what each is drawn. An
    original that replicates share is there once, under the chain that its rating has."""
    chains: pd.Series
    """chain_id (n,), in the order of the panels."""


def simplex(points: np.ndarray) -> np.ndarray:
    """Return the shares (..., C), from 0 and summing to 1, that are nearest to points (..., C).

    The Euclidean projection of Held, Wolfe and Crowder (1974, Mathematical Programming 6).
    """
    size = points.shape[-1]
    falling = -np.sort(-points, -1)
    over = falling.cumsum(-1) - 1
    kept = (falling * np.arange(1, size + 1) > over).sum(-1, keepdims=True)
    return np.asarray(np.maximum(points - np.take_along_axis(over, kept - 1, -1) / kept, 0))


def unconfused(confusions: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the true shares behind observed ones.

    Observed shares are q = M' p, with M the probability of each answer given the truth; solved for p. Of two categories
    this is Rogan and Gladen (1978, American Journal of Epidemiology 107), of several the matrix method of Barron (1977,
    Biometrics 33). A solution that is no share is brought back by `simplex`.

    Args:
        confusions: (..., C, C), pictures by truth (rows) and answer (columns); no row is empty.
        observed: (..., C), pictures by answer; some at least.

    Returns:
        (..., C), summing to 1.

    Raises:
        numpy.linalg.LinAlgError: if a confusion has no inverse.
    """
    matrices = confusions / confusions.sum(-1, keepdims=True)
    shares = observed / observed.sum(-1, keepdims=True)
    return simplex(np.linalg.solve(np.swapaxes(matrices, -1, -2), shares[..., None])[..., 0])


def powered(
    said: np.ndarray, rated: np.ndarray, strata: np.ndarray, clusters: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Prediction-powered shares: the annotator's, mended by what people say of a sample.

    Angelopoulos et al. (2023, Science 382) with the power tuning of Angelopoulos, Duchi and Zrnic (2023, PPI++, arXiv
    2311.01453), by `ppi_py`. Tuned once for all categories, so that shares sum to 1.

    A rating weighs what its stratum has in pictures for each one rated. `ppi_py` takes weighted ratings for draws from
    all pictures alike: right in the shares, and if anything too careful in the errors, for strata leave less to chance.
    Inference within each stratum is sharper by up to a tenth where all have several ratings, and fails where one has
    none or one, as most do that are made of an annotator's answers.

    A start is one unit, whatever the number of its replicates. Answers are counted from their mean, which changes no
    share, but keeps the spread of the weights out of the errors. These have two made-up ratings, in which people and
    annotator disagree both ways: those of Bonett and Price (2012, JEBS 37) for a difference of paired shares.

    Args:
        said: (n,), places of the annotator's categories, or ABSENT where it gives none.
        rated: (n,), those of people, or ABSENT where nobody rated; one rating at least.
        strata: (n,).
        clusters: (n,), equal for pictures that are not independent.
        size: number of categories C.

    Returns:
        Shares (C,), and their standard errors (C,).
    """
    from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

    one = np.eye(size + 1)[:, :size]  # ABSENT is the last row, which is in no category.
    there = rated != ABSENT
    names, stratum = np.unique(strata, return_inverse=True)
    pictures, ratings = np.bincount(stratum), np.bincount(stratum[there], minlength=len(names))
    weights = (pictures / np.maximum(ratings, 1))[stratum[there]]
    truth, w = _units(one[rated[there]], weights, clusters[there])
    answer, _ = _units(one[said[there]], weights, clusters[there])
    answers, w_all = _units(one[said], np.ones(len(said)), clusters)
    middle, level = np.average(truth, axis=0, weights=w), np.average(answer, axis=0, weights=w)
    truth, answer, answers, w = truth - middle, answer - level, answers - level, w / w.mean()
    # Of answers that are all the same there is nothing to tune.
    tuning = None if np.ptp(answers, axis=0).any() else 1
    value = ppi_mean_pointestimate(truth, answer, answers, lam=tuning, w=w, w_unlabeled=w_all) + middle
    up, down = np.full((1, size), 0.5), np.full((1, size), -0.5)
    truth, answer = np.concatenate([truth, up, down]), np.concatenate([answer, down, up])
    w = np.append(w, [1, 1])
    low, high = ppi_mean_ci(truth, answer, answers, alpha=0.05, lam=tuning, w=w, w_unlabeled=w_all)
    from scipy.stats import norm

    return simplex(np.asarray(value)), np.asarray(high - low) / (2 * norm.ppf(0.975))


def corrected_table(
    panels: Sequence[Panel], resampling: Resampling, ratings: Ratings | None = None, each: Map = map
) -> pd.DataFrame:
    """Correct the share of every category in every picture, by each method that has something to go by.

    Args:
        panels: one an attribute, all of one annotator.
        resampling: of the intervals by confusion.
        ratings: of people.
        each: as for `drift_table`.

    Returns:
        Columns CORRECTED, with 95 % intervals; a null value or interval has a note.

        Method "confusion": n: pictures with a category; clusters: starts of these; n_checked: chains to whose
        original both annotator and data set give a category: of the label, if each category has ENOUGH_LABELLED there,
        else of all labels, which the note says. Method "human ratings": n: pictures that might have
        been rated, those to which the annotator gives no category among them; n_checked: those rated; clusters: starts
        of these. Pictures that people cannot tell are taken to be like the others of their stratum.

        agrees: whether the two methods' values for a share differ by less than chance explains at 5 %; null where an
        interval is missing. That they do not differ may mean that there is too little to tell them apart.

    Raises:
        ValueError: if people gave a picture two categories of an attribute, or a picture is in two strata.
    """
    people = {panel.attribute: _arranged(ratings, panel) for panel in panels if ratings is not None}

    def corrected(group: tuple[Panel, str, str, Panel]) -> list[dict[str, Any]]:
        panel, start, label, _ = group
        mine = (panel.starts == start) & ((panel.labels == label) | (label == ALL))
        check, borrowed = _check_of(panel, label)
        given = people.get(panel.attribute)
        where = {"start": start, "label": label, "attribute": panel.attribute}
        others = _weighed(check, panel, ~mine, None, resampling) if check.n else None
        rows = []
        for iteration in range(first_picture(start), panel.codes.shape[1]):
            found = []
            if others is not None:
                rest = _by_confusion(panel, mine, iteration, check, others, resampling)
                found.append([row | {"note": row["note"] or borrowed} for row in rest])
            if given is not None and (given[0] != ABSENT).any():
                found.append(_by_ratings(panel, mine, iteration, *given))
            for category, *both in zip(panel.categories, *found, strict=True):
                what = where | {"category": category, "iteration": iteration, "agrees": _agree(both)}
                rows += [what | row for row in both]
        return rows

    rows = [row for rows in each(corrected, groups_of(panels)) for row in rows]
    return pd.DataFrame(rows, columns=list(CORRECTED)).astype({"agrees": "boolean"})


class _Check(NamedTuple):
    """Originals that both data set and annotator give a category, numbered among those that the first states."""

    stated: np.ndarray
    """bool (C,), whether the data set ever states a category."""
    strays: np.ndarray
    """bool (C,), whether the annotator answers what is never stated."""
    places: np.ndarray
    """(C + 1,): category -> place among those stated, or ABSENT; the last is for ABSENT."""
    cells: np.ndarray
    """(n,): place in the flattened confusion, or ABSENT."""
    table: np.ndarray
    """(S, S), originals by truth and answer, of the categories stated."""
    n: int
    clusters: int


def _check_of(panel: Panel, label: str) -> tuple[_Check, str]:
    """The originals of a label, or of all where it has too few; and what to note of it."""
    whole = _check(panel, np.ones(len(panel.labels), bool))
    if label == ALL or not whole.n:
        return whole, ""
    own = _check(panel, panel.labels == label)
    if (own.stated == whole.stated).all() and own.table.sum(1).min() >= ENOUGH_LABELLED:
        return own, ""
    return whole, "by the confusion of all labels"


def _check(panel: Panel, some: np.ndarray) -> _Check:
    truth, answer, size = panel.stated, panel.codes[:, 0], len(panel.categories)
    both = some & (panel.starts == "image") & (truth != ABSENT) & (answer != ABSENT)
    stated = np.bincount(truth[both], minlength=size) > 0
    strays = ~stated & (np.bincount(answer[both], minlength=size) > 0)
    places = np.append(np.where(stated, stated.cumsum() - 1, ABSENT), ABSENT)
    size = int(stated.sum())
    cells = np.where(both & (places[answer] != ABSENT), places[truth] * size + places[answer], ABSENT)
    table = np.bincount(cells[cells != ABSENT], minlength=size * size).reshape(size, size)
    return _Check(stated, strays, places, cells, table, int(both.sum()), len(np.unique(panel.clusters[both])))


def _by_confusion(
    panel: Panel, mine: np.ndarray, iteration: int, check: _Check, others: np.ndarray, resampling: Resampling
) -> list[dict[str, Any]]:
    """Rows of some chains, one a category; `others`: as `_weighed` gives it of all other chains."""
    answers = np.where(mine, panel.codes[:, iteration], ABSENT)
    there = answers != ABSENT
    observed = np.bincount(answers[there], minlength=len(panel.categories))
    clusters = len(np.unique(panel.clusters[there]))
    count = {"n": int(there.sum()), "n_checked": check.n, "clusters": clusters}
    if strays := _listed(panel, check.strays | (~check.stated & (observed > 0))):
        return _rows(CONFUSION, count, panel, f"the data set states no {strays}, which the annotator answers")
    if not there.any():
        return _rows(CONFUSION, count, panel, "no picture has a category")
    if np.linalg.cond(check.table / check.table.sum(1, keepdims=True)) > CONDITION:
        return _rows(CONFUSION, count, panel, "the annotator does not tell the categories apart: cannot be solved")
    value = np.full(len(panel.categories), np.nan)
    value[check.stated] = unconfused(check.table, observed[check.stated])
    ends = np.full((2, len(value)), np.nan)
    note = "a single start: no interval" if min(clusters, check.clusters) < 2 else ""
    if len(check.table) < 2:
        note = "only one category is stated: no interval"
    if not note:
        drawn = others + _weighed(check, panel, mine, answers, resampling)
        drawn += _made_up(check, count["n"] / clusters, resampling)
        size = len(check.table)
        samples = unconfused(drawn[:, :-size].reshape(-1, size, size), drawn[:, -size:])
        # Percentiles, as the way back to the simplex makes samples lopsided near 0 and 1.
        ends[:, check.stated] = np.quantile(samples, [0.025, 0.975], axis=0)
        ends = np.array([np.minimum(ends[0], value), np.maximum(ends[1], value)])
    notes = np.where(check.stated, note, "the data set never states it")
    return _rows(CONFUSION, count, panel, notes, value, *ends)


def _weighed(
    check: _Check, panel: Panel, mine: np.ndarray, answers: np.ndarray | None, resampling: Resampling
) -> np.ndarray:
    """Bayesian bootstrap over starts: confusions and observed pictures of the same samples, (n_bootstrap, S * S + S).

    Each start has a weight that is exponential (Rubin 1981, Annals of Statistics 9); those that contribute the same
    have the sum of theirs together, which is a gamma. Unlike in samples of whole starts, no row of a confusion is ever
    empty. In a simulation 92 to 97 % of intervals held the truth from 50 starts on, and 89 to 100 % at 12.

    Confusion and answers of a start keep together, so that an error which it has in both is not counted twice. Labels
    do not mix: chains of others add to the confusion only.

    Args:
        check: of the panel.
        panel: all chains.
        mine: (n,), which count.
        answers: (n,), what is observed of them; None for nothing.
        resampling: of the weights.
    """
    size = len(check.table)
    cells = np.where(mine, check.cells, ABSENT)
    observed = check.places[answers] if answers is not None else np.full(len(cells), ABSENT)
    some = (cells != ABSENT) | (observed != ABSENT)
    names, owner = np.unique(panel.clusters[some], return_inverse=True)
    tables = np.zeros((len(names), size * size + size), np.int64)
    for places in (cells[some], np.where(observed[some] == ABSENT, ABSENT, observed[some] + size * size)):
        np.add.at(tables, (owner[places != ABSENT], places[places != ABSENT]), 1)
    patterns, counts = distinct(tables)
    drawn = np.zeros((resampling.n_bootstrap, tables.shape[1]))
    # Chains that do not count have weights of their own.
    rng = np.random.default_rng([resampling.seed, int(answers is None)])
    for k in range(0, len(counts), _BLOCK):
        weights = rng.standard_gamma(counts[k : k + _BLOCK], size=(resampling.n_bootstrap, len(counts[k : k + _BLOCK])))
        drawn += weights @ patterns[k : k + _BLOCK]
    return drawn


def _made_up(check: _Check, heavy: float, resampling: Resampling) -> np.ndarray:
    """Made-up starts, as heavy as others are: errors spread over all pairs of categories, and answers over all."""
    size = len(check.table)
    errors = (1 - np.eye(size)) * MADE_UP / (size * (size - 1))
    shapes = np.append(errors, np.full(size, MADE_UP / size))
    weights = np.append(np.full(size * size, check.n / check.clusters), np.full(size, heavy))
    rng = np.random.default_rng([resampling.seed, 2])
    return np.asarray(rng.standard_gamma(shapes, size=(resampling.n_bootstrap, len(shapes))) * weights)


def _by_ratings(
    panel: Panel, mine: np.ndarray, iteration: int, given: np.ndarray, strata: np.ndarray
) -> list[dict[str, Any]]:
    """Rows of some chains, one a category."""
    frame = mine & (strata[:, iteration] != ABSENT)
    said, rated, stratum = (codes[frame, iteration] for codes in (panel.codes, given, strata))
    there, clusters = rated != ABSENT, panel.clusters[frame]
    starts = len(np.unique(clusters[there]))
    count = {"n": int(frame.sum()), "n_checked": int(there.sum()), "clusters": starts}
    if not there.any():
        return _rows(RATINGS, count, panel, "nobody rated a picture")
    value, errors = powered(said, rated, stratum, clusters, len(panel.categories))
    unseen = 1 - np.isin(stratum, stratum[there]).mean()
    notes = [f"{unseen:.0%} of the pictures are in strata that nobody rated"] if unseen else []
    if starts < 2:
        note = "; ".join(["ratings of a single start: no interval", *notes])
        return _rows(RATINGS, count, panel, note, value)
    notes = [f"fewer than {FEW} starts rated: intervals may be too short", *notes] if starts < FEW else notes
    from scipy.stats import t

    reach = t.ppf(0.975, starts - 1) * errors
    low, high = np.maximum(value - reach, 0), np.minimum(value + reach, 1)
    return _rows(RATINGS, count, panel, "; ".join(notes), value, low, high)


def _units(values: np.ndarray, weights: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means (units, C) of values (n, C) within clusters, and the sums of weights (units,)."""
    names, owner = np.unique(clusters, return_inverse=True)
    whole = np.bincount(owner, weights)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, owner, values * weights[:, None])
    return sums / whole[:, None], whole


def _arranged(ratings: Ratings, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Places of people's categories, and numbers of strata, each (n, K + 1), ABSENT where there are none."""
    mine = ratings.given[ratings.given["attribute"] == panel.attribute]
    codes = pd.Categorical(mine["category"].astype(object), categories=list(panel.categories)).codes
    numbers = pd.factorize(ratings.strata["stratum"])[0]
    shape = panel.codes.shape
    return _filled(mine, codes, ratings.chains, shape), _filled(ratings.strata, numbers, ratings.chains, shape)


def _filled(table: pd.DataFrame, values: np.ndarray, chains: pd.Series, shape: tuple[int, ...]) -> np.ndarray:
    if (twice := table.duplicated(["chain_id", "iteration"])).any():
        where = table[twice].iloc[0]
        raise ValueError(f"chain {where['chain_id']}, iteration {where['iteration']}: there are two rows")
    rows = pd.Index(chains.astype(str)).get_indexer(table["chain_id"].astype(str))
    columns = table["iteration"].to_numpy(np.int64)
    known = (rows >= 0) & (columns < shape[1])
    filled = np.full(shape, ABSENT, np.int64)
    filled[rows[known], columns[known]] = values[known]
    return filled


def _rows(
    method: str,
    count: dict[str, int],
    panel: Panel,
    note: str | np.ndarray,
    value: np.ndarray | float = np.nan,
    low: np.ndarray | float = np.nan,
    high: np.ndarray | float = np.nan,
) -> list[dict[str, Any]]:
    names = ("value", "ci_low", "ci_high", "note")
    columns = np.broadcast_arrays(value, low, high, note, np.empty(len(panel.categories)))[:4]
    return [{"method": method} | count | dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _agree(both: Sequence[dict[str, Any]]) -> bool | None:
    """Whether the values differ by less than their errors, which are taken for independent and normal, explain."""
    ends = np.array([(row["ci_low"], row["ci_high"]) for row in both])
    if len(both) < 2 or np.isnan(ends).any():
        return None
    return bool(abs(both[0]["value"] - both[1]["value"]) <= apart(*np.diff(ends)[:, 0]))


def apart(one: float, other: float) -> float:
    """How far two values with intervals of these widths must be apart to differ at 5 %."""
    return float(np.hypot(one, other)) / 2


def _listed(panel: Panel, chosen: np.ndarray) -> str:
    return ", ".join(name for name, one in zip(panel.categories, chosen, strict=True) if one)
