"""Shares by label and iteration, and errors of every annotator, estimated from the answers of all annotators.

The estimate assumes that, given the true category, annotators err independently. Originals and drawn pictures have
confusion matrices of their own.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from broken_telephone.statistics.estimates.bootstrap import Resampling, bootstrap_interval
from broken_telephone.statistics.estimates.latent_classes import LatentClasses, answer_patterns, latent_classes
from broken_telephone.statistics.estimates.panel import ABSENT, ALL
from broken_telephone.statistics.tables.group_table import ESTIMATE, GROUP, Row
from broken_telephone.statistics.tables.reliability import DRAWN, ORIGINALS

LATENT = (*GROUP, "category", "iteration", "method", *ESTIMATE)
ANNOTATOR_CONFUSIONS = ("attribute", "kind", "annotator", "category", "to_category", *ESTIMATE)
METHOD = "latent class"
LEAST_ANNOTATORS = 3
"""Annotators of a picture from which the classes are identified (Kruskal 1977; Allman, Matias and Rhodes 2009)."""
LEAST_PICTURES = 30
"""Pictures with answers of so many annotators from which there is an estimate."""
MOST_SAMPLES = 200
"""Bootstrap samples at most, because every one needs an iterative estimate."""


class _Arranged(NamedTuple):
    """The pictures of one kind with the answers about one attribute."""

    pictures: pd.DataFrame
    """Columns start, label, iteration, cluster, cell: one row for each picture."""
    cells: pd.DataFrame
    """Columns start, label, iteration: one row for each cell."""
    annotators: Sequence[str]
    answers: np.ndarray
    """int (n, A), categories or ABSENT."""


def latent_class_tables(
    labels: pd.DataFrame, attributes: Mapping[str, Sequence[str]], annotators: Sequence[str], resampling: Resampling
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate shares and confusion matrices of every attribute, for originals and for drawn pictures.

    Args:
        labels: columns item, iteration, annotator, attribute, category, cluster, start, label.
        attributes: attribute -> its categories.
        annotators: whose answers count. No two of them may be readings of the same model.
        resampling: of the cluster bootstrap; MOST_SAMPLES samples at most.

    Returns:
        Columns LATENT: shares of the pictures by label and iteration, and for ALL labels. Columns
        ANNOTATOR_CONFUSIONS: value is the probability of the answer `to_category` if the class is `category`. n:
        pictures with an answer by any annotator, or by this one; clusters: their starts. Intervals are those of
        `bootstrap_interval`. If the classes are not identified, one row without a value has a note with the reason.
    """
    shares: list[Row] = []
    confusions: list[Row] = []
    for attribute, categories in attributes.items():
        own = labels[(labels["attribute"] == attribute) & labels["annotator"].isin(annotators)]
        for kind, chosen in ((ORIGINALS, own["iteration"] == 0), (DRAWN, own["iteration"] > 0)):
            if chosen.any():
                arranged = _arrange(own[chosen], categories, annotators)
                rows = _estimate(arranged, categories, resampling)
                shares += [{"attribute": attribute, "method": METHOD} | row for row in rows[0]]
                confusions += [{"attribute": attribute, "kind": kind} | row for row in rows[1]]
    return pd.DataFrame(shares, columns=list(LATENT)), pd.DataFrame(confusions, columns=list(ANNOTATOR_CONFUSIONS))


def _arrange(labels: pd.DataFrame, categories: Sequence[str], annotators: Sequence[str]) -> _Arranged:
    present = [name for name in annotators if name in set(labels["annotator"])]
    codes = pd.Categorical(labels["category"].astype(object), categories=list(categories)).codes
    wide = labels.assign(code=codes).pivot(index="item", columns="annotator", values="code")[present]
    pictures = labels.drop_duplicates("item").set_index("item").loc[wide.index, [*GROUP[:2], "iteration", "cluster"]]
    cells = pictures[[*GROUP[:2], "iteration"]].drop_duplicates().sort_values(["start", "iteration"], kind="stable")
    cells = cells.reset_index(drop=True)
    pictures = pictures.merge(cells.assign(cell=range(len(cells))), on=list(cells.columns))
    return _Arranged(pictures, cells, present, wide.fillna(ABSENT).to_numpy(dtype=int))


