"""The published study's shares, and their values in the measures of this project.

The published shares of originals are the data set's labels, and those of generated pictures a model's labels. Their
difference is the "published comparison" of `decomposition`, which contains the annotator's error and is not drift.
"""

from collections.abc import Iterator
from importlib import resources

import numpy as np
import pandas as pd

from broken_telephone.labels import SCHEMES, UNSURE
from broken_telephone.statistics.estimates import distances
from broken_telephone.statistics.hypothesis_tests.unpaired_tests import CHI_SQUARE, chi_square
from broken_telephone.statistics.tables.drift_table import EACH, JACCARD_OF_COUNTS, WHOLE
from broken_telephone.statistics.tables.group_table import Row, join_notes

PUBLISHED_SHARES = ("study", "label", "attribute", "category", "original", "generated", "n_original", "n_generated")
PUBLISHED_DRIFT = ("study", "label", "attribute", "unsure_answers", "category", "measure", "value", "note")
LEFT_OUT, A_CATEGORY = "left out", "a category"
"""How `published_drift` treats answers of unsure: as this project does, or as the published study does."""


def published_shares() -> pd.DataFrame:
    """Return the percentages of Dogan et al. (arXiv 2601.22093, CC BY) as shares.

    Returns:
        Columns PUBLISHED_SHARES. study: raf_emotion, phase_emotion or phase_activity; label, attribute and category: as
        in `SCHEMES`, with unsure; original, generated: 0 to 1, with a sum of 1 for each label and attribute, up to the
        published rounding (at most 0.0002); n_original, n_generated: pictures with an answer, null if unknown.
    """
    with resources.files("broken_telephone.statistics.tables").joinpath("published.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#", dtype={"n_original": "Int64", "n_generated": "Int64"})


def published_drift() -> pd.DataFrame:
    """Compute the measures of `drift_table` that do not require chains from the published shares.

    All measures of this project are of pictures with a category. In the rows LEFT_OUT, shares of unsure are therefore
    left out, and the others are rescaled to the sum 1. In the rows A_CATEGORY, unsure is a category, as in the
    published study. These rows reproduce its weighted Jaccard similarity and its chi-square test.

    Returns:
        Columns PUBLISHED_DRIFT, from original to generated. unsure_answers: LEFT_OUT or A_CATEGORY; category: null for
        measures of a whole attribute. The note states the shares of unsure, if there are any, and explains a null.
    """
    rows = []
    for (study, label, attribute), shares in published_shares().groupby(["study", "label", "attribute"], sort=False):
        key = {"study": study, "label": label, "attribute": attribute}
        is_unsure = shares["category"] == UNSURE
        unsure = shares.loc[is_unsure, ["original", "generated"]].sum()
        known = shares[~is_unsure]
        note = "unsure and left out: {original:.1%} of originals, {generated:.1%} of generated".format(**unsure)
        years = SCHEMES[str(study).split("_")[0]].attributes[str(attribute)].years
        measured = _measure(known, distances.age_midpoints(years, list(known["category"])) if years else None)
        rows += [key | {"unsure_answers": LEFT_OUT} | row | {"note": note if unsure.any() else ""} for row in measured]
        note = "unsure is a category: {original:.1%} of originals, {generated:.1%} of generated".format(**unsure)
        note = note if unsure.any() else "no picture is unsure"
        for row in _as_published(shares):
            rows.append(key | {"unsure_answers": A_CATEGORY} | row | {"note": join_notes(note, row["note"])})
    return pd.DataFrame(rows, columns=list(PUBLISHED_DRIFT))


def _as_published(shares: pd.DataFrame) -> Iterator[Row]:
    """Return the measures that the published study reports, and the change of each share."""
    # Without rescaling: the published percentages may sum to 99.98, and the results equal the published ones exactly.
    both = shares[["original", "generated"]].to_numpy()
    for name, value in (
        ("total variation", abs(both[:, 0] - both[:, 1]).sum() / 2),
        ("weighted Jaccard", both.min(1).sum() / both.max(1).sum()),
    ):
        yield {"category": None, "measure": name, "value": float(value), "note": ""}
    jaccard, statistic, note = np.nan, np.nan, "the number of pictures is not published"
    if shares[["n_original", "n_generated"]].notna().all(axis=None):
        sizes = shares[["n_original", "n_generated"]].to_numpy(float)
        counts = np.rint(both * sizes).T
        jaccard = counts.min(0).sum() / counts.max(0).sum()
        statistic, note = float(chi_square(counts[:, counts.any(0)])), ""
    for name, value in ((JACCARD_OF_COUNTS, jaccard), (CHI_SQUARE, statistic)):
        yield {"category": None, "measure": name, "value": value, "note": note}
    for category, value in zip(shares["category"], both[:, 1] - both[:, 0], strict=True):
        yield {"category": category, "measure": "share difference", "value": float(value), "note": ""}


def _measure(known: pd.DataFrame, years: np.ndarray | None) -> list[Row]:
    # The table of independence has these margins, and the measures depend on the margins only. Kappa depends on the
    # same chains at both times, which are not published.
    table = np.outer(known["original"], known["generated"])
    measures = {name: measure.compute for name, measure in WHOLE.items() if name != "kappa"}
    rows = [{"category": None, "measure": name, "value": float(compute(table))} for name, compute in measures.items()]
    if years is not None:
        shift = float(distances.mean_shift(table, years))
        rows.append({"category": None, "measure": "mean shift in years", "value": shift})
    for name, measure in EACH.items():
        values = zip(known["category"], measure.compute(table), strict=True)
        rows += [{"category": category, "measure": name, "value": float(value)} for category, value in values]
    return rows