def _estimate(arranged: _Arranged, categories: Sequence[str], resampling: Resampling) -> tuple[list[Row], list[Row]]:
    pictures, answers = arranged.pictures, arranged.answers
    size, n_cells = len(categories), len(arranged.cells)
    clusters = pictures["cluster"].to_numpy()
    totals = np.bincount(pictures["cell"], minlength=n_cells).astype(float)
    note = _why_not_identified(arranged)
    if note:
        first = arranged.cells.iloc[0]
        sizes = {"n": len(pictures), "clusters": len(np.unique(clusters)), "note": note}
        return [{"start": first["start"], "label": ALL, "iteration": first["iteration"]} | sizes], []
    cells, patterns, pattern = answer_patterns(pictures["cell"].to_numpy(), answers)
    value = latent_classes(cells, patterns, np.bincount(pattern).astype(float), size)
    names, owner = np.unique(clusters, return_inverse=True)
    drawn = np.random.default_rng(resampling.seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=min(resampling.n_bootstrap, MOST_SAMPLES)
    )
    counts = [np.bincount(pattern, weights=own[owner], minlength=len(cells)) for own in drawn]
    samples = [latent_classes(cells, patterns, own, size, value.confusions) for own in counts]
    if not value.converged or (value.confusions.mean(0).diagonal() < 0.5).any():
        unknown = LatentClasses(np.full((n_cells, size), np.nan), np.full(value.confusions.shape, np.nan), True)
        note, value, samples = "the answers do not separate the classes: no estimate", unknown, [unknown]
    shares = [
        row
        for start, chosen in _groups(arranged.cells)
        for row in _share_rows(start, arranged, chosen, totals, value, samples, categories, note)
    ]
    confusions = []
    for annotator, name in enumerate(arranged.annotators):
        answered = answers[:, annotator] != ABSENT
        starts = len(np.unique(clusters[answered]))
        sizes = {"n": int(answered.sum()), "clusters": starts}
        for row in range(size):
            for column in range(size):
                one = np.array([sample.confusions[annotator, row, column] for sample in samples])
                estimate = bootstrap_interval(float(value.confusions[annotator, row, column]), one, starts, (0, 1))
                key = {"annotator": name, "category": categories[row], "to_category": categories[column]}
                reason = note or estimate.why_no_interval(starts)
                confusions.append(key | estimate.columns() | sizes | {"note": reason})
    return shares, confusions


def _groups(cells: pd.DataFrame) -> list[tuple[Row, np.ndarray]]:
    """Return the key and the cells of each label and iteration, then of all labels if there are several."""
    groups = []
    for (start, iteration), own in cells.groupby(["start", "iteration"], sort=False):
        for index, label in own["label"].items():
            groups.append(({"start": start, "label": label, "iteration": iteration}, np.array([index])))
        if len(own) > 1:
            groups.append(({"start": start, "label": ALL, "iteration": iteration}, own.index.to_numpy()))
    return groups


def _share_rows(
    key: Row,
    arranged: _Arranged,
    chosen: np.ndarray,
    totals: np.ndarray,
    value: LatentClasses,
    samples: Sequence[LatentClasses],
    categories: Sequence[str],
    note: str,
) -> list[Row]:
    in_group = np.isin(arranged.pictures["cell"], chosen)
    sizes = {"n": int(in_group.sum()), "clusters": int(arranged.pictures.loc[in_group, "cluster"].nunique())}
    weights = totals[chosen] / totals[chosen].sum()
    rows = []
    for index, category in enumerate(categories):
        one = np.array([weights @ sample.shares[chosen, index] for sample in samples])
        estimate = bootstrap_interval(float(weights @ value.shares[chosen, index]), one, sizes["clusters"], (0, 1))
        reason = note or estimate.why_no_interval(sizes["clusters"])
        rows.append(key | {"category": category} | estimate.columns() | sizes | {"note": reason})
    return rows


def _why_not_identified(arranged: _Arranged) -> str:
    """Return why two or fewer annotators identify no classes; empty if they are identified."""
    if len(arranged.annotators) < LEAST_ANNOTATORS:
        number = len(arranged.annotators)
        return f"not identified: {LEAST_ANNOTATORS} annotators that err independently are needed, there are {number}"
    common = int(((arranged.answers != ABSENT).sum(1) >= LEAST_ANNOTATORS).sum())
    if common < LEAST_PICTURES:
        return f"not identified: {common} pictures have {LEAST_ANNOTATORS} answers, {LEAST_PICTURES} are needed"
    return ""
